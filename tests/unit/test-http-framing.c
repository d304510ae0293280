/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-framing.h"

#include <string.h>

#define HEAD "HTTP/1.1 200 OK\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

/* The whole table of odd answers is tests/harness/raw_answers.py. Here: that it does not matter how
 * the bytes come. */
static const struct
{
  const char *answer;
  BtsHttpFramingKind kind;
  guint64 body_bytes;
  gboolean is_complete;
  gboolean is_broken;
  gboolean has_excess;
} rows[] = {
  { "", BTS_HTTP_FRAMING_UNKNOWN, 0, FALSE, FALSE, FALSE },
  { "HTTP/1.", BTS_HTTP_FRAMING_UNKNOWN, 0, FALSE, FALSE, FALSE },
  { "HTTQ", BTS_HTTP_FRAMING_UNKNOWN, 0, FALSE, TRUE, FALSE },
  { "HTTP/1.2 200 OK\r\n", BTS_HTTP_FRAMING_UNKNOWN, 0, FALSE, TRUE, FALSE },
  { HEAD, BTS_HTTP_FRAMING_UNKNOWN, 0, FALSE, FALSE, FALSE },
  { HEAD "\r\n", BTS_HTTP_FRAMING_UNTIL_CLOSE, 0, FALSE, FALSE, FALSE },
  { HEAD "\r\nhello", BTS_HTTP_FRAMING_UNTIL_CLOSE, 5, FALSE, FALSE, FALSE },
  { HEAD "Content-Length: 5\r\n\r\n", BTS_HTTP_FRAMING_LENGTH, 0, FALSE, FALSE, FALSE },
  { HEAD "Content-Length: 5\r\n\r\nhell", BTS_HTTP_FRAMING_LENGTH, 4, FALSE, FALSE, FALSE },
  { HEAD "Content-Length: 5\r\n\r\nhello", BTS_HTTP_FRAMING_LENGTH, 5, TRUE, FALSE, FALSE },
  { HEAD "Content-Length: 5\r\n\r\nhello!", BTS_HTTP_FRAMING_LENGTH, 5, TRUE, FALSE, TRUE },
  { "\r\n" HEAD "Content-Length: 5\r\n\r\nhello", BTS_HTTP_FRAMING_LENGTH, 5, TRUE, FALSE, FALSE },
  { HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", BTS_HTTP_FRAMING_UNKNOWN, 0, FALSE, TRUE,
    FALSE },
  { "HTTP/1.1 204 No\r\n\r\n", BTS_HTTP_FRAMING_NONE, 0, TRUE, FALSE, FALSE },
  { "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", BTS_HTTP_FRAMING_NONE, 0, TRUE, FALSE, FALSE },
  { "HTTP/1.1 100 Go\r\n\r\n" HEAD "Content-Length: 0\r\n\r\n", BTS_HTTP_FRAMING_LENGTH, 0, TRUE,
    FALSE, FALSE },
  { CHUNKED "5\r\nhello\r\n", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, FALSE, FALSE },
  { CHUNKED "5\r\nhello\r\n0\r\n", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, FALSE, FALSE },
  { CHUNKED "5\r\nhello\r\n0\r\n\r\n", BTS_HTTP_FRAMING_CHUNKED, 5, TRUE, FALSE, FALSE },
  { CHUNKED "5;a=b\r\nhello\r\n0\r\nA: b\r\n\r\n", BTS_HTTP_FRAMING_CHUNKED, 5, TRUE, FALSE,
    FALSE },
  { CHUNKED "5\r\nhello\r\n0\r\n\r\n!", BTS_HTTP_FRAMING_CHUNKED, 5, TRUE, FALSE, TRUE },
  { CHUNKED "5 ;a\r\nhello\r\n", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, FALSE, FALSE },
  { CHUNKED "5 a\r\nhello\r\n", BTS_HTTP_FRAMING_CHUNKED, 0, FALSE, TRUE, FALSE },
  { CHUNKED "g\r\n", BTS_HTTP_FRAMING_CHUNKED, 0, FALSE, TRUE, FALSE },
  { CHUNKED "7fffffffffffffff\r\nhello", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, FALSE, FALSE },
  { CHUNKED "8000000000000000\r\nhello", BTS_HTTP_FRAMING_CHUNKED, 0, FALSE, TRUE, FALSE },
  { CHUNKED "5\nhello\n0\n\n", BTS_HTTP_FRAMING_CHUNKED, 5, TRUE, FALSE, FALSE },
  { CHUNKED "6\r\nhello\r\n0\r\n\r\n", BTS_HTTP_FRAMING_CHUNKED, 6, FALSE, TRUE, FALSE },
  { CHUNKED "5\r\nhello\r", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, FALSE, FALSE },
  { CHUNKED "5\r\nhello!", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, TRUE, FALSE },
  { CHUNKED "5\r\nhello\r!", BTS_HTTP_FRAMING_CHUNKED, 5, FALSE, TRUE, FALSE },
  { CHUNKED "4\r\nhello\r\n", BTS_HTTP_FRAMING_CHUNKED, 4, FALSE, TRUE, FALSE },
};

