/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "transferctl/context.h"

/* The operation that @id means: an object path, a GUID, or a unique prefix of one, with `-` or
 * `_`. (transfer full); NULL after a message, with what to exit with in @status. */
BgtOperation *bts_resolve (BtsContext *context, const char *id, BtsExitStatus *status);

/* The same for all of @ids. (transfer full) (element-type BgtOperation) */
GPtrArray *bts_resolve_all (BtsContext *context, char **ids, BtsExitStatus *status);
