/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "common/object-path.h"
#include "model/operation.h"

/* What has been emitted since the last look. */
typedef struct
{
  BtsOperation *operation; /* (owned) */
  guint n_changed;
  guint changes;
  guint n_finished;
  guint n_ranges;
  gboolean was_restarted;
} Fixture;

static void
on_changed (BtsOperation *operation, guint changes, Fixture *fixture)
{
  g_assert_cmpuint (changes, !=, 0);
  fixture->n_changed++;
  fixture->changes |= changes;
}

static void
on_finished (BtsOperation *operation, Fixture *fixture)
{
  g_assert_true (bts_operation_is_finished (operation));
  fixture->n_finished++;
}

static void
on_ranges (BtsOperation *operation, gboolean was_restarted, GVariant *added, Fixture *fixture)
{
  fixture->n_ranges++;
  fixture->was_restarted = was_restarted;
}

static BtsOperation *
operation_new (const char *options)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *guid = bts_guid_new ();
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "test", FALSE);
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (GVariant) variant = g_variant_parse (NULL, options, NULL, NULL, &error);

  g_assert_no_error (error);
  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, variant, &error);
  g_assert_no_error (error);

  return bts_operation_new (guid, owner, request, 5);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->operation =
      operation_new ("{'uri': <'https://example.org/'>, 'destination': <'/tmp/x'>}");
  g_signal_connect (fixture->operation, "changed", G_CALLBACK (on_changed), fixture);
  g_signal_connect (fixture->operation, "finished", G_CALLBACK (on_finished), fixture);
  g_signal_connect (fixture->operation, "ranges-downloaded", G_CALLBACK (on_ranges), fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_assert_finalize_object (fixture->operation);
}

/* Exactly this has been emitted, at once. */
static void
assert_changes (Fixture *fixture, guint changes)
{
  g_assert_cmphex (fixture->changes, ==, changes);
  g_assert_cmpuint (fixture->n_changed, ==, changes != 0 ? 1 : 0);
  fixture->changes = 0;
  fixture->n_changed = 0;
}

static void
start (BtsOperation *operation)
{
  g_assert_true (bts_operation_start (operation, 10, NULL));
}

static void
reach_fresh (BtsOperation *operation)
{
}

static void
reach_undecided (BtsOperation *operation)
{
  start (operation);
}

static void
reach_waiting (BtsOperation *operation)
{
  start (operation);
  bts_operation_set_blockers (operation, BTS_BLOCKER_MACHINE_LIMIT, 0);
}

static void
reach_running (BtsOperation *operation)
{
  start (operation);
  bts_operation_set_blockers (operation, 0, 0);
}

static void
reach_no_network (BtsOperation *operation)
{
  start (operation);
  bts_operation_set_blockers (operation, BTS_BLOCKER_NO_NETWORK, 0);
}

static void
reach_costed (BtsOperation *operation)
{
  start (operation);
  bts_operation_set_blockers (operation, BTS_BLOCKER_METERED, 0);
}

static void
reach_policy (BtsOperation *operation)
{
  start (operation);
  bts_operation_set_blockers (operation, BTS_BLOCKER_BATTERY_LOW, 0);
}

static void
reach_paused (BtsOperation *operation)
{
  reach_running (operation);
  g_assert_true (bts_operation_pause (operation, NULL));
}

static void
reach_recoverable (BtsOperation *operation)
{
  reach_running (operation);
  bts_operation_pause_for_error (operation, 403, "expired");
}

static void
reach_canceling (BtsOperation *operation)
{
  reach_running (operation);
  g_assert_true (bts_operation_cancel (operation, NULL));
}

static void
reach_completed (BtsOperation *operation)
{
  reach_running (operation);
  bts_operation_finish (operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 20);
}

static void
reach_canceled (BtsOperation *operation)
{
  reach_canceling (operation);
  bts_operation_finish (operation, BGT_OPERATION_STATUS_CANCELED, 0, NULL, 20);
}

