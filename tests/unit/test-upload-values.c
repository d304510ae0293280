/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "worker/transport/multipart-body.h"
#include "worker/upload-memory.h"
#include "worker/upload-record.h"

static GVariant *
parse (const char *text)
{
  return g_variant_ref_sink (g_variant_new_parsed (text));
}

static void
test_heads_of_parts (void)
{
  static const struct
  {
    const char *part;
    const char *subtype;
    const char *filename;
    gboolean is_first;
    const char *head;
  } rows[] = {
    { "{'name': <'a'>}", "form-data", NULL, TRUE,
      "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n" },
    { "{'name': <'a'>}", "form-data", "f.x", FALSE,
      "\r\n--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"f.x\"\r\n"
      "Content-Type: application/octet-stream\r\n\r\n" },
    { "{'name': <'a'>, 'filename': <'g'>, 'content-type': <'a/b'>}", "form-data", "f", TRUE,
      "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"g\"\r\n"
      "Content-Type: a/b\r\n\r\n" },
    { "{'name': <'\"\\r\\nä%'>}", "form-data", NULL, TRUE,
      "--b\r\nContent-Disposition: form-data; name=\"%22%0D%0Aä%\"\r\n\r\n" },
    { "{'name': <'a'>, 'headers': <{'content-disposition': 'inline', 'X': 'y'}>}", "mixed", "f",
      TRUE,
      "--b\r\nContent-Type: application/octet-stream\r\ncontent-disposition: inline\r\n"
      "X: y\r\n\r\n" },
    { "{'name': <'a'>}", "mixed", NULL, TRUE, "--b\r\n\r\n" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) part = parse (rows[i].part);
      g_autofree char *head =
          bts_multipart_make_head (part, rows[i].subtype, "b", rows[i].filename, rows[i].is_first);

      g_assert_cmpstr (head, ==, rows[i].head);
    }
}

static void
test_content_types (void)
{
  g_autofree char *form = bts_multipart_make_content_type ("form-data", "b", "a/b");
  g_autofree char *quoted = bts_multipart_make_content_type ("mixed", "b c", NULL);
  g_autofree char *related = bts_multipart_make_content_type ("related", "b", "a/b; c=\"d\"");
  g_autofree char *text = bts_multipart_make_content_type ("related", "b", NULL);
  g_autofree char *one = bts_multipart_new_boundary ();
  g_autofree char *other = bts_multipart_new_boundary ();

  g_assert_cmpstr (form, ==, "multipart/form-data; boundary=b");
  g_assert_cmpstr (quoted, ==, "multipart/mixed; boundary=\"b c\"");
  g_assert_cmpstr (related, ==, "multipart/related; boundary=\"b\"; type=\"a/b\"");
  g_assert_cmpstr (text, ==, "multipart/related; boundary=\"b\"; type=\"text/plain\"");
  g_assert_cmpstr (one, !=, other);
  g_assert_cmpuint (strlen (one), <=, 70);
}

static void
test_record_is_read_back (void)
{
  g_autoptr (GVariant) stored = parse ("[('n', 'v', '.a.example', '/p', true, int64 99)]");
  g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (stored);
  BtsUploadRecord record = {
    .files = parse ("[{'size': <uint64 5>}]"),
    .boundary = (char *) "b",
    .is_sending = TRUE,
    .was_sent = TRUE,
    .protocol = (char *) "tus",
    .upload_uri = (char *) "http://a/b",
    .created_for = (char *) "http://a/",
    .is_finishing = TRUE,
    .confirmed = 7,
    .cookies = cookies,
  };
  g_autoptr (GVariant) files = record.files;
  g_autoptr (GVariant) checkpoint = bts_upload_record_to_checkpoint (&record);
  g_autoptr (GVariant) again = NULL;
  BtsUploadRecord read;

  bts_upload_record_init (&read, checkpoint);
  again = bts_upload_record_to_checkpoint (&read);
  g_assert_true (g_variant_equal (checkpoint, again));
  g_assert_null (read.key);
  g_assert_true (g_variant_lookup (again, "cookies", "a(ssssbx)", NULL));
  bts_upload_record_forget_upload (&read);
  g_assert_null (read.upload_uri);
  g_assert_cmpuint (read.confirmed, ==, 0);
  g_assert_false (read.is_finishing);
  bts_upload_record_clear (&read);
}

static void
test_nonsense_counts_as_not_known (void)
{
  static const char *const rows[] = {
    "@a{sv} {}",
    "{'boundary': <uint32 99>, 'confirmed': <'x'>, 'files': <'y'>, 'is-sending': <1>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) checkpoint = parse (rows[i]);
      BtsUploadRecord record;

      bts_upload_record_init (&record, checkpoint);
      g_assert_null (record.boundary);
      g_assert_cmpuint (record.confirmed, ==, 0);
      g_assert_null (record.files);
      g_assert_false (record.is_sending);
      bts_upload_record_clear (&record);
    }
}

/* What was learned for good, as one text. */
static void
on_learned (const char *origin, const char *protocol, gpointer user_data)
{
  g_string_append_printf (user_data, "%s=%s ", origin, protocol);
}

