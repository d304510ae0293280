/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/upload.h"

/* What the protocols of uploads that can be resumed differ in, and how they speak in headers. */

typedef struct
{
  const char *name;
  const char *version_header;
  const char *version;
  const char *create_method; /* (nullable): the application's where NULL */
  const char *patch_type;
  gboolean says_complete; /* whether more is to come, with Upload-Complete */
} BtsUploadProtocol;

/* Static; NULL where there is none of that name, or @name is NULL. */
const BtsUploadProtocol *bts_upload_protocol_find (const char *name);

/* The headers of a request, a{ss}. _end returns them, not floating. */
void bts_upload_add_header (GVariantBuilder *headers, const char *name, const char *value);
void bts_upload_add_number (GVariantBuilder *headers, const char *name, guint64 number);
GVariant *bts_upload_end_headers (GVariantBuilder *headers);

/* Of the last answer; FALSE, and @number as it was, where it does not say so. A limit is a member
 * of the dictionary Upload-Limit (RFC 8941 §3.2). */
gboolean bts_upload_read_number (BtsUpload *self, const char *name, guint64 *number);
gboolean bts_upload_read_limit (BtsUpload *self, const char *name, guint64 *number);