static void
reach_error (BtsOperation *operation)
{
  reach_running (operation);
  bts_operation_finish (operation, BGT_OPERATION_STATUS_ERROR, 404, "not found", 20);
}

/* How to get there, what it is called then, and the calls that it takes: Start, Pause, Resume,
 * Cancel, Acknowledge by their first letters. Then the options that may change: Uri, Random
 * access, Max rate, Headers. */
static const struct
{
  const char *name;
  void (*reach) (BtsOperation *operation);
  const char *status;
  const char *calls;
  const char *options;
} statuses[] = {
  { "fresh", reach_fresh, "idle", "SC", "RMH" },
  { "undecided", reach_undecided, "idle", "PC", "MH" },
  { "waiting", reach_waiting, "idle", "PC", "MH" },
  { "running", reach_running, "running", "PC", "MH" },
  { "no-network", reach_no_network, "paused-no-network", "PC", "MH" },
  { "costed-network", reach_costed, "paused-costed-network", "PC", "MH" },
  { "system-policy", reach_policy, "paused-system-policy", "PC", "MH" },
  { "paused", reach_paused, "paused-by-application", "RC", "UMH" },
  { "recoverable-error", reach_recoverable, "paused-recoverable-error", "RC", "UMH" },
  { "canceling", reach_canceling, "paused-by-application", "C", "" },
  { "completed", reach_completed, "completed", "A", "" },
  { "canceled", reach_canceled, "canceled", "A", "" },
  { "error", reach_error, "error", "RA", "UH" },
};

static gboolean
call (BtsOperation *operation, char letter, GError **error)
{
  switch (letter)
    {
    case 'S':
      return bts_operation_start (operation, 30, error);
    case 'P':
      return bts_operation_pause (operation, error);
    case 'R':
      return bts_operation_resume (operation, 30, error);
    case 'C':
      return bts_operation_cancel (operation, error);
    case 'A':
      return bts_operation_may_acknowledge (operation, error);
    default:
      g_assert_not_reached ();
    }
}

static gboolean
change (BtsOperation *operation, char letter, GError **error)
{
  switch (letter)
    {
    case 'U':
      return bts_operation_set_option (operation, "uri", g_variant_new_string ("http://new/"),
                                       error);
    case 'R':
      return bts_operation_set_option (operation, "random-access", g_variant_new_boolean (FALSE),
                                       error);
    case 'M':
      return bts_operation_set_option (operation, "max-rate", g_variant_new_uint64 (5), error);
    case 'H':
      return bts_operation_set_header (operation, "X-Name", "value", error);
    default:
      g_assert_not_reached ();
    }
}

/* Every letter of @all on an operation of its own: those of @allowed do, the others are refused
 * and change nothing. */
static void
check_letters (gsize row,
               const char *all,
               const char *allowed,
               gboolean (*act) (BtsOperation *operation, char letter, GError **error))
{
  for (const char *letter = all; *letter != '\0'; letter++)
    {
      g_autoptr (GError) error = NULL;
      Fixture fixture = { NULL };
      guint64 version;

      set_up (&fixture, NULL);
      statuses[row].reach (fixture.operation);
      fixture.n_changed = 0;
      version = bts_operation_get_version (fixture.operation);
      g_test_message ("%s: %c", statuses[row].name, *letter);

      if (strchr (allowed, *letter) != NULL)
        {
          g_assert_true (act (fixture.operation, *letter, &error));
          g_assert_no_error (error);
        }
      else
        {
          g_assert_false (act (fixture.operation, *letter, &error));
          g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE);
          g_assert_cmpuint (fixture.n_changed, ==, 0);
          g_assert_cmpuint (bts_operation_get_version (fixture.operation), ==, version);
          g_assert_cmpstr (
              bgt_operation_status_to_string (bts_operation_get_status (fixture.operation)), ==,
              statuses[row].status);
        }

      tear_down (&fixture, NULL);
    }
}

