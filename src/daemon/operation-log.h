/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"

/* Logs what has become of @operation, with the fields GUID, UID and APP for those who filter the
 * journal. */
void bts_operation_log (BtsOperation *operation, const char *format, ...) G_GNUC_PRINTF (2, 3);
