/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/scheduler.h"

#include <time.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "tests/unit/fakes/daemon-fixture.h"

static void
advance_seconds (DaemonFixture *fixture, gint64 seconds)
{
  bts_clock_fake_advance (fixture->clock, seconds * G_USEC_PER_SEC);
}

static gint64
get_wall_time (DaemonFixture *fixture)
{
  return bts_clock_get_wall_time (BTS_CLOCK (fixture->clock));
}

static BtsOperation *
add_running (DaemonFixture *fixture)
{
  BtsOperation *operation = daemon_fixture_add_started (fixture);

  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  daemon_fixture_assert_words (fixture, operation, "running");
  return operation;
}

static gboolean
end_job (DaemonFixture *fixture, BtsOperation *operation, const char *web_error)
{
  return bts_launcher_fake_end_job (fixture->launcher, bts_operation_get_guid (operation),
                                    web_error);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = bts_jobs_settle_finish (BTS_JOBS (source), result, NULL);
}

static void
settle (DaemonFixture *fixture, BtsOperation *operation)
{
  gboolean is_settled = FALSE;

  bts_jobs_settle_async (fixture->jobs, operation, NULL, on_settled, &is_settled);
  daemon_fixture_wait (is_settled);
}

static void
pause_and_settle (DaemonFixture *fixture, BtsOperation *operation)
{
  g_autoptr (GError) error = NULL;

  bts_operation_pause (operation, &error);
  g_assert_no_error (error);
  settle (fixture, operation);
}

static void
cancel_and_settle (DaemonFixture *fixture, BtsOperation *operation)
{
  g_autoptr (GError) error = NULL;

  bts_operation_cancel (operation, &error);
  g_assert_no_error (error);
  settle (fixture, operation);
}

static void
resume (DaemonFixture *fixture, BtsOperation *operation)
{
  g_autoptr (GError) error = NULL;

  bts_operation_resume (operation, get_wall_time (fixture), &error);
  g_assert_no_error (error);
}

static void
test_nothing_moves_before_start (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = daemon_fixture_add (fixture, NULL, NULL);

  daemon_fixture_assert_words (fixture, operation, "idle: not-started");
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 0);
}

static void
test_started_operation_runs (DaemonFixture *fixture, gconstpointer data)
{
  add_running (fixture);
}

static void
test_success_completes (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  g_assert_true (end_job (fixture, operation, ""));
  daemon_fixture_assert_words (fixture, operation, "completed");
}

static void
test_roaming_pauses_and_resumes (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  fixture->conditions.cost_type = BGT_COST_TYPE_FIXED;
  fixture->conditions.is_roaming = TRUE;
  bts_scheduler_queue (fixture->scheduler);
  daemon_fixture_wait (!daemon_fixture_has_job (fixture, operation));
  g_assert_cmpint (bts_operation_get_status (operation), ==,
                   BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK);

  fixture->conditions.cost_type = BGT_COST_TYPE_UNRESTRICTED;
  fixture->conditions.is_roaming = FALSE;
  bts_scheduler_queue (fixture->scheduler);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  daemon_fixture_assert_words (fixture, operation, "running");
}

static void
test_no_network_stops (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  fixture->conditions.connectivity = BGT_CONNECTIVITY_NONE;
  bts_scheduler_queue (fixture->scheduler);
  daemon_fixture_wait (!daemon_fixture_has_job (fixture, operation));
  daemon_fixture_assert_words (fixture, operation, "paused-no-network: no-network");
}

static void
test_failure_without_network_is_not_counted (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  for (guint i = 0; i < 5; i++)
    {
      fixture->conditions.connectivity = BGT_CONNECTIVITY_NONE;
      end_job (fixture, operation, "disconnected");
      daemon_fixture_assert_words (fixture, operation, "paused-no-network: no-network");
      fixture->conditions.connectivity = BGT_CONNECTIVITY_FULL;
      bts_scheduler_queue (fixture->scheduler);
      daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
    }
  g_assert_cmpuint (bts_operation_get_attempts (operation), ==, 0);
}

