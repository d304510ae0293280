/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/request.h"

/* What of @request may change while a job runs: a{sv} of Worker.Change, floating. */
GVariant *bts_worker_changes_new (BtsRequest *request);
