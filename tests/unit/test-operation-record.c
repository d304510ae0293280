/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <malloc.h>
#include <string.h>

#include "common/bgt-error.h"
#include "store/operation-record.h"

#define GUID "01234567_89ab_4def_8123_456789abcdef"

static BtsOperation *
operation_new (const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "org.example.App", TRUE);
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (GVariant) variant = g_variant_parse (NULL, options, NULL, NULL, &error);

  g_assert_no_error (error);
  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, variant, &error);
  g_assert_no_error (error);

  return bts_operation_new (GUID, owner, request, 5);
}

/* Prints, parses and prints again; both texts are the same. */
static BtsOperation *
round_trip (BtsOperation *operation)
{
  g_autoptr (GError) error = NULL;
  gsize length;
  gsize second_length;
  g_autofree char *text = bts_operation_record_print (operation, &length);
  g_autofree char *second_text = NULL;
  BtsOperation *copy = bts_operation_record_parse (GUID, text, length, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (text), ==, length);
  second_text = bts_operation_record_print (copy, &second_length);
  g_assert_cmpstr (text, ==, second_text);

  return copy;
}

static void
test_a_fresh_operation_comes_back (void)
{
  g_autoptr (BtsOperation) operation = operation_new (
      "{'uri': <'https://example.org/ä?b#c'>, 'destination': <'/tmp/ x\\n=[]\\\\'>,"
      " 'metadata': <{'': <''>, 'bytes': <b'\\377\\000'>, 'array': <@ay [1, 0]>,"
      " 'number': <uint64 18446744073709551615>, 'double': <1.5>}>,"
      " 'server-credential': <('us\"er', 'p\\'w\\u20ac;#')>}");
  g_autoptr (BtsOperation) copy = round_trip (operation);

  g_assert_true (g_variant_equal (bts_request_get_variant (bts_operation_get_request (operation)),
                                  bts_request_get_variant (bts_operation_get_request (copy))));
  g_assert_cmpstr (bts_operation_get_guid (copy), ==, GUID);
  g_assert_cmpint (bts_operation_get_created (copy), ==, 5);
  g_assert_cmpint (bts_operation_get_intent (copy), ==, BTS_INTENT_NOT_STARTED);
  g_assert_cmpuint (bts_owner_get_uid (bts_operation_get_owner (copy)), ==, 1000);
  g_assert_cmpstr (bts_owner_get_application (bts_operation_get_owner (copy)), ==,
                   "org.example.App");
  g_assert_true (bts_owner_is_sandboxed (bts_operation_get_owner (copy)));
}

static void
test_progress_comes_back (void)
{
  g_autoptr (BtsOperation) operation =
                 operation_new ("{'uri': <'https://example.org/'>, 'destination': <'/tmp/x'>}");
  g_autoptr (BtsOperation) copy = NULL;
  g_autoptr (GVariant) update = g_variant_parse (
      NULL,
      "{'checkpoint': <{'file': <b'\\377'>}>, 'response': <{'headers': <[('A', 'b')]>}>,"
      " 'ranges': <[(uint64 0, uint64 5), (uint64 7, uint64 1)]>, 'bytes-received': <uint64 6>,"
      " 'total-bytes-to-receive': <uint64 100>, 'bytes-sent': <uint64 3>,"
      " 'total-bytes-to-send': <uint64 4>, 'has-restarted': <true>,"
      " 'has-response-changed': <true>, 'destination': <'/tmp/x (1)'>}",
      NULL, NULL, NULL);

  g_assert_true (bts_operation_start (operation, 6, NULL));
  bts_operation_take_update (operation, update);
  bts_operation_set_blockers (operation, 0, 0);
  bts_operation_set_retry_at (operation, 8);
  copy = round_trip (operation);

  g_assert_cmpint (bts_operation_get_retry_at (copy), ==, 8);
  g_assert_cmpint (bts_operation_get_intent (copy), ==, BTS_INTENT_GO);
  g_assert_cmpint (bts_operation_get_status (copy), ==, BGT_OPERATION_STATUS_IDLE);
  g_assert_cmpint (bts_operation_get_started (copy), ==, 6);
  g_assert_cmpuint (bts_operation_get_bytes_received (copy), ==, 6);
  g_assert_cmpuint (bts_operation_get_total_to_receive (copy), ==, 100);
  g_assert_cmpuint (bts_operation_get_bytes_sent (copy), ==, 3);
  g_assert_cmpuint (bts_operation_get_total_to_send (copy), ==, 4);
  g_assert_true (bts_operation_has_restarted (copy));
  g_assert_true (bts_operation_has_response_changed (copy));
  g_assert_cmpuint (bts_byte_ranges_get_count (bts_operation_get_ranges (copy)), ==, 2);
  g_assert_true (g_variant_equal (bts_operation_get_checkpoint (copy),
                                  bts_operation_get_checkpoint (operation)));
  g_assert_true (
      g_variant_equal (bts_operation_get_response (copy), bts_operation_get_response (operation)));
  g_assert_cmpstr (bts_operation_get_destination (copy), ==, "/tmp/x (1)");
}

static void
test_the_end_comes_back (void)
{
  g_autoptr (BtsOperation) operation = operation_new ("{'uri': <'https://example.org/'>}");
  g_autoptr (BtsOperation) copy = NULL;

  bts_operation_finish (operation, BGT_OPERATION_STATUS_ERROR, 404, "line\nbreak", 77);
  copy = round_trip (operation);

  g_assert_cmpint (bts_operation_get_status (copy), ==, BGT_OPERATION_STATUS_ERROR);
  g_assert_cmpint (bts_operation_get_web_error (copy), ==, 404);
  g_assert_cmpstr (bts_operation_get_error_message (copy), ==, "line\nbreak");
  g_assert_cmpint (bts_operation_get_finished (copy), ==, 77);
}