static void
test_host_limit_holds_and_is_handed_on (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operations[4];

  fixture->limits.max_active_per_host = 2;
  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    {
      operations[i] = daemon_fixture_add_started (fixture);
      advance_seconds (fixture, 1);
    }
  daemon_fixture_wait (bts_launcher_fake_get_n_jobs (fixture->launcher) == 2);
  daemon_fixture_assert_words (fixture, operations[1], "running");
  daemon_fixture_assert_words (fixture, operations[2], "idle: host-limit");
  g_assert_cmpuint (bts_launcher_fake_get_n_jobs (fixture->launcher), ==, 2);

  end_job (fixture, operations[0], "");
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operations[2]));
  daemon_fixture_assert_words (fixture, operations[3], "idle: host-limit");
}

static void
test_higher_priority_takes_the_slot (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *low;
  BtsOperation *high;

  fixture->limits.max_active = 1;
  low = add_running (fixture);
  high = daemon_fixture_add (fixture, "priority", "'high'");
  daemon_fixture_start (fixture, high);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, high));
  daemon_fixture_assert_words (fixture, low, "idle: machine-limit");
  g_assert_cmpuint (bts_launcher_fake_get_n_jobs (fixture->launcher), ==, 1);
}

static void
test_what_is_arriving_does_not_move (DaemonFixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) first = g_object_ref (daemon_fixture_add (fixture, NULL, NULL));

  bts_registry_remove (fixture->registry, first);
  bts_registry_add_arriving (fixture->registry, first);
  daemon_fixture_start (fixture, first);
  daemon_fixture_settle (fixture);
  g_assert_false (daemon_fixture_has_job (fixture, first));

  bts_registry_end_arrival (fixture->registry, first);
  daemon_fixture_add (fixture, NULL, NULL);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, first));
}

/* With transfers that never end, as servers and users can have them. */
static void
test_no_user_keeps_all_places (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *endless[4];
  BtsOperation *other;

  fixture->limits.max_active_per_host = G_N_ELEMENTS (endless);
  for (guint i = 0; i < G_N_ELEMENTS (endless); i++)
    {
      endless[i] = add_running (fixture);
      advance_seconds (fixture, 1);
    }
  advance_seconds (fixture, 100);
  fixture->uid++;
  other = daemon_fixture_add_started (fixture);
  daemon_fixture_settle (fixture);
  daemon_fixture_assert_words (fixture, other, "idle: host-limit");

  advance_seconds (fixture, 10);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, other));
  daemon_fixture_assert_words (fixture, other, "running");
  daemon_fixture_assert_words (fixture, endless[3], "idle: host-limit");
  /* That is all, however often it is dealt. */
  for (guint i = 0; i < 3; i++)
    {
      advance_seconds (fixture, 10);
      daemon_fixture_settle (fixture);
      daemon_fixture_assert_words (fixture, endless[3], "idle: host-limit");
      g_assert_true (daemon_fixture_has_job (fixture, other));
      g_assert_true (daemon_fixture_has_job (fixture, endless[2]));
    }
}

static void
test_not_before_is_waited_for (DaemonFixture *fixture, gconstpointer data)
{
  gint64 not_before = get_wall_time (fixture) + 100 * G_USEC_PER_SEC;
  g_autofree char *value = g_strdup_printf ("int64 %" G_GINT64_FORMAT, not_before);
  BtsOperation *operation = daemon_fixture_add (fixture, "not-before", value);

  daemon_fixture_start (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "idle: not-before");
  g_assert_cmpint (bts_operation_get_next_attempt (operation), ==, not_before);
  advance_seconds (fixture, 99);
  daemon_fixture_assert_words (fixture, operation, "idle: not-before");
  advance_seconds (fixture, 1);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  g_assert_cmpint (bts_operation_get_next_attempt (operation), ==, 0);
}

static void
test_deadline_ends_with_timeout (DaemonFixture *fixture, gconstpointer data)
{
  gint64 deadline = get_wall_time (fixture) + 100 * G_USEC_PER_SEC;
  g_autofree char *value = g_strdup_printf ("int64 %" G_GINT64_FORMAT, deadline);
  BtsOperation *operation = daemon_fixture_add (fixture, "deadline", value);

  daemon_fixture_start (fixture, operation);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  advance_seconds (fixture, 101);
  daemon_fixture_wait (bts_operation_is_finished (operation));
  g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_TIMEOUT);
  g_assert_false (daemon_fixture_has_job (fixture, operation));
}

/* What its worker sends may reach the server only once. */
static BtsOperation *
add_committed (DaemonFixture *fixture)
{
  BtsOperation *operation = add_running (fixture);

  g_assert_true (bts_launcher_fake_report (fixture->launcher, "Checkpoint",
                                           bts_operation_get_guid (operation),
                                           g_variant_new_parsed ("{'is-committed': <true>}")));
  return operation;
}

