/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"

/* An operation as the text of a key file: one group, GVariant text values. Pure. A record is
 * checked like a request from the bus, since anything may have happened to the file. Unknown keys
 * are ignored, a newer version is refused. */

/* NUL-terminated as well. */
char *bts_operation_record_print (BtsOperation *operation, gsize *length);

/* BGT_ERROR_FAILED says what is wrong with @text, which needs no NUL at its end. */
BtsOperation *
bts_operation_record_parse (const char *guid, const char *text, gsize length, GError **error);
