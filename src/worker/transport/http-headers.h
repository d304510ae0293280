/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Header fields, and their values, parsed strictly. Pure. */

/* The value of the first field of @headers (nullable), an a{ss} or a(ss), that is called @name in
 * whatever case; lent. NULL where there is none. */
const char *bts_http_headers_lookup (GVariant *headers, const char *name);

/* What Content-Range says: `bytes FIRST-LAST/TOTAL`, or `bytes * /TOTAL` (without the blank) where
 * nothing could be sent. */
typedef struct
{
  gboolean is_unsatisfied;
  guint64 first;
  guint64 last; /* inclusive */
  gint64 total; /* -1 unknown */
} BtsHttpContentRange;

/* FALSE for anything that is not exactly of the form above, or contradicts itself. */
gboolean bts_http_headers_parse_content_range (const char *value, BtsHttpContentRange *range);

/* Digits only, at most 63 bits; blanks around are fine. */
gboolean bts_http_headers_parse_length (const char *value, gint64 *length);

/* Microseconds from @now_us (Unix time) until the moment @value, seconds or a date, says; dates are
 * counted from @date (nullable: the Date header) where it can be read. -1 where @value means
 * nothing, 0 where that moment has passed. */
gint64 bts_http_headers_parse_retry_after (const char *value, const char *date, gint64 now_us);

/* What can be sent as If-Range: @etag as it is where it is a strong one, else @last_modified where
 * it is at least a second older than @date (RFC 9110 §8.8.2.2; @now_us where there is none). */
char *bts_http_headers_dup_validator (const char *etag,
                                      const char *last_modified,
                                      const char *date,
                                      gint64 now_us);
