/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-headers.h"

#include <string.h>

#include <libsoup/soup.h>

#define REPLACEMENT_CHARACTER "\xef\xbf\xbd"

const char *
bts_http_headers_lookup (GVariant *headers, const char *name)
{
  for (gsize i = 0; headers != NULL && i < g_variant_n_children (headers); i++)
    {
      g_autoptr (GVariant) field = g_variant_get_child_value (headers, i);
      const char *found = NULL;
      const char *value = NULL;

      g_variant_get_child (field, 0, "&s", &found);
      g_variant_get_child (field, 1, "&s", &value);
      if (g_ascii_strcasecmp (found, name) == 0)
        return value;
    }
  return NULL;
}

static const char *
skip_blanks (const char *text)
{
  return text + strspn (text, " \t");
}

/* Moves *@text behind a number of at most 63 bits. */
static gboolean
take_number (const char **text, guint64 *number)
{
  const char *end = *text;
  guint64 value = 0;

  for (; g_ascii_isdigit (*end); end++)
    {
      guint digit = (guint) g_ascii_digit_value (*end);

      if (value > ((guint64) G_MAXINT64 - digit) / 10)
        return FALSE;
      value = value * 10 + digit;
    }
  if (end == *text)
    return FALSE;

  *text = end;
  *number = value;
  return TRUE;
}

static gboolean
take_char (const char **text, char wanted)
{
  if (**text != wanted)
    return FALSE;
  (*text)++;
  return TRUE;
}

gboolean
bts_http_headers_parse_length (const char *value, gint64 *length)
{
  const char *text = skip_blanks (value);
  guint64 number;

  if (!take_number (&text, &number) || *skip_blanks (text) != '\0')
    return FALSE;

  *length = (gint64) number;
  return TRUE;
}

static gboolean
take_interval (const char **text, BtsHttpContentRange *range)
{
  if (take_char (text, '*'))
    {
      range->is_unsatisfied = TRUE;
      return TRUE;
    }
  return take_number (text, &range->first) && take_char (text, '-') &&
         take_number (text, &range->last) && range->first <= range->last;
}

gboolean
bts_http_headers_parse_content_range (const char *value, BtsHttpContentRange *range)
{
  BtsHttpContentRange parsed = { .total = -1 };
  const char *text = skip_blanks (value);
  guint64 total;

  if (g_ascii_strncasecmp (text, "bytes", strlen ("bytes")) != 0)
    return FALSE;
  text += strlen ("bytes");
  if (*text != ' ' && *text != '\t')
    return FALSE;
  text = skip_blanks (text);

  if (!take_interval (&text, &parsed) || !take_char (&text, '/'))
    return FALSE;
  if (take_number (&text, &total))
    parsed.total = (gint64) total;
  else if (!take_char (&text, '*'))
    return FALSE;
  if (*skip_blanks (text) != '\0')
    return FALSE;

  if (parsed.is_unsatisfied && parsed.total < 0)
    return FALSE;
  if (!parsed.is_unsatisfied && parsed.total >= 0 && parsed.last >= (guint64) parsed.total)
    return FALSE;

  *range = parsed;
  return TRUE;
}

/* Unix time of an HTTP date; FALSE where it cannot be read. */
static gboolean
parse_date (const char *value, gint64 *seconds)
{
  g_autoptr (GDateTime) date_time = NULL;

  if (value == NULL)
    return FALSE;
  date_time = soup_date_time_new_from_http_string (value);
  if (date_time == NULL)
    return FALSE;

  *seconds = g_date_time_to_unix (date_time);
  return TRUE;
}

gint64
bts_http_headers_parse_retry_after (const char *value, const char *date, gint64 now_us)
{
  gint64 seconds, then, now;

  if (value == NULL)
    return -1;

  if (!bts_http_headers_parse_length (value, &seconds))
    {
      if (!parse_date (value, &then))
        return -1;
      if (!parse_date (date, &now))
        now = now_us / G_USEC_PER_SEC;
      seconds = MAX (then - now, 0);
    }

  return MIN (seconds, G_MAXINT64 / G_USEC_PER_SEC) * G_USEC_PER_SEC;
}

static gboolean
is_strong_etag (const char *etag)
{
  gsize length = strlen (etag);

  if (length < 2 || etag[0] != '"' || etag[length - 1] != '"')
    return FALSE;
  for (gsize i = 1; i < length - 1; i++)
    {
      guchar c = (guchar) etag[i];

      if (c <= ' ' || c == '"' || c == 0x7f)
        return FALSE;
    }
  /* libsoup puts this for what is not UTF-8: other tags may look the same. */
  return strstr (etag, REPLACEMENT_CHARACTER) == NULL;
}

char *
bts_http_headers_dup_validator (const char *etag,
                                const char *last_modified,
                                const char *date,
                                gint64 now_us)
{
  gint64 modified, sent;

  if (etag != NULL && is_strong_etag (etag))
    return g_strdup (etag);

  if (!parse_date (last_modified, &modified))
    return NULL;
  if (!parse_date (date, &sent))
    sent = now_us / G_USEC_PER_SEC;
  return sent - modified >= 1 ? g_strdup (last_modified) : NULL;
}
