/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/resume-plan.h"

#include "common/bgt-web-error.h"

#define END G_MAXUINT64
#define TAG "\"one\""
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"

/* One answer against one state. The head is what the transport makes of the header fields. */
typedef struct
{
  const char *name;
  BtsResumeState state;
  guint status_code;
  const char *content_range; /* (nullable) */
  const char *content_type;  /* (nullable) */
  guint64 body_offset;
  gint64 body_length;
  gint64 total_length;
  const char *etag;          /* (nullable) */
  const char *last_modified; /* (nullable) */
  BtsResumePlan plan;
  int web_error;
} PlanRow;

#define NOTHING                                                                                    \
  {                                                                                                \
    .asked_length = END                                                                            \
  }
#define HELD(bytes, whole, tag)                                                                    \
  {                                                                                                \
    .asked_offset = bytes, .asked_length = END, .held_total = whole, .held_bytes = bytes,          \
    .validator = tag                                                                               \
  }
#define SEGMENT(from, size)                                                                        \
  {                                                                                                \
    .asked_offset = from, .asked_length = size, .held_total = 1000, .validator = TAG               \
  }
#define INVALID BTS_RESUME_FAIL, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE

static const PlanRow plan_rows[] = {
  /* nothing held, nothing asked */
  { "200", NOTHING, 200, NULL, NULL, 0, 1000, 1000, TAG, NULL, BTS_RESUME_CONTINUE, 0 },
  { "200-no-length", NOTHING, 200, NULL, NULL, 0, -1, -1, NULL, NULL, BTS_RESUME_CONTINUE, 0 },
  { "200-empty", NOTHING, 200, NULL, NULL, 0, 0, 0, NULL, NULL, BTS_RESUME_CONTINUE, 0 },
  { "203", NOTHING, 203, NULL, NULL, 0, 1000, 1000, TAG, NULL, BTS_RESUME_CONTINUE, 0 },
  { "201", NOTHING, 201, NULL, NULL, 0, 1000, 1000, NULL, NULL, BTS_RESUME_CONTINUE, 0 },
  { "299", NOTHING, 299, NULL, NULL, 0, 1000, 1000, NULL, NULL, BTS_RESUME_CONTINUE, 0 },
  { "204", NOTHING, 204, NULL, NULL, 0, 0, 0, NULL, NULL, INVALID },
  { "205", NOTHING, 205, NULL, NULL, 0, 0, 0, NULL, NULL, INVALID },
  { "304", NOTHING, 304, NULL, NULL, 0, 0, -1, NULL, NULL, BTS_RESUME_FAIL, 304 },
  { "404", NOTHING, 404, NULL, NULL, 0, 9, 9, NULL, NULL, BTS_RESUME_FAIL, 404 },
  { "416-unasked", NOTHING, 416, "bytes */9", NULL, 0, 0, 9, NULL, NULL, BTS_RESUME_FAIL, 416 },
  { "503", NOTHING, 503, NULL, NULL, 0, 9, 9, NULL, NULL, BTS_RESUME_FAIL, 503 },
  { "999", NOTHING, 999, NULL, NULL, 0, 9, 9, NULL, NULL, BTS_RESUME_FAIL, 999 },
  { "0", NOTHING, 0, NULL, NULL, 0, 9, 9, NULL, NULL, INVALID },
  { "103", NOTHING, 103, NULL, NULL, 0, 9, 9, NULL, NULL, INVALID },
  { "1000", NOTHING, 1000, NULL, NULL, 0, 9, 9, NULL, NULL, INVALID },
  { "206-unasked", NOTHING, 206, "bytes 0-999/1000", NULL, 0, 1000, 1000, TAG, NULL, INVALID },
  { "200-with-the-whole-range", NOTHING, 200, "bytes 0-999/1000", NULL, 0, 1000, 1000, NULL, NULL,
    BTS_RESUME_CONTINUE, 0 },
  { "200-with-a-range-of-unknown-total", NOTHING, 200, "bytes 0-999/*", NULL, 0, 1000, 1000, NULL,
    NULL, BTS_RESUME_CONTINUE, 0 },
  { "200-with-a-later-range", NOTHING, 200, "bytes 400-999/1000", NULL, 0, 600, 600, NULL, NULL,
    INVALID },
  { "200-with-an-earlier-range", NOTHING, 200, "bytes 0-399/1000", NULL, 0, 400, 400, NULL, NULL,
    INVALID },
  { "200-with-no-range-to-be-had", NOTHING, 200, "bytes */1000", NULL, 0, 1000, 1000, NULL, NULL,
    BTS_RESUME_CONTINUE, 0 },

  /* 400 of 1000 held */
  { "200-with-the-rest", HELD (400, 1000, TAG), 200, "bytes 400-999/1000", NULL, 0, 600, 600, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206", HELD (400, 1000, TAG), 206, "bytes 400-999/1000", NULL, 400, 600, 1000, TAG, NULL,
    BTS_RESUME_CONTINUE, 0 },
  { "206-chunked", HELD (400, 1000, TAG), 206, "bytes 400-999/1000", NULL, 400, -1, 1000, TAG, NULL,
    BTS_RESUME_CONTINUE, 0 },
  { "206-tag-not-repeated", HELD (400, 1000, TAG), 206, "bytes 400-999/1000", NULL, 400, 600, 1000,
    NULL, NULL, BTS_RESUME_CONTINUE, 0 },
  { "206-total-not-said", HELD (400, 1000, TAG), 206, "bytes 400-999/*", NULL, 400, 600, -1, TAG,
    NULL, BTS_RESUME_CONTINUE, 0 },
  { "206-shorter-than-asked", HELD (400, 1000, TAG), 206, "bytes 400-499/1000", NULL, 400, 100,
    1000, TAG, NULL, BTS_RESUME_CONTINUE, 0 },
  { "206-date", HELD (400, 1000, DATE), 206, "bytes 400-999/1000", NULL, 400, 600, 1000, NULL, DATE,
    BTS_RESUME_CONTINUE, 0 },
  { "206-other-date", HELD (400, 1000, DATE), 206, "bytes 400-999/1000", NULL, 400, 600, 1000, NULL,
    "Mon, 07 Nov 1994 08:49:37 GMT", BTS_RESUME_ASK_AGAIN, 0 },
  { "206-other-tag", HELD (400, 1000, TAG), 206, "bytes 400-999/1000", NULL, 400, 600, 1000,
    "\"two\"", NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-weak-tag", HELD (400, 1000, TAG), 206, "bytes 400-999/1000", NULL, 400, 600, 1000,
    "W/\"one\"", NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-other-start", HELD (400, 1000, TAG), 206, "bytes 401-999/1000", NULL, 401, 599, 1000, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-start-0", HELD (400, 1000, TAG), 206, "bytes 0-999/1000", NULL, 0, 1000, 1000, TAG, NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "206-other-total", HELD (400, 1000, TAG), 206, "bytes 400-1000/1001", NULL, 400, 601, 1001, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-no-content-range", HELD (400, 1000, TAG), 206, NULL, NULL, 400, 600, 1000, TAG, NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "206-bad-content-range", HELD (400, 1000, TAG), 206, "bytes 400-/1000", NULL, 400, 600, 1000,
    TAG, NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-backwards", HELD (400, 1000, TAG), 206, "bytes 400-399/1000", NULL, 400, 0, 1000, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-unsatisfied", HELD (400, 1000, TAG), 206, "bytes */1000", NULL, 400, 600, 1000, TAG, NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "206-past-the-end", HELD (400, 1000, TAG), 206, "bytes 400-1000/1000", NULL, 400, 601, 1000,
    TAG, NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-other-length", HELD (400, 1000, TAG), 206, "bytes 400-999/1000", NULL, 400, 599, 1000, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-other-unit", HELD (400, 1000, TAG), 206, "lines 400-999/1000", NULL, 400, 600, 1000, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-multipart", HELD (400, 1000, TAG), 206, "bytes 400-999/1000",
    "Multipart/ByteRanges; boundary=x", 400, 600, 1000, TAG, NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-size-alone", HELD (400, 1000, NULL), 206, "bytes 400-999/1000", NULL, 400, 600, 1000, NULL,
    NULL, BTS_RESUME_CONTINUE, 0 },
  { "206-nothing-to-prove-it", HELD (400, 0, NULL), 206, "bytes 400-999/1000", NULL, 400, 600, 1000,
    NULL, NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "206-size-not-said", HELD (400, 1000, NULL), 206, "bytes 400-999/*", NULL, 400, 600, -1, NULL,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "200-changed", HELD (400, 1000, TAG), 200, NULL, NULL, 0, 1000, 1000, "\"two\"", NULL,
    BTS_RESUME_START_OVER, 0 },
  { "200-no-ranges", HELD (400, 1000, TAG), 200, NULL, NULL, 0, 1000, 1000, TAG, NULL,
    BTS_RESUME_START_OVER, 0 },
  { "203-held", HELD (400, 1000, TAG), 203, NULL, NULL, 0, 1000, 1000, TAG, NULL,
    BTS_RESUME_START_OVER, 0 },
  { "202-held", HELD (400, 1000, TAG), 202, NULL, NULL, 0, 10, 10, NULL, NULL, INVALID },
  { "204-held", HELD (400, 1000, TAG), 204, NULL, NULL, 0, 0, 0, NULL, NULL, INVALID },
  { "304-held", HELD (400, 1000, TAG), 304, NULL, NULL, 0, 0, -1, TAG, NULL, BTS_RESUME_FAIL, 304 },
  { "412-held", HELD (400, 1000, TAG), 412, NULL, NULL, 0, 0, 0, NULL, NULL, BTS_RESUME_FAIL, 412 },

  /* all held, but the end had to be asked for */
  { "416-all", HELD (1000, 1000, TAG), 416, "bytes */1000", NULL, 0, 0, 1000, TAG, NULL,
    BTS_RESUME_COMPLETE, 0 },
  { "416-all-total-new", HELD (1000, 0, TAG), 416, "bytes */1000", NULL, 0, 0, 1000, NULL, NULL,
    BTS_RESUME_COMPLETE, 0 },
  { "416-shorter", HELD (1000, 1000, TAG), 416, "bytes */999", NULL, 0, 0, 999, TAG, NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "416-longer", HELD (1000, 0, TAG), 416, "bytes */1001", NULL, 0, 0, 1001, TAG, NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "416-other-tag", HELD (1000, 1000, TAG), 416, "bytes */1000", NULL, 0, 0, 1000, "\"two\"", NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "416-no-total", HELD (1000, 1000, TAG), 416, NULL, NULL, 0, 0, -1, TAG, NULL,
    BTS_RESUME_ASK_AGAIN, 0 },
  { "416-nothing-to-prove-it", HELD (1000, 0, NULL), 416, "bytes */1000", NULL, 0, 0, 1000, NULL,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },

  /* a segment */
  { "segment", SEGMENT (500, 100), 206, "bytes 500-599/1000", NULL, 500, 100, 1000, TAG, NULL,
    BTS_RESUME_CONTINUE, 0 },
  { "segment-first", SEGMENT (0, 100), 206, "bytes 0-99/1000", NULL, 0, 100, 1000, TAG, NULL,
    BTS_RESUME_CONTINUE, 0 },
  { "segment-too-much", SEGMENT (500, 100), 206, "bytes 500-600/1000", NULL, 500, 101, 1000, TAG,
    NULL, BTS_RESUME_ASK_AGAIN, 0 },
  { "segment-200", SEGMENT (500, 100), 200, NULL, NULL, 0, 1000, 1000, TAG, NULL,
    BTS_RESUME_START_OVER, 0 },
};

