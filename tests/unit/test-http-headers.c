/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-headers.h"

#define NOW_US (G_GINT64_CONSTANT (1420452000) * G_USEC_PER_SEC) /* 2015-01-05 10:00:00 */
#define NOW "Mon, 05 Jan 2015 10:00:00 GMT"

static const struct
{
  const char *value;
  gboolean is_valid;
  BtsHttpContentRange range;
} content_ranges[] = {
  { "bytes 0-4/5", TRUE, { FALSE, 0, 4, 5 } },
  { "bytes 2-2/5", TRUE, { FALSE, 2, 2, 5 } },
  { "bytes 2-4/*", TRUE, { FALSE, 2, 4, -1 } },
  { "bytes */5", TRUE, { TRUE, 0, 0, 5 } },
  { "Bytes 0-4/5", TRUE, { FALSE, 0, 4, 5 } },
  { "  bytes\t0-4/5 ", TRUE, { FALSE, 0, 4, 5 } },
  { "bytes 0-9223372036854775806/9223372036854775807",
    TRUE,
    { FALSE, 0, 9223372036854775806, 9223372036854775807 } },
  { "bytes 0-9223372036854775808/*", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 0-18446744073709551616/*", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes */*", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 4-2/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 0-5/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 0-4", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 0-/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes -4/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 0 - 4/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes=0-4/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes 0-4/5, 6-7/8", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes +0-4/5", FALSE, { FALSE, 0, 0, 0 } },
  { "lines 0-4/5", FALSE, { FALSE, 0, 0, 0 } },
  { "bytes", FALSE, { FALSE, 0, 0, 0 } },
  { "", FALSE, { FALSE, 0, 0, 0 } },
};

/* Both as the application gives them, and as a server has answered. */
static void
test_lookup (void)
{
  static const char *const texts[] = {
    "@a{ss} {'X-One': '1', 'etag': '\"a\"', 'X-Two': ''}",
    "@a(ss) [('X-One', '1'), ('etag', '\"a\"'), ('ETag', '\"b\"'), ('X-Two', '')]",
  };

  g_assert_null (bts_http_headers_lookup (NULL, "ETag"));
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) headers = g_variant_ref_sink (g_variant_new_parsed (texts[i]));

      g_assert_cmpstr (bts_http_headers_lookup (headers, "ETag"), ==, "\"a\"");
      g_assert_cmpstr (bts_http_headers_lookup (headers, "x-two"), ==, "");
      g_assert_null (bts_http_headers_lookup (headers, "X"));
      g_variant_get_data (headers);
      g_assert_cmpstr (bts_http_headers_lookup (headers, "x-ONE"), ==, "1");
    }
}

static void
test_content_range (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (content_ranges); i++)
    {
      BtsHttpContentRange range = { 0 };

      g_test_message ("%s", content_ranges[i].value);
      g_assert_cmpint (bts_http_headers_parse_content_range (content_ranges[i].value, &range), ==,
                       content_ranges[i].is_valid);
      g_assert_cmpint (range.is_unsatisfied, ==, content_ranges[i].range.is_unsatisfied);
      g_assert_cmpuint (range.first, ==, content_ranges[i].range.first);
      g_assert_cmpuint (range.last, ==, content_ranges[i].range.last);
      g_assert_cmpint (range.total, ==, content_ranges[i].range.total);
    }
}

static const struct
{
  const char *value;
  gint64 length; /* -1: refused */
} lengths[] = {
  { "0", 0 },
  { " 42\t", 42 },
  { "0005", 5 },
  { "9223372036854775807", G_MAXINT64 },
  { "9223372036854775808", -1 },
  { "99999999999999999999999", -1 },
  { "-1", -1 },
  { "+1", -1 },
  { "0x5", -1 },
  { "5 5", -1 },
  { "5,5", -1 },
  { "5.0", -1 },
  { "", -1 },
  { " ", -1 },
};