static void
test_what_can_be_done_only_once_is_not_broken_off (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_committed (fixture);
  const BtsConditions calm = fixture->conditions;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4; i++)
    {
      fixture->conditions = calm;
      if (i == 0)
        fixture->conditions.cost_type = BGT_COST_TYPE_FIXED;
      fixture->conditions.is_roaming = i == 0;
      if (i == 1)
        fixture->conditions.connectivity = BGT_CONNECTIVITY_NONE;
      fixture->conditions.is_suspending = i == 2;
      if (i == 3)
        fixture->limits.max_active = 0;
      bts_scheduler_queue (fixture->scheduler);
      daemon_fixture_settle (fixture);
      g_assert_true (daemon_fixture_has_job (fixture, operation));
      daemon_fixture_assert_words (fixture, operation, "running");
    }
  g_assert_false (bts_operation_pause (operation, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE);
  g_assert_cmpuint (bts_launcher_fake_get_n_calls (fixture->launcher, "Stop"), ==, 0);

  cancel_and_settle (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "canceled");
}

static void
test_what_has_been_done_once_is_not_tried_again (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_committed (fixture);

  g_assert_true (bts_launcher_fake_report (
      fixture->launcher, "Finished", bts_operation_get_guid (operation),
      g_variant_new_parsed ("{'web-error-status': <'connection-reset'>, 'may-retry': <false>}")));
  daemon_fixture_settle (fixture);
  daemon_fixture_assert_words (fixture, operation, "error");
  g_assert_cmpuint (bts_launcher_fake_get_n_calls (fixture->launcher, "Start"), ==, 1);

  /* The user asks for it; nothing is committed yet. */
  resume (fixture, operation);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  pause_and_settle (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "paused-by-application: paused");
}

static BtsOperation *
add_with_deadline (DaemonFixture *fixture, gint64 seconds)
{
  gint64 deadline = get_wall_time (fixture) + seconds * G_USEC_PER_SEC;
  g_autofree char *value = g_strdup_printf ("int64 %" G_GINT64_FORMAT, deadline);

  return daemon_fixture_add (fixture, "deadline", value);
}

static void
assert_expired (BtsOperation *operation)
{
  daemon_fixture_wait (bts_operation_is_finished (operation));
  g_assert_cmpint (bts_operation_get_status (operation), ==, BGT_OPERATION_STATUS_ERROR);
  g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_TIMEOUT);
}

static void
test_deadline_ends_what_does_not_move (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *idle = add_with_deadline (fixture, 100);
  BtsOperation *paused = add_with_deadline (fixture, 100);
  BtsOperation *offline = add_with_deadline (fixture, 100);
  BtsOperation *later = add_with_deadline (fixture, 1000);

  fixture->conditions.connectivity = BGT_CONNECTIVITY_NONE;
  bts_scheduler_queue (fixture->scheduler);
  daemon_fixture_start (fixture, paused);
  pause_and_settle (fixture, paused);
  daemon_fixture_start (fixture, offline);
  daemon_fixture_start (fixture, later);
  daemon_fixture_assert_words (fixture, idle, "idle: not-started no-network");
  daemon_fixture_assert_words (fixture, paused, "paused-by-application: paused no-network");
  daemon_fixture_assert_words (fixture, offline, "paused-no-network: no-network");
  advance_seconds (fixture, 101);
  assert_expired (idle);
  assert_expired (paused);
  assert_expired (offline);
  daemon_fixture_assert_words (fixture, later, "paused-no-network: no-network");
}

/* What counts is what the clock shows, also after it was set; that is noticed in a quarter of an
 * hour at most. */
static void
test_deadline_follows_the_clock (DaemonFixture *fixture, gconstpointer data)
{
  gint64 wall = get_wall_time (fixture);
  BtsOperation *operation = add_with_deadline (fixture, 100);

  daemon_fixture_start (fixture, operation);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  bts_clock_fake_set_wall_time (fixture->clock, wall - 1000 * G_USEC_PER_SEC);
  advance_seconds (fixture, 101);
  daemon_fixture_settle (fixture);
  g_assert_true (daemon_fixture_has_job (fixture, operation));
  bts_clock_fake_set_wall_time (fixture->clock, wall + 101 * G_USEC_PER_SEC);
  advance_seconds (fixture, 15 * 60);
  assert_expired (operation);
}