static GVariant *
make_headers (const PlanRow *row)
{
  const char *const fields[][2] = {
    { "content-range", row->content_range },
    { "Content-Type", row->content_type },
    { "ETag", row->etag },
    { "Last-Modified", row->last_modified },
  };
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(ss)"));
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      if (fields[i][1] != NULL)
        g_variant_builder_add (&builder, "(ss)", fields[i][0], fields[i][1]);
    }

  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
test_row (gconstpointer user_data)
{
  const PlanRow *row = user_data;
  g_autoptr (GVariant) headers = make_headers (row);
  g_autoptr (GError) error = NULL;
  BtsTransportHead head = {
    .status_code = row->status_code,
    .headers = headers,
    .body_offset = row->body_offset,
    .body_length = row->body_length,
    .total_length = row->total_length,
    .validator = (char *) (row->etag != NULL && row->etag[0] == '"' ? row->etag : NULL),
    .last_modified = (char *) row->last_modified,
  };

  g_assert_cmpint (bts_resume_plan_decide (&row->state, &head, &error), ==, row->plan);
  if (row->plan == BTS_RESUME_FAIL)
    g_assert_error (error, BGT_WEB_ERROR, row->web_error);
  else
    g_assert_no_error (error);
}

static guint64
random_number (void)
{
  static const guint64 numbers[] = { 0,   1,    399,        400,         401,
                                     999, 1000, G_MAXINT64, G_MAXUINT64, G_MAXUINT64 - 1 };

  return numbers[g_test_rand_int_range (0, G_N_ELEMENTS (numbers))];
}