static void
test_length (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      gint64 length = -1;

      g_test_message ("'%s'", lengths[i].value);
      g_assert_cmpint (bts_http_headers_parse_length (lengths[i].value, &length), ==,
                       lengths[i].length >= 0);
      g_assert_cmpint (length, ==, lengths[i].length);
    }
}

static const struct
{
  const char *value;
  const char *date;
  gint64 seconds; /* -1: it means nothing */
} retries[] = {
  { "7", NULL, 7 },
  { " 0 ", NULL, 0 },
  { "Mon, 05 Jan 2015 10:00:30 GMT", NULL, 30 },
  { "Mon, 05 Jan 2015 10:00:30 GMT", "Mon, 05 Jan 2015 10:00:20 GMT", 10 },
  { "Mon, 05 Jan 2015 10:00:30 GMT", "nonsense", 30 },
  { "Mon, 05 Jan 2015 09:00:00 GMT", NULL, 0 },
  { "9223372036854775807", NULL, G_MAXINT64 / G_USEC_PER_SEC },
  { "-7", NULL, -1 },
  { "soon", NULL, -1 },
  { "", NULL, -1 },
  { NULL, NULL, -1 },
};

static void
test_retry_after (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (retries); i++)
    {
      gint64 expected = retries[i].seconds < 0 ? -1 : retries[i].seconds * G_USEC_PER_SEC;

      g_test_message ("%s", retries[i].value);
      g_assert_cmpint (
          bts_http_headers_parse_retry_after (retries[i].value, retries[i].date, NOW_US), ==,
          expected);
    }
}

static const struct
{
  const char *etag;
  const char *last_modified;
  const char *date;
  const char *validator;
} validators[] = {
  { "\"x\"", NULL, NULL, "\"x\"" },
  { "\"\"", NULL, NULL, "\"\"" },
  { "\"x\"", "Mon, 05 Jan 2015 09:00:00 GMT", NOW, "\"x\"" },
  { "W/\"x\"", NULL, NULL, NULL },
  { "x", NULL, NULL, NULL },
  { "\"", NULL, NULL, NULL },
  { "\"x\"y\"", NULL, NULL, NULL },
  { "\"x y\"", NULL, NULL, NULL },
  { "\"x", NULL, NULL, NULL },
  { "\"\xef\xbf\xbd\"", NULL, NULL, NULL },
  { "W/\"x\"", "Mon, 05 Jan 2015 09:00:00 GMT", NOW, "Mon, 05 Jan 2015 09:00:00 GMT" },
  { NULL, "Mon, 05 Jan 2015 09:59:59 GMT", NOW, "Mon, 05 Jan 2015 09:59:59 GMT" },
  { NULL, "Mon, 05 Jan 2015 09:59:59 GMT", NULL, "Mon, 05 Jan 2015 09:59:59 GMT" },
  { NULL, NOW, NOW, NULL },
  { NULL, NOW, NULL, NULL },
  { NULL, "Mon, 05 Jan 2015 11:00:00 GMT", NOW, NULL },
  { NULL, "yesterday", NOW, NULL },
  { NULL, NULL, NULL, NULL },
};

static void
test_validator (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (validators); i++)
    {
      g_autofree char *validator = bts_http_headers_dup_validator (
          validators[i].etag, validators[i].last_modified, validators[i].date, NOW_US);

      g_assert_cmpstr (validator, ==, validators[i].validator);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/http-headers/a-field-is-found-in-any-case", test_lookup);
  g_test_add_func ("/transport/http-headers/content-range-is-parsed-strictly", test_content_range);
  g_test_add_func ("/transport/http-headers/a-length-is-digits-only", test_length);
  g_test_add_func ("/transport/http-headers/retry-after-is-seconds-or-a-date", test_retry_after);
  g_test_add_func ("/transport/http-headers/only-strong-validators-are-used", test_validator);
  return g_test_run ();
}