static void
test_not_before_follows_the_clock (DaemonFixture *fixture, gconstpointer data)
{
  gint64 not_before = get_wall_time (fixture) + 1000 * G_USEC_PER_SEC;
  g_autofree char *value = g_strdup_printf ("int64 %" G_GINT64_FORMAT, not_before);
  BtsOperation *operation = daemon_fixture_add (fixture, "not-before", value);

  daemon_fixture_start (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "idle: not-before");
  bts_clock_fake_set_wall_time (fixture->clock, not_before);
  advance_seconds (fixture, 15 * 60);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
}

static void
test_pause_stops_and_keeps_the_checkpoint (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) sent = NULL;
  const char *guid = bts_operation_get_guid (operation);
  GVariant *checkpoint = g_variant_new_parsed ("{'mine': <'kept'>}");

  g_variant_dict_insert_value (&update, "checkpoint", checkpoint);
  g_assert_true (bts_launcher_fake_report (fixture->launcher, "Checkpoint", guid,
                                           g_variant_dict_end (&update)));
  g_assert_cmpuint (test_folder_count (fixture->folder), ==, 1);

  pause_and_settle (fixture, operation);
  g_assert_false (daemon_fixture_has_job (fixture, operation));
  daemon_fixture_assert_words (fixture, operation, "paused-by-application: paused");

  resume (fixture, operation);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  sent =
      g_variant_get_child_value (bts_launcher_fake_get_last_call (fixture->launcher, "Start"), 2);
  g_assert_true (g_variant_lookup (sent, "mine", "&s", &guid));
  g_assert_cmpstr (guid, ==, "kept");
}

typedef struct
{
  DaemonFixture *fixture;
  BtsOperation *operation;
  guint n_settled;
} Removal;

static void
on_settled_to_remove (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Removal *removal = user_data;

  g_assert_true (bts_jobs_settle_finish (BTS_JOBS (source), result, NULL));
  removal->n_settled++;
  bts_registry_remove (removal->fixture->registry, removal->operation);
}

/* Who waits for the same operation may be answered by what another does with the answer. */
static void
test_one_that_waits_may_remove_it (DaemonFixture *fixture, gconstpointer data)
{
  Removal removal = { fixture, add_running (fixture), 0 };

  g_assert_true (bts_operation_pause (removal.operation, NULL));
  for (guint i = 0; i < 3; i++)
    bts_jobs_settle_async (fixture->jobs, removal.operation, NULL, on_settled_to_remove, &removal);
  daemon_fixture_wait (removal.n_settled == 3);
  daemon_fixture_settle (fixture);
  g_assert_cmpuint (removal.n_settled, ==, 3);
}

static void
test_cancel_removes_what_arrived (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  cancel_and_settle (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "canceled");
  g_assert_cmpuint (bts_launcher_fake_get_n_calls (fixture->launcher, "Stop"), ==, 1);
  g_assert_cmpuint (bts_launcher_fake_get_n_calls (fixture->launcher, "Discard"), ==, 1);
}

static void
test_cancel_before_start_needs_no_worker (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = daemon_fixture_add (fixture, NULL, NULL);

  cancel_and_settle (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "canceled");
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 0);
}

static void
test_failure_is_tried_again_after_the_delay (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  for (guint i = 0; i < fixture->limits.max_retries; i++)
    {
      gint64 delay;

      end_job (fixture, operation, "disconnected");
      daemon_fixture_assert_words (fixture, operation, "running: retry-delay");
      g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_DISCONNECTED);
      delay = bts_operation_get_next_attempt (operation) - get_wall_time (fixture);
      g_assert_cmpint (delay, >, 0);
      g_assert_false (daemon_fixture_has_job (fixture, operation));
      bts_clock_fake_advance (fixture->clock, delay);
      daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
      g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_NONE);
    }
  end_job (fixture, operation, "disconnected");
  daemon_fixture_assert_words (fixture, operation, "error");
  g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_DISCONNECTED);
}

static void
test_pause_ends_the_retry_delay (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  end_job (fixture, operation, "disconnected");
  daemon_fixture_assert_words (fixture, operation, "running: retry-delay");
  pause_and_settle (fixture, operation);
  g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_NONE);
  resume (fixture, operation);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
}

