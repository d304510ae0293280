/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-head.h"

#include "common/bgt-web-error.h"
#include "worker/transport/http-headers.h"
#include "worker/transport/http-request.h"

/* Names and values are what the server chose; on the bus they must be UTF-8. */
static char *
to_utf8 (const char *text)
{
  return g_utf8_validate (text, -1, NULL)
             ? g_strdup (text)
             : g_convert (text, -1, "UTF-8", "ISO-8859-1", NULL, NULL, NULL);
}

/* libsoup replaces what is not UTF-8, which matters in names of files. */
static const char *
get_value (const BtsHttpFraming *framing, const char *name, const char *value)
{
  const char *raw = bts_http_framing_get_disposition (framing);

  if (raw == NULL || g_utf8_validate (raw, -1, NULL) ||
      g_ascii_strcasecmp (name, "Content-Disposition") != 0)
    return value;
  return raw;
}

static GVariant *
collect_headers (SoupMessageHeaders *headers, const BtsHttpFraming *framing)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));
  SoupMessageHeadersIter iter;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    {
      g_autofree char *utf8_name = to_utf8 (name);
      g_autofree char *utf8_value = to_utf8 (get_value (framing, name, value));

      if (utf8_name != NULL && utf8_value != NULL)
        g_variant_builder_add (&builder, "(ss)", utf8_name, utf8_value);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gboolean
fail (const char *problem, GError **error)
{
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, problem);
  return FALSE;
}

/* RFC 9110 §15.3.7. */
static gboolean
take_part (BtsTransportHead *head,
           const BtsTransportRequest *request,
           const char *content_range,
           GError **error)
{
  BtsHttpContentRange range;
  guint64 length;

  if (!bts_http_request_has_range (request))
    return fail ("The server sends a part of the file without having been asked for one", error);
  if (content_range == NULL || !bts_http_headers_parse_content_range (content_range, &range) ||
      range.is_unsatisfied)
    return fail ("The server sends a part of the file without saying rightly which", error);

  length = range.last - range.first + 1;
  if (head->body_length >= 0 && (guint64) head->body_length != length)
    return fail ("Content-Range and Content-Length differ", error);

  head->body_offset = range.first;
  head->body_length = (gint64) length;
  head->total_length = range.total;
  return TRUE;
}

static void
take_unsatisfied (BtsTransportHead *head, const char *content_range)
{
  BtsHttpContentRange range;

  if (content_range != NULL && bts_http_headers_parse_content_range (content_range, &range) &&
      range.is_unsatisfied)
    head->total_length = range.total;
}

static gboolean
has_ranges (guint status_code, const char *accept_ranges)
{
  if (status_code == SOUP_STATUS_PARTIAL_CONTENT)
    return TRUE;
  return accept_ranges != NULL && soup_header_contains (accept_ranges, "bytes");
}

gboolean
bts_http_head_fill (BtsTransportHead *head,
                    const BtsTransportRequest *request,
                    const BtsHttpAnswer *answer,
                    GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (answer->message);
  const char *content_range = soup_message_headers_get_one (headers, "Content-Range");
  const char *date = soup_message_headers_get_one (headers, "Date");
  const char *last_modified = soup_message_headers_get_one (headers, "Last-Modified");
  const char *etag = soup_message_headers_get_one (headers, "ETag");
  const char *retry_after = soup_message_headers_get_one (headers, "Retry-After");
  gint64 now_us = g_get_real_time ();

  head->actual_uri = g_uri_to_string (answer->target.uri);
  head->status_code = soup_message_get_status (answer->message);
  head->headers = collect_headers (headers, answer->framing);
  head->body_length = bts_http_framing_get_length (answer->framing);
  if (bts_http_framing_get_kind (answer->framing) == BTS_HTTP_FRAMING_NONE)
    head->body_length = 0;
  head->total_length = -1;
  head->validator = bts_http_headers_dup_validator (etag, last_modified, date, now_us);
  head->last_modified = last_modified != NULL ? to_utf8 (last_modified) : NULL;
  head->has_ranges =
      has_ranges (head->status_code, soup_message_headers_get_list (headers, "Accept-Ranges"));
  head->retry_after_us = bts_http_headers_parse_retry_after (retry_after, date, now_us);

  if (head->status_code == SOUP_STATUS_PARTIAL_CONTENT)
    return take_part (head, request, content_range, error);
  if (head->status_code == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE)
    take_unsatisfied (head, content_range);
  else if (head->status_code < 300)
    head->total_length = head->body_length;
  return TRUE;
}

void
bts_http_head_take_cookies (const BtsHttpAnswer *answer, BtsHttpCookies *cookies)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  SoupMessageHeadersIter iter;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, soup_message_get_response_headers (answer->message));
  while (soup_message_headers_iter_next (&iter, &name, &value))
    if (g_ascii_strcasecmp (name, "Set-Cookie") == 0)
      bts_http_cookies_take (cookies, answer->target.uri, value, now);
}