static const char *
random_text (const char *const *texts, int n)
{
  return texts[g_test_rand_int_range (0, n)];
}

/* Whatever is thrown at it: bytes are joined only where asked for, and errors come as promised. */
static void
test_random (void)
{
  static const guint codes[] = { 200, 203, 204, 206, 206, 206, 299, 304, 404, 416, 0 };
  static const char *const tags[] = { NULL, TAG, "\"two\"", "W/\"one\"", DATE };
  static const char *const ranges[] = { NULL,
                                        "bytes 400-999/1000",
                                        "bytes 0-999/1000",
                                        "bytes */1000",
                                        "bytes 400-999/*",
                                        "bytes 18446744073709551615-18446744073709551615/*",
                                        "bytes 400-18446744073709551616/1000",
                                        "\xff" };

  for (int i = 0; i < 200000; i++)
    {
      PlanRow row = {
        .state = { random_number (), random_number (), random_number (), random_number (),
                   random_text (tags, G_N_ELEMENTS (tags)) },
        .content_range = random_text (ranges, G_N_ELEMENTS (ranges) - 1),
        .etag = random_text (tags, G_N_ELEMENTS (tags)),
      };
      g_autoptr (GVariant) headers = make_headers (&row);
      g_autoptr (GError) error = NULL;
      BtsTransportHead head = {
        .status_code = codes[g_test_rand_int_range (0, G_N_ELEMENTS (codes))],
        .headers = headers,
        .body_offset = random_number (),
        .body_length = (gint64) random_number (),
        .total_length = (gint64) random_number (),
        .validator = (char *) row.etag,
      };
      BtsResumePlan plan = bts_resume_plan_decide (&row.state, &head, &error);

      g_assert_cmpint (plan == BTS_RESUME_FAIL, ==, error != NULL);
      if (error != NULL)
        g_assert_true (error->domain == BGT_WEB_ERROR);
      if (plan == BTS_RESUME_CONTINUE)
        g_assert_cmpuint (head.body_offset, ==,
                          head.status_code == 206 ? row.state.asked_offset : 0);
      if (plan == BTS_RESUME_CONTINUE && head.status_code != 206)
        g_assert_cmpuint (row.state.held_bytes, ==, 0);
      if (plan == BTS_RESUME_COMPLETE)
        g_assert_cmpint ((gint64) row.state.held_bytes, ==, head.total_length);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (plan_rows); i++)
    {
      g_autofree char *path = g_strdup_printf ("/worker/resume-plan/%s", plan_rows[i].name);

      g_test_add_data_func (path, &plan_rows[i], test_row);
    }
  g_test_add_func ("/worker/resume-plan/any-answer-is-decided", test_random);

  return g_test_run ();
}