static void
test_memory_is_by_origin (void)
{
  g_autoptr (GString) learned = g_string_new (NULL);
  g_autoptr (BtsUploadMemory) memory =
                 bts_upload_memory_new (G_TIME_SPAN_HOUR, on_learned, learned);

  g_assert_null (bts_upload_memory_begin_question (memory, "http://a/x", NULL));
  bts_upload_memory_end_question (memory, "http://A/x", "tus", BTS_UPLOAD_MEMORY_FOR_GOOD);
  g_assert_null (bts_upload_memory_begin_question (memory, "https://a/", NULL));
  bts_upload_memory_end_question (memory, "https://a/", "", BTS_UPLOAD_MEMORY_FOR_NOW);
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "http://a:80/y?z", NULL), ==, "tus");
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "https://a/z", NULL), ==, "");
  g_assert_null (bts_upload_memory_begin_question (memory, "http://a:81/x", NULL));
  g_assert_true (bts_upload_is_same_origin ("http://a/b", "http://a:80/c"));
  g_assert_false (bts_upload_is_same_origin ("http://a/b", "https://a/b"));
  g_assert_false (bts_upload_is_same_origin ("nonsense", "nonsense"));

  bts_upload_memory_correct (memory, "https://a/x");
  bts_upload_memory_correct (memory, "http://a/x");
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "http://a/y", NULL), ==, "");
  bts_upload_memory_end_question (memory, "http://a:81/x", "ietf", BTS_UPLOAD_MEMORY_FOR_GOOD);
  bts_upload_memory_confirm (memory, "http://a:81/x");
  bts_upload_memory_correct (memory, "http://a:81/y");
  g_assert_cmpstr (learned->str, ==, "http://a:80=tus http://a:80= http://a:81=ietf ");
}

static void
test_memory_goes_on_from_another (void)
{
  g_autoptr (GString) learned = g_string_new (NULL);
  g_autoptr (BtsUploadMemory) memory =
                 bts_upload_memory_new (G_TIME_SPAN_HOUR, on_learned, learned);
  g_autoptr (GVariant) before = parse ("{'http://a:80': 'ietf', 'http://b:80': ''}");

  bts_upload_memory_load (memory, before);
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "http://a/x", NULL), ==, "ietf");
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "http://b/x", NULL), ==, "");
  g_assert_cmpstr (learned->str, ==, "");
}

static gpointer
ask_in_thread (gpointer memory)
{
  return (gpointer) bts_upload_memory_begin_question (memory, "http://a/x", NULL);
}

static void
test_memory_asks_once_at_a_time (void)
{
  g_autoptr (GString) learned = g_string_new (NULL);
  g_autoptr (BtsUploadMemory) memory =
                 bts_upload_memory_new (G_TIME_SPAN_HOUR, on_learned, learned);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  GThread *threads[4];
  guint n_asking = 0;

  g_assert_null (bts_upload_memory_begin_question (memory, "http://a/x", NULL));
  g_cancellable_cancel (cancelled);
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "http://a/x", cancelled), ==, "");
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("asks", ask_in_thread, memory);

  /* Whoever asked has no answer: another one asks, and all have that. */
  bts_upload_memory_end_question (memory, "http://a/x", "", BTS_UPLOAD_MEMORY_NOTHING);
  bts_upload_memory_end_question (memory, "http://a/x", "tus", BTS_UPLOAD_MEMORY_FOR_NOW);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    {
      const char *found = g_thread_join (threads[i]);

      n_asking += found == NULL ? 1 : 0;
      g_assert_true (found == NULL || g_str_equal (found, "tus"));
    }
  g_assert_cmpuint (n_asking, <=, 1);
}

static void
test_memory_of_what_passes_ends (void)
{
  g_autoptr (GString) learned = g_string_new (NULL);
  g_autoptr (BtsUploadMemory) memory = bts_upload_memory_new (0, on_learned, learned);

  for (guint i = 0; i < 2; i++)
    {
      g_assert_null (bts_upload_memory_begin_question (memory, "http://a/x", NULL));
      bts_upload_memory_end_question (memory, "http://a/x", "", BTS_UPLOAD_MEMORY_FOR_NOW);
    }
  g_assert_null (bts_upload_memory_begin_question (memory, "http://a/x", NULL));
  bts_upload_memory_end_question (memory, "http://a/x", "tus", BTS_UPLOAD_MEMORY_FOR_GOOD);
  g_assert_cmpstr (bts_upload_memory_begin_question (memory, "http://a/x", NULL), ==, "tus");
  g_assert_cmpstr (learned->str, ==, "http://a:80=tus ");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/multipart/heads-of-parts", test_heads_of_parts);
  g_test_add_func ("/worker/multipart/content-types", test_content_types);
  g_test_add_func ("/worker/upload-record/is-read-back", test_record_is_read_back);
  g_test_add_func ("/worker/upload-record/nonsense-counts-as-not-known",
                   test_nonsense_counts_as_not_known);
  g_test_add_func ("/worker/upload-memory/is-by-origin", test_memory_is_by_origin);
  g_test_add_func ("/worker/upload-memory/goes-on-from-another", test_memory_goes_on_from_another);
  g_test_add_func ("/worker/upload-memory/asks-once-at-a-time", test_memory_asks_once_at_a_time);
  g_test_add_func ("/worker/upload-memory/of-what-passes-ends", test_memory_of_what_passes_ends);
  return g_test_run ();
}