static void
test_hopeless_failure_is_an_error_at_once (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  end_job (fixture, operation, "http-404");
  daemon_fixture_assert_words (fixture, operation, "error");
  g_assert_cmpint (bts_operation_get_web_error (operation), ==, 404);
}

static void
test_recoverable_failure_pauses (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = daemon_fixture_add (fixture, "recoverable-errors", "['http-403']");

  daemon_fixture_start (fixture, operation);
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
  end_job (fixture, operation, "http-403");
  daemon_fixture_assert_words (fixture, operation, "paused-recoverable-error: recoverable-error");
}

static void
test_nonsense_from_the_worker_is_a_failure (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);
  const char *guid = bts_operation_get_guid (operation);

  g_assert_true (bts_launcher_fake_report (fixture->launcher, "Finished", guid,
                                           g_variant_new ("a{sv}", NULL)));
  daemon_fixture_assert_words (fixture, operation, "running: retry-delay");
}

static void
test_report_about_nothing_is_refused (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *idle = daemon_fixture_add (fixture, NULL, NULL);

  add_running (fixture);
  g_assert_false (bts_launcher_fake_end_job (fixture->launcher, "no-such-guid", ""));
  g_assert_false (end_job (fixture, idle, ""));
  daemon_fixture_assert_words (fixture, idle, "idle: not-started");
}

/* A checkpoint of so many bytes, each a value. */
static GVariant *
new_report (gsize size)
{
  g_autofree guint8 *bytes = g_malloc0 (size);
  g_auto (GVariantDict) checkpoint = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert_value (&checkpoint, "x",
                               g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, size, 1));
  g_variant_dict_insert_value (&update, "checkpoint", g_variant_dict_end (&checkpoint));
  return g_variant_dict_end (&update);
}

/* Operations that are there go on, but what is kept of them is bounded, whatever a worker says. */
static void
test_little_is_taken_where_there_is_no_room (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);
  const char *guid = bts_operation_get_guid (operation);
  BtsOwner *owner = bts_operation_get_owner (operation);
  GVariant *kept;

  while (bts_usage_has_room_for_reports (bts_registry_get_usage (fixture->registry), owner))
    {
      g_autoptr (GVariant) report = g_variant_ref_sink (new_report (60 * 1024));

      bts_operation_take_update (daemon_fixture_add (fixture, NULL, NULL), report);
    }
  g_assert_true (
      bts_launcher_fake_report (fixture->launcher, "Checkpoint", guid, new_report (30 * 1024)));
  g_assert_null (bts_operation_get_checkpoint (operation));
  g_assert_true (
      bts_launcher_fake_report (fixture->launcher, "Checkpoint", guid, new_report (100)));
  kept = bts_operation_get_checkpoint (operation);
  g_assert_cmpuint (g_variant_get_size (kept), <, 200);
  g_assert_true (bts_launcher_fake_end_job (fixture->launcher, guid, ""));
  daemon_fixture_assert_words (fixture, operation, "completed");
}

static void
fill_beyond_the_reserve (DaemonFixture *fixture)
{
  BtsOperation *other = daemon_fixture_add (fixture, NULL, NULL);

  while (bts_usage_get_checkpoint_room (bts_registry_get_usage (fixture->registry), other) > 0)
    {
      g_autoptr (GVariant) report = g_variant_ref_sink (new_report (60 * 1024));

      bts_operation_take_update (daemon_fixture_add (fixture, NULL, NULL), report);
    }
}

/* Without it a transfer would begin anew. What replaces an equally large one takes no room. */
static void
test_checkpoint_has_room_of_its_own (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);
  const char *guid = bts_operation_get_guid (operation);
  BtsOwner *owner = bts_operation_get_owner (operation);
  g_autoptr (GVariant) first = NULL;

  while (bts_usage_has_room_for_reports (bts_registry_get_usage (fixture->registry), owner))
    {
      g_autoptr (GVariant) report = g_variant_ref_sink (new_report (60 * 1024));

      bts_operation_take_update (daemon_fixture_add (fixture, NULL, NULL), report);
    }
  bts_launcher_fake_report (fixture->launcher, "Checkpoint", guid, new_report (2000));
  g_assert_nonnull (bts_operation_get_checkpoint (operation));
  first = g_variant_ref (bts_operation_get_checkpoint (operation));

  fill_beyond_the_reserve (fixture);
  bts_launcher_fake_report (fixture->launcher, "Checkpoint", guid, new_report (2001));
  g_assert_true (bts_operation_get_checkpoint (operation) == first);
  bts_launcher_fake_report (fixture->launcher, "Checkpoint", guid, new_report (1999));
  g_assert_true (bts_operation_get_checkpoint (operation) != first);
}