static void
test_each_status_takes_its_calls (gconstpointer data)
{
  gsize row = GPOINTER_TO_SIZE (data);
  g_autoptr (BtsOperation) operation =
                 operation_new ("{'uri': <'https://example.org/'>, 'destination': <'/tmp/x'>}");

  statuses[row].reach (operation);
  g_assert_cmpstr (bgt_operation_status_to_string (bts_operation_get_status (operation)), ==,
                   statuses[row].status);

  check_letters (row, "SPRCA", statuses[row].calls, call);
  check_letters (row, "URMH", statuses[row].options, change);
}

static void
test_what_is_fixed_cannot_change (Fixture *fixture, gconstpointer data)
{
  static const char *const keys[] = { "destination", "checksum", "kind", "method", "no-such" };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (bts_operation_set_option (fixture->operation, keys[i],
                                                g_variant_new_string ("x"), &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
    }
  assert_changes (fixture, 0);
}

static void
test_calls_are_told_once (Fixture *fixture, gconstpointer data)
{
  guint64 version = bts_operation_get_version (fixture->operation);

  g_assert_cmphex (bts_operation_get_blockers (fixture->operation), ==, BTS_BLOCKER_NOT_STARTED);
  start (fixture->operation);
  assert_changes (fixture, BTS_CHANGE_STATUS | BTS_CHANGE_BLOCKERS);
  g_assert_cmpuint (bts_operation_get_version (fixture->operation), ==, version + 1);
  g_assert_cmpint (bts_operation_get_started (fixture->operation), ==, 10);

  bts_operation_set_blockers (fixture->operation, 0, 0);
  assert_changes (fixture, BTS_CHANGE_STATUS);
  bts_operation_set_blockers (fixture->operation, 0, 0);
  assert_changes (fixture, 0);
  bts_operation_set_blockers (fixture->operation, BTS_BLOCKER_NO_NETWORK, 0);
  assert_changes (fixture, BTS_CHANGE_STATUS | BTS_CHANGE_BLOCKERS);
  bts_operation_set_blockers (fixture->operation, BTS_BLOCKER_NO_NETWORK, 99);
  assert_changes (fixture, BTS_CHANGE_BLOCKERS);
  g_assert_cmpint (bts_operation_get_next_attempt (fixture->operation), ==, 99);

  /* What the clock and the network do is nothing to save. */
  g_assert_cmpuint (bts_operation_get_version (fixture->operation), ==, version + 1);
}

static void
test_blockers_add_up (Fixture *fixture, gconstpointer data)
{
  start (fixture->operation);
  bts_operation_set_blockers (fixture->operation, BTS_BLOCKER_NO_NETWORK, 0);
  g_assert_true (bts_operation_pause (fixture->operation, NULL));
  g_assert_cmphex (bts_operation_get_blockers (fixture->operation), ==,
                   BTS_BLOCKER_NO_NETWORK | BTS_BLOCKER_PAUSED);

  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_ERROR, 404, NULL, 20);
  g_assert_cmphex (bts_operation_get_blockers (fixture->operation), ==, 0);
  bts_operation_set_blockers (fixture->operation, BTS_BLOCKER_NO_NETWORK, 5);
  g_assert_cmphex (bts_operation_get_blockers (fixture->operation), ==, 0);
}

static void
test_the_end_comes_once (Fixture *fixture, gconstpointer data)
{
  reach_error (fixture->operation);
  g_assert_cmpuint (fixture->n_finished, ==, 1);
  g_assert_cmpint (bts_operation_get_web_error (fixture->operation), ==, 404);
  g_assert_cmpstr (bts_operation_get_error_message (fixture->operation), ==, "not found");
  g_assert_cmpint (bts_operation_get_finished (fixture->operation), ==, 20);

  fixture->n_changed = 0;
  fixture->changes = 0;
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 30);
  bts_operation_take_progress (fixture->operation, 1, 2, 3, 4);
  bts_operation_pause_for_error (fixture->operation, 403, "late");
  assert_changes (fixture, 0);
  g_assert_cmpuint (fixture->n_finished, ==, 1);
}

