/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What stands around the parts of a multipart body (RFC 2046 §5.1, RFC 7578). Pure. The caller
 * frees. */

char *bts_multipart_new_boundary (void);

/* The media type that is sent of @part; @filename as below. Lent; NULL where none is, and it is
 * text. */
const char *bts_multipart_get_type (GVariant *part, const char *filename);

/* @type (nullable): that of the first part, which multipart/related names (RFC 2387 §3.1). */
char *bts_multipart_make_content_type (const char *subtype, const char *boundary, const char *type);

/* All before the content of @part, an a{sv} with name, filename, content-type, headers; @filename
 * (nullable) is used where it has none. */
char *bts_multipart_make_head (GVariant *part,
                               const char *subtype,
                               const char *boundary,
                               const char *filename,
                               gboolean is_first);

char *bts_multipart_make_end (const char *boundary);