static void
test_crash_is_a_retry (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  advance_seconds (fixture, 20);
  for (guint i = 1; i <= 20; i++)
    {
      bts_launcher_fake_progress (fixture->launcher, bts_operation_get_guid (operation), i * 10);
      daemon_fixture_wait (bts_operation_get_bytes_received (operation) == i * 10);
      bts_launcher_fake_crash (fixture->launcher);
      daemon_fixture_wait (bts_launcher_fake_get_n_launches (fixture->launcher) == i + 1);
      daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
    }
  daemon_fixture_assert_words (fixture, operation, "running");
}

static void
test_transfer_that_kills_its_worker_is_an_error (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);

  for (guint i = 0; i < 5; i++)
    {
      daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
      bts_launcher_fake_crash (fixture->launcher);
      daemon_fixture_settle (fixture);
      if (bts_operation_get_next_attempt (operation) != 0)
        bts_clock_fake_advance (fixture->clock, bts_operation_get_next_attempt (operation) -
                                                    get_wall_time (fixture));
    }
  daemon_fixture_assert_words (fixture, operation, "error");
  g_assert_cmpint (bts_operation_get_web_error (operation), ==, BGT_WEB_ERROR_CONNECTION_ABORTED);
}

static void
test_worker_that_cannot_be_started_is_waited_for (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = daemon_fixture_add (fixture, NULL, NULL);

  bts_launcher_fake_set_refuses (fixture->launcher, TRUE);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "No worker for user*");
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "No worker for user*");
  daemon_fixture_start (fixture, operation);
  daemon_fixture_assert_words (fixture, operation, "running: retry-delay");
  g_test_assert_expected_messages ();

  bts_launcher_fake_set_refuses (fixture->launcher, FALSE);
  bts_clock_fake_advance (fixture->clock,
                          bts_operation_get_next_attempt (operation) - get_wall_time (fixture));
  daemon_fixture_wait (daemon_fixture_has_job (fixture, operation));
}

static void
test_change_reaches_a_running_job (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);
  g_autoptr (GVariant) changes = NULL;
  g_autoptr (GError) error = NULL;
  guint64 max_rate;

  bts_operation_set_option (operation, "max-rate",
                            g_variant_new_uint64 (G_GUINT64_CONSTANT (123456)), &error);
  g_assert_no_error (error);
  daemon_fixture_wait (bts_launcher_fake_get_n_calls (fixture->launcher, "Change") == 1);
  changes =
      g_variant_get_child_value (bts_launcher_fake_get_last_call (fixture->launcher, "Change"), 1);
  g_assert_true (g_variant_lookup (changes, "max-rate", "t", &max_rate));
  g_assert_cmpuint (max_rate, ==, 123456);
}

static void
test_alarms_do_not_pile_up (DaemonFixture *fixture, gconstpointer data)
{
  gint64 not_before = get_wall_time (fixture) + 100 * G_USEC_PER_SEC;
  g_autofree char *value = g_strdup_printf ("int64 %" G_GINT64_FORMAT, not_before);

  for (guint i = 0; i < 20; i++)
    {
      daemon_fixture_start (fixture, daemon_fixture_add (fixture, "not-before", value));
      daemon_fixture_settle (fixture);
    }
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (fixture->clock), ==, 1);
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(gboolean *) user_data = bts_jobs_stop_finish (BTS_JOBS (source), result, NULL);
}

static void
test_stop_leaves_intents_alone (DaemonFixture *fixture, gconstpointer data)
{
  BtsOperation *operation = add_running (fixture);
  gboolean is_stopped = FALSE;

  bts_scheduler_stop (fixture->scheduler);
  bts_jobs_stop_async (fixture->jobs, on_stopped, &is_stopped);
  daemon_fixture_wait (is_stopped);
  g_assert_false (daemon_fixture_has_job (fixture, operation));
  g_assert_cmpint (bts_operation_get_intent (operation), ==, BTS_INTENT_GO);
}