#define HEAD "[Operation]\nVersion=1\nUid=uint32 5\nApplication='a'\nIsSandboxed=false\n"
#define TIMES "Created=int64 5\nIntent='go'\n"
#define REQUEST "Request={'kind': <'download'>, 'uri': <'http://a/'>}\n"

static const char *const bad_records[] = {
  "",
  "\377\376",
  "Version=1",
  "[Operation]\n",
  "[Operation]\nVersion=2\n",
  "[Operation]\nVersion=x\n",
  "[Operation]\nVersion=-1\n",
  "[Operation]\nVersion=1\n",
  "[Other]\nVersion=1\n",
  HEAD TIMES,
  HEAD REQUEST,
  "[Operation]\nVersion=1\nUid=uint32 5\nApplication='a'\n" TIMES REQUEST,
  "[Operation]\nVersion=1\nUid='x'\nApplication='a'\nIsSandboxed=false\n" TIMES REQUEST,
  "[Operation]\nVersion=1\nUid=uint32 5\nApplication=5\nIsSandboxed=false\n" TIMES REQUEST,
  HEAD TIMES "Request={}",
  HEAD TIMES "Request={'kind': <'download'>}",
  HEAD TIMES "Request={'kind': <'x'>, 'uri': <'http://a/'>}",
  HEAD TIMES "Request={'kind': <'download'>, 'uri': <'nonsense'>}",
  HEAD TIMES "Request={'kind': <'download'>, 'uri': <'http://a/'>",
  HEAD TIMES "Request={'kind': <'download'>, 'uri': <'http://a/'>, 'destination': <'../x'>}",
  HEAD "Created=int64 5\n" REQUEST,
  HEAD TIMES REQUEST "Intent='dance'\n",
  HEAD TIMES REQUEST "Intent=5\n",
  HEAD TIMES REQUEST "Status='completed'\n",
  HEAD TIMES REQUEST "Intent='finished'\n",
  HEAD TIMES REQUEST "Intent='finished'\nStatus='running'\n",
  HEAD TIMES REQUEST "Started=int64 -5\n",
  HEAD TIMES REQUEST "WebError='no-such-error'\n",
  HEAD TIMES REQUEST "Destination='relative'\n",
  HEAD TIMES REQUEST "Response={'status-code': <'x'>}\n",
  HEAD TIMES REQUEST "Response=5\n",
  HEAD TIMES REQUEST "Checkpoint={'x': <handle 0>}\n",
  HEAD TIMES REQUEST "Ranges=[(5, 5), (0, 1)]\n",
  HEAD TIMES REQUEST "Ranges=[(18446744073709551615, 5)]\n",
  HEAD TIMES REQUEST "BytesReceived=-1\n",
};

static void
test_wrong_records_are_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad_records); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("record %zu", i);
      g_assert_null (
          bts_operation_record_parse (GUID, bad_records[i], strlen (bad_records[i]), &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
    }
}

static void
test_unknown_keys_are_ignored (void)
{
  const char *text = HEAD TIMES REQUEST "Later=5\nNonsense=[[[\n[Other]\nx=y\n";
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsOperation) operation =
                 bts_operation_record_parse (GUID, text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_cmpint (bts_operation_get_intent (operation), ==, BTS_INTENT_GO);
}

static void
test_a_newer_version_says_so (void)
{
  const char *text = "[Operation]\nVersion=7\n";
  g_autoptr (GError) error = NULL;

  g_assert_null (bts_operation_record_parse (GUID, text, strlen (text), &error));
  g_assert_nonnull (strstr (error->message, "newer"));
}

/* A record is printed with each checkpoint of each transfer, for the life of the service. */
static void
test_printing_keeps_nothing (void)
{
  const gsize n_bytes = 32 * 1024, n_times = 100;
  g_autofree char *value = g_strnfill (n_bytes, 'x');
  gsize before = mallinfo2 ().uordblks;

  for (gsize i = 0; i < n_times; i++)
    {
      g_autofree char *options =
          g_strdup_printf ("{'uri': <'https://example.org/'>, 'destination': <'/tmp/x'>,"
                           " 'headers': <{'X-Long': '%s'}>}",
                           value);
      g_autoptr (BtsOperation) operation = operation_new (options);
      gsize length;
      g_autofree char *text = bts_operation_record_print (operation, &length);

      g_assert_cmpuint (length, >, n_bytes);
    }
  g_assert_cmpuint (mallinfo2 ().uordblks, <, before + n_times * n_bytes / 10);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/store/record/a-fresh-operation-comes-back", test_a_fresh_operation_comes_back);
  g_test_add_func ("/store/record/progress-comes-back", test_progress_comes_back);
  g_test_add_func ("/store/record/the-end-comes-back", test_the_end_comes_back);
  g_test_add_func ("/store/record/wrong-records-are-refused", test_wrong_records_are_refused);
  g_test_add_func ("/store/record/unknown-keys-are-ignored", test_unknown_keys_are_ignored);
  g_test_add_func ("/store/record/printing-keeps-nothing", test_printing_keeps_nothing);
  g_test_add_func ("/store/record/a-newer-version-says-so", test_a_newer_version_says_so);

  return g_test_run ();
}