static void
test_resume_forgets_the_error (Fixture *fixture, gconstpointer data)
{
  bts_operation_take_failure (fixture->operation, BGT_WEB_ERROR_TIMEOUT, "late", FALSE);
  bts_operation_take_failure (fixture->operation, BGT_WEB_ERROR_TIMEOUT, "late", FALSE);
  g_assert_cmpuint (bts_operation_get_attempts (fixture->operation), ==, 2);
  bts_operation_take_failure (fixture->operation, BGT_WEB_ERROR_TIMEOUT, "late", TRUE);
  g_assert_cmpuint (bts_operation_get_attempts (fixture->operation), ==, 1);
  reach_error (fixture->operation);

  g_assert_true (bts_operation_resume (fixture->operation, 40, NULL));
  g_assert_cmpint (bts_operation_get_status (fixture->operation), ==, BGT_OPERATION_STATUS_IDLE);
  g_assert_cmpint (bts_operation_get_web_error (fixture->operation), ==, BGT_WEB_ERROR_NONE);
  g_assert_null (bts_operation_get_error_message (fixture->operation));
  g_assert_cmpint (bts_operation_get_finished (fixture->operation), ==, 0);
  g_assert_cmpuint (bts_operation_get_attempts (fixture->operation), ==, 0);

  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 50);
  g_assert_cmpuint (fixture->n_finished, ==, 2);
}

static void
test_an_error_has_a_reason (Fixture *fixture, gconstpointer data)
{
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_ERROR, BGT_WEB_ERROR_NONE, NULL,
                        20);
  g_assert_cmpint (bts_operation_get_web_error (fixture->operation), !=, BGT_WEB_ERROR_NONE);
}

static void
test_same_options_are_no_change (Fixture *fixture, gconstpointer data)
{
  g_assert_true (
      bts_operation_set_option (fixture->operation, "max-rate", g_variant_new_uint64 (5), NULL));
  assert_changes (fixture, BTS_CHANGE_REQUEST);
  g_assert_true (
      bts_operation_set_option (fixture->operation, "max-rate", g_variant_new_uint64 (5), NULL));
  g_assert_true (bts_operation_set_header (fixture->operation, "X-None", NULL, NULL));
  assert_changes (fixture, 0);
}