static void
test_ten_thousand_waiting_are_decided_quickly (DaemonFixture *fixture, gconstpointer data)
{
  GPtrArray *operations = bts_registry_get_operations (fixture->registry);
  guint n_due = 0;
  clock_t begin;
  double seconds;

  for (guint i = 0; i < 10000; i++)
    daemon_fixture_add_started (fixture);
  /* The processor's time: others may have it, too. */
  begin = clock ();
  daemon_fixture_wait (bts_launcher_fake_get_n_jobs (fixture->launcher) == 8);
  seconds = (double) (clock () - begin) / CLOCKS_PER_SEC;
  g_test_message ("decided in %.1f ms", seconds * 1000);
  g_assert_cmpfloat (seconds, <, 2);
  for (guint i = 0; i < operations->len; i++)
    n_due += bts_operation_get_blockers (operations->pdata[i]) == 0;
  g_assert_cmpuint (n_due, ==, 8);
}

typedef struct
{
  const char *name;
  void (*run) (DaemonFixture *fixture, gconstpointer data);
} TestRow;

static const TestRow tests[] = {
  { "nothing-moves-before-start", test_nothing_moves_before_start },
  { "started-operation-runs", test_started_operation_runs },
  { "success-completes", test_success_completes },
  { "roaming-pauses-and-resumes", test_roaming_pauses_and_resumes },
  { "no-network-stops", test_no_network_stops },
  { "failure-without-network-is-not-counted", test_failure_without_network_is_not_counted },
  { "host-limit-holds-and-is-handed-on", test_host_limit_holds_and_is_handed_on },
  { "higher-priority-takes-the-slot", test_higher_priority_takes_the_slot },
  { "what-is-arriving-does-not-move", test_what_is_arriving_does_not_move },
  { "no-user-keeps-all-places", test_no_user_keeps_all_places },
  { "not-before-is-waited-for", test_not_before_is_waited_for },
  { "deadline-ends-with-timeout", test_deadline_ends_with_timeout },
  { "what-can-be-done-only-once-is-not-broken-off",
    test_what_can_be_done_only_once_is_not_broken_off },
  { "what-has-been-done-once-is-not-tried-again", test_what_has_been_done_once_is_not_tried_again },
  { "deadline-ends-what-does-not-move", test_deadline_ends_what_does_not_move },
  { "deadline-follows-the-clock", test_deadline_follows_the_clock },
  { "not-before-follows-the-clock", test_not_before_follows_the_clock },
  { "pause-stops-and-keeps-the-checkpoint", test_pause_stops_and_keeps_the_checkpoint },
  { "one-that-waits-may-remove-it", test_one_that_waits_may_remove_it },
  { "cancel-removes-what-arrived", test_cancel_removes_what_arrived },
  { "cancel-before-start-needs-no-worker", test_cancel_before_start_needs_no_worker },
  { "failure-is-tried-again-after-the-delay", test_failure_is_tried_again_after_the_delay },
  { "pause-ends-the-retry-delay", test_pause_ends_the_retry_delay },
  { "hopeless-failure-is-an-error-at-once", test_hopeless_failure_is_an_error_at_once },
  { "recoverable-failure-pauses", test_recoverable_failure_pauses },
  { "nonsense-from-the-worker-is-a-failure", test_nonsense_from_the_worker_is_a_failure },
  { "report-about-nothing-is-refused", test_report_about_nothing_is_refused },
  { "little-is-taken-where-there-is-no-room", test_little_is_taken_where_there_is_no_room },
  { "checkpoint-has-room-of-its-own", test_checkpoint_has_room_of_its_own },
  { "crash-is-a-retry", test_crash_is_a_retry },
  { "transfer-that-kills-its-worker-is-an-error", test_transfer_that_kills_its_worker_is_an_error },
  { "worker-that-cannot-be-started-is-waited-for",
    test_worker_that_cannot_be_started_is_waited_for },
  { "change-reaches-a-running-job", test_change_reaches_a_running_job },
  { "alarms-do-not-pile-up", test_alarms_do_not_pile_up },
  { "stop-leaves-intents-alone", test_stop_leaves_intents_alone },
  { "ten-thousand-waiting-are-decided-quickly", test_ten_thousand_waiting_are_decided_quickly },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/daemon/scheduler/", tests[i].name, NULL);

      g_test_add (path, DaemonFixture, NULL, daemon_fixture_set_up, tests[i].run,
                  daemon_fixture_tear_down);
    }
  return g_test_run ();
}