static void
check (gsize i, gsize step)
{
  g_autoptr (BtsHttpFraming) framing = bts_http_framing_new (FALSE);
  gsize size = strlen (rows[i].answer);

  g_test_message ("row %" G_GSIZE_FORMAT " in steps of %" G_GSIZE_FORMAT, i, step);
  for (gsize at = 0; at < size; at += step)
    bts_http_framing_feed (framing, rows[i].answer + at, MIN (step, size - at));

  g_assert_cmpint (bts_http_framing_has_started (framing), ==, size > 0);
  g_assert_cmpint ((int) bts_http_framing_get_kind (framing), ==, (int) rows[i].kind);
  g_assert_cmpuint (bts_http_framing_get_body_bytes (framing), ==, rows[i].body_bytes);
  g_assert_cmpint (bts_http_framing_is_complete (framing), ==, rows[i].is_complete);
  g_assert_cmpint (bts_http_framing_get_problem (framing) != NULL, ==, rows[i].is_broken);
  g_assert_cmpint (bts_http_framing_has_excess (framing), ==, rows[i].has_excess);
}

static void
test_pieces (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (gsize step = 1; step < 64; step++)
      check (i, step);
}

static void
test_head_request (void)
{
  const char *answer = HEAD "Content-Length: 5\r\n\r\n";
  g_autoptr (BtsHttpFraming) framing = bts_http_framing_new (TRUE);

  bts_http_framing_feed (framing, answer, strlen (answer));
  g_assert_true (bts_http_framing_is_complete (framing));
  g_assert_cmpint ((int) bts_http_framing_get_kind (framing), ==, BTS_HTTP_FRAMING_NONE);
}

static void
test_location (void)
{
  static const struct
  {
    const char *fields;
    const char *location; /* (nullable) */
  } locations[] = {
    { "", NULL },
    { "Location: /a\r\n", "/a" },
    { "LOCATION:/a \r\n", "/a" },
    { "Location : /a\r\n", "/a" },
    { "Location: /\xe9\r\n", "/\xe9" },
    { "Location: /a\r\n  b\r\n", "/a b" },
    { "Location: /a\r\nX: y\r\n  b\r\n", "/a" },
    { "Location: /a\r\nLocation: /a\r\n", "/a" },
    { "Location: /a\r\nLocation: /b\r\n", NULL },
    { "X-Location: /a\r\n", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (locations); i++)
    {
      g_autoptr (BtsHttpFraming) framing = bts_http_framing_new (FALSE);
      g_autofree char *answer = g_strdup_printf ("HTTP/1.1 103 Hints\r\nLocation: /no\r\n\r\n"
                                                 "HTTP/1.1 302 Moved\r\n%s\r\n",
                                                 locations[i].fields);

      bts_http_framing_feed (framing, answer, strlen (answer));
      g_assert_cmpstr (bts_http_framing_get_location (framing), ==, locations[i].location);
    }
}

static void
test_trailers (void)
{
  const char *start = CHUNKED "5\r\nhello\r\n0\r\n";
  g_autoptr (BtsHttpFraming) framing = bts_http_framing_new (FALSE);

  bts_http_framing_feed (framing, start, strlen (start));
  g_assert_true (bts_http_framing_is_within_trailers (framing));
  bts_http_framing_feed (framing, "A: b\r\n", 6);
  g_assert_true (bts_http_framing_is_within_trailers (framing));
  bts_http_framing_feed (framing, "\r\n", 2);
  g_assert_false (bts_http_framing_is_within_trailers (framing));
  g_assert_true (bts_http_framing_is_complete (framing));
}

/* Data that means nothing must do no harm, and must not be kept. */
static void
test_noise (void)
{
  for (guint seed = 0; seed < 200; seed++)
    {
      g_autoptr (GRand) random = g_rand_new_with_seed (seed);
      g_autoptr (BtsHttpFraming) framing = bts_http_framing_new (FALSE);
      static const char alphabet[] =
          "HTTP/1. 200\r\n\r\nContent-Length: 5Transfer-Encoding: chunked0a;";

      bts_http_framing_feed (framing, CHUNKED, seed % 2 == 0 ? strlen (CHUNKED) : strlen (HEAD));
      for (guint i = 0; i < 2000; i++)
        {
          char c = alphabet[g_rand_int_range (random, 0, sizeof alphabet)];

          bts_http_framing_feed (framing, &c, 1);
        }
      g_assert_true (bts_http_framing_has_started (framing));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/http-framing/it-does-not-matter-how-bytes-come", test_pieces);
  g_test_add_func ("/transport/http-framing/an-answer-to-head-has-no-body", test_head_request);
  g_test_add_func ("/transport/http-framing/the-location-stays-as-it-came", test_location);
  g_test_add_func ("/transport/http-framing/trailers-are-known", test_trailers);
  g_test_add_func ("/transport/http-framing/noise-does-no-harm", test_noise);
  return g_test_run ();
}