static void
test_headers_are_replaced_by_name (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  GVariant *headers;
  const char *value;

  g_assert_true (bts_operation_set_header (fixture->operation, "X-Name", "a", NULL));
  g_assert_true (bts_operation_set_header (fixture->operation, "x-name", "b", NULL));
  headers = bts_request_lookup (bts_operation_get_request (fixture->operation), "headers");
  g_assert_cmpuint (g_variant_n_children (headers), ==, 1);
  g_assert_true (g_variant_lookup (headers, "x-name", "&s", &value));
  g_assert_cmpstr (value, ==, "b");

  g_assert_true (bts_operation_set_header (fixture->operation, "X-NAME", NULL, NULL));
  headers = bts_request_lookup (bts_operation_get_request (fixture->operation), "headers");
  g_assert_cmpuint (g_variant_n_children (headers), ==, 0);

  g_assert_false (bts_operation_set_header (fixture->operation, "Range", "bytes=0-", &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

static void
update (Fixture *fixture, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) variant = g_variant_parse (NULL, text, NULL, NULL, &error);

  g_assert_no_error (error);
  bts_operation_take_update (fixture->operation, variant);
}

static GVariant *
make_ranges (guint n, guint64 offset)
{
  GVariantBuilder ranges = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(tt)"));

  for (guint64 i = 0; i < n; i++)
    g_variant_builder_add (&ranges, "(tt)", offset + 8 * i, (guint64) 1);

  return g_variant_builder_end (&ranges);
}

/* A worker that says more than one could need, to hold up the others. */
static void
test_too_many_ranges_are_not_taken (Fixture *fixture, gconstpointer data)
{
  const BtsByteRanges *taken;

  start (fixture->operation);
  for (guint i = 0; i < 3; i++)
    {
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
      g_autoptr (GVariant) update = NULL;

      g_variant_dict_insert_value (&dict, "added", make_ranges (i == 0 ? 20000 : 10000, 4 * i));
      update = g_variant_ref_sink (g_variant_dict_end (&dict));
      bts_operation_take_update (fixture->operation, update);
    }

  taken = bts_operation_get_ranges (fixture->operation);
  g_assert_cmpuint (bts_byte_ranges_get_count (taken), ==, 10000);
}

static void
test_reports_are_taken (Fixture *fixture, gconstpointer data)
{
  guint64 version;

  start (fixture->operation);
  assert_changes (fixture, BTS_CHANGE_STATUS | BTS_CHANGE_BLOCKERS);
  version = bts_operation_get_version (fixture->operation);

  bts_operation_take_progress (fixture->operation, 10, 0, 0, 0);
  assert_changes (fixture, BTS_CHANGE_PROGRESS);
  g_assert_cmpuint (bts_operation_get_version (fixture->operation), ==, version);

  update (fixture, "{'checkpoint': <{'file': <b'x'>}>, 'response': <{'status-code': <uint32 200>}>,"
                   " 'ranges': <[(uint64 0, uint64 50)]>, 'added': <[(uint64 0, uint64 50)]>,"
                   " 'bytes-received': <uint64 50>, 'total-bytes-to-receive': <uint64 100>,"
                   " 'destination': <'/tmp/x (1)'>}");
  assert_changes (fixture, BTS_CHANGE_RESPONSE | BTS_CHANGE_PROGRESS);
  g_assert_cmpuint (bts_operation_get_version (fixture->operation), ==, version + 1);
  g_assert_cmpuint (bts_operation_get_bytes_received (fixture->operation), ==, 50);
  g_assert_cmpuint (bts_operation_get_total_to_receive (fixture->operation), ==, 100);
  g_assert_cmpuint (bts_byte_ranges_get_total (bts_operation_get_ranges (fixture->operation)), ==,
                    50);
  g_assert_cmpstr (bts_operation_get_destination (fixture->operation), ==, "/tmp/x (1)");
  g_assert_cmpstr (bts_request_get_destination (bts_operation_get_request (fixture->operation)), ==,
                   "/tmp/x");
  g_assert_cmpuint (fixture->n_ranges, ==, 1);
  g_assert_false (fixture->was_restarted);

  update (fixture, "{'has-restarted': <true>, 'ranges': <[(uint64 0, uint64 5)]>,"
                   " 'added': <[(uint64 0, uint64 5)]>}");
  assert_changes (fixture, BTS_CHANGE_RESPONSE);
  g_assert_true (bts_operation_has_restarted (fixture->operation));
  g_assert_true (fixture->was_restarted);

  update (fixture, "{'has-restarted': <true>, 'added': <[(uint64 5, uint64 5)]>}");
  g_assert_cmpuint (bts_byte_ranges_get_total (bts_operation_get_ranges (fixture->operation)), ==,
                    10);
  g_assert_false (fixture->was_restarted);
}

/* Not too large, but each of them a value. */
static void
report_many_bytes (Fixture *fixture)
{
  g_autoptr (GString) text = g_string_new ("{'checkpoint': <{'x': <@ay [0x1");

  for (guint i = 0; i < 200 * 1024; i++)
    g_string_append (text, ",1");
  g_string_append (text, "]>}>}");
  update (fixture, text->str);
}

static void
test_wrong_reports_are_ignored (Fixture *fixture, gconstpointer data)
{
  start (fixture->operation);
  fixture->n_changed = 0;
  fixture->changes = 0;

  update (fixture, "@a{sv} {}");
  update (fixture, "5");
  update (fixture, "{'unknown': <5>, 'checkpoint': <5>, 'response': <'x'>, 'ranges': <[5]>,"
                   " 'added': <b'x'>, 'bytes-received': <5>, 'total-bytes-to-receive': <int64 5>,"
                   " 'has-restarted': <uint32 1>, 'destination': <true>}");
  update (fixture, "{'destination': <'relative'>}");
  update (fixture, "{'destination': <''>}");
  update (fixture, "{'response': <{'status-code': <'200'>}>}");
  update (fixture, "{'response': <{'headers': <@a{ss} {}>}>}");
  update (fixture, "{'response': <{'status-code': <uint32 200>, 'x': <5>}>}");
  update (fixture, "{'checkpoint': <{'x': <handle 0>}>}");
  report_many_bytes (fixture);
  update (fixture, "{'ranges': <[(uint64 5, uint64 5), (uint64 0, uint64 1)]>}");
  update (fixture, "{'added': <[(uint64 18446744073709551615, uint64 5)]>}");
  assert_changes (fixture, 0);
  g_assert_cmpuint (fixture->n_ranges, ==, 0);
}

static void
test_long_words_are_cut (Fixture *fixture, gconstpointer data)
{
  g_autofree char *name = g_strnfill (1000, 'd');
  g_autofree char *report = g_strdup_printf ("{'destination': <'/%s'>}", name);
  g_autoptr (GString) message = g_string_new ("x");
  const char *kept;

  start (fixture->operation);
  update (fixture, report);
  g_assert_cmpuint (strlen (bts_operation_get_destination (fixture->operation)), <, 800);

  for (guint i = 0; i < BTS_MAX_ERROR_MESSAGE_BYTES; i++)
    g_string_append (message, "é");
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_ERROR, BGT_WEB_ERROR_FILE_ERROR,
                        message->str, 1);
  kept = bts_operation_get_error_message (fixture->operation);
  g_assert_cmpuint (strlen (kept), ==, BTS_MAX_ERROR_MESSAGE_BYTES - 1);
  g_assert_true (g_utf8_validate (kept, -1, NULL));
  g_assert_true (g_str_has_prefix (message->str, kept));
}

static void
test_nothing_emits_nothing (Fixture *fixture, gconstpointer data)
{
  bts_operation_take_progress (fixture->operation, 0, 0, 0, 0);
  bts_operation_set_blockers (fixture->operation, 0, 0);
  g_assert_true (bts_operation_set_option (fixture->operation, "random-access", NULL, NULL));
  assert_changes (fixture, 0);
}

static void
test_paused_waits_for_no_turn (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (bts_operation_start (fixture->operation, 10, &error));
  bts_operation_set_blockers (
      fixture->operation, BTS_BLOCKER_METERED | BTS_BLOCKER_RETRY_DELAY | BTS_BLOCKER_HOST_LIMIT,
      1000);
  g_assert_true (bts_operation_pause (fixture->operation, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (bts_operation_get_blockers (fixture->operation), ==,
                    BTS_BLOCKER_METERED | BTS_BLOCKER_PAUSED);
  g_assert_cmpint (bts_operation_get_next_attempt (fixture->operation), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/model/operation/%s-takes-its-calls", statuses[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_each_status_takes_its_calls);
    }

#define ADD(name, function)                                                                        \
  g_test_add ("/model/operation/" name, Fixture, NULL, set_up, function, tear_down)

  ADD ("what-is-fixed-cannot-change", test_what_is_fixed_cannot_change);
  ADD ("calls-are-told-once", test_calls_are_told_once);
  ADD ("blockers-add-up", test_blockers_add_up);
  ADD ("paused-waits-for-no-turn", test_paused_waits_for_no_turn);
  ADD ("the-end-comes-once", test_the_end_comes_once);
  ADD ("resume-forgets-the-error", test_resume_forgets_the_error);
  ADD ("an-error-has-a-reason", test_an_error_has_a_reason);
  ADD ("same-options-are-no-change", test_same_options_are_no_change);
  ADD ("headers-are-replaced-by-name", test_headers_are_replaced_by_name);
  ADD ("reports-are-taken", test_reports_are_taken);
  ADD ("too-many-ranges-are-not-taken", test_too_many_ranges_are_not_taken);
  ADD ("wrong-reports-are-ignored", test_wrong_reports_are_ignored);
  ADD ("long-words-are-cut", test_long_words_are_cut);
  ADD ("nothing-emits-nothing", test_nothing_emits_nothing);

  return g_test_run ();
}
