/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-pool.h"

#include <unistd.h>

#include "tests/unit/fakes/daemon-fixture.h"

typedef struct
{
  BtsWorkerLink *link; /* (owned) (nullable) */
  GError *error;       /* (owned) (nullable) */
} Acquired;

static void
acquired_clear (Acquired *acquired)
{
  g_clear_object (&acquired->link);
  g_clear_error (&acquired->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Acquired, acquired_clear)

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Acquired *acquired = user_data;

  acquired->link =
      bts_worker_pool_acquire_finish (BTS_WORKER_POOL (source), result, &acquired->error);
}

static void
acquire (DaemonFixture *fixture, Acquired *acquired)
{
  acquired_clear (acquired);
  bts_worker_pool_acquire_async (fixture->pool, getuid (), on_acquired, acquired);
  daemon_fixture_wait (acquired->link != NULL || acquired->error != NULL);
}

static void
advance_seconds (DaemonFixture *fixture, gint64 seconds)
{
  bts_clock_fake_advance (fixture->clock, seconds * G_USEC_PER_SEC);
}

static void
test_one_worker_a_user (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) first = { NULL };
  g_auto (Acquired) second = { NULL };

  bts_worker_pool_acquire_async (fixture->pool, getuid (), on_acquired, &first);
  acquire (fixture, &second);
  daemon_fixture_wait (first.link != NULL);
  g_assert_true (first.link == second.link);
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 1);
}

static void
test_configured_before_anything_else (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };
  g_autoptr (GVariant) settings = NULL;
  guint64 checkpoint_bytes;

  acquire (fixture, &acquired);
  g_assert_cmpuint (bts_launcher_fake_get_n_calls (fixture->launcher, "Configure"), ==, 1);
  settings = g_variant_get_child_value (
      bts_launcher_fake_get_last_call (fixture->launcher, "Configure"), 0);
  g_assert_true (g_variant_lookup (settings, "checkpoint-bytes", "t", &checkpoint_bytes));
  g_assert_cmpuint (checkpoint_bytes, ==, fixture->limits.checkpoint_bytes);
}

static void
test_new_limits_are_told (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  acquire (fixture, &acquired);
  bts_worker_pool_configure (fixture->pool);
  daemon_fixture_wait (bts_launcher_fake_get_n_calls (fixture->launcher, "Configure") == 2);
}

static void
test_held_worker_stays (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  acquire (fixture, &acquired);
  advance_seconds (fixture, 1000);
  daemon_fixture_settle (fixture);
  g_assert_true (bts_launcher_fake_is_alive (fixture->launcher));
  g_assert_false (bts_worker_pool_is_idle (fixture->pool));
}

static void
test_unused_worker_is_let_go (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  acquire (fixture, &acquired);
  bts_worker_pool_release (fixture->pool, acquired.link);
  g_assert_true (bts_worker_pool_is_idle (fixture->pool));
  advance_seconds (fixture, 9);
  daemon_fixture_settle (fixture);
  g_assert_true (bts_launcher_fake_is_alive (fixture->launcher));
  advance_seconds (fixture, 2);
  daemon_fixture_wait (!bts_launcher_fake_is_alive (fixture->launcher));
}

static void
test_worker_that_was_let_go_is_followed_by_another (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) first = { NULL };
  g_auto (Acquired) second = { NULL };

  acquire (fixture, &first);
  bts_worker_pool_release (fixture->pool, first.link);
  advance_seconds (fixture, 11);
  bts_worker_pool_acquire_async (fixture->pool, getuid (), on_acquired, &second);
  daemon_fixture_settle (fixture);
  g_assert_null (second.link);

  /* Only when the first has really ended. */
  bts_launcher_fake_crash (fixture->launcher);
  daemon_fixture_wait (second.link != NULL);
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 2);
}

static void
test_worker_that_does_not_leave_is_ended (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) first = { NULL };
  g_auto (Acquired) second = { NULL };

  acquire (fixture, &first);
  bts_worker_pool_release (fixture->pool, first.link);
  advance_seconds (fixture, 11);
  bts_worker_pool_acquire_async (fixture->pool, getuid (), on_acquired, &second);
  advance_seconds (fixture, 6);
  daemon_fixture_wait (second.link != NULL);
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 2);
}

static void
test_worker_that_hangs_in_the_kernel_is_followed_by_another (DaemonFixture *fixture,
                                                             gconstpointer data)
{
  g_auto (Acquired) first = { NULL };
  g_auto (Acquired) second = { NULL };

  bts_launcher_fake_set_undying (fixture->launcher, TRUE);
  acquire (fixture, &first);
  bts_worker_pool_release (fixture->pool, first.link);
  advance_seconds (fixture, 11);
  bts_worker_pool_acquire_async (fixture->pool, getuid (), on_acquired, &second);
  advance_seconds (fixture, 6);
  advance_seconds (fixture, 17);
  daemon_fixture_settle (fixture);
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 1);

  advance_seconds (fixture, 2);
  daemon_fixture_wait (second.link != NULL);
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 2);
}

static GVariant *
get_known_servers (DaemonFixture *fixture)
{
  g_autoptr (GVariant) settings = g_variant_get_child_value (
      bts_launcher_fake_get_last_call (fixture->launcher, "Configure"), 0);

  return g_variant_lookup_value (settings, "upload-protocols", G_VARIANT_TYPE ("a{ss}"));
}

static void
test_next_worker_knows_what_the_last_one_learned (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) first = { NULL };
  g_auto (Acquired) second = { NULL };
  g_auto (Acquired) other = { NULL };
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;
  g_autoptr (GVariant) others = NULL;
  const char *protocol = NULL;

  acquire (fixture, &first);
  before = get_known_servers (fixture);
  g_assert_cmpuint (g_variant_n_children (before), ==, 0);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "*ServerKnown of type (u)*");
  bts_launcher_fake_know_server (fixture->launcher, g_variant_new ("(u)", 1));
  bts_launcher_fake_know_server (fixture->launcher, g_variant_new ("(ss)", "http://a:80", "tus"));
  /* Signals and answers keep their order. */
  bts_worker_pool_configure (fixture->pool);
  daemon_fixture_wait (bts_launcher_fake_get_n_calls (fixture->launcher, "Configure") == 2);
  daemon_fixture_settle (fixture);
  g_test_assert_expected_messages ();

  bts_launcher_fake_crash (fixture->launcher);
  acquire (fixture, &second);
  after = get_known_servers (fixture);
  g_assert_true (g_variant_lookup (after, "http://a:80", "&s", &protocol));
  g_assert_cmpstr (protocol, ==, "tus");

  /* Another user may get another answer, and must not see who has asked. */
  bts_worker_pool_acquire_async (fixture->pool, getuid () + 1, on_acquired, &other);
  daemon_fixture_wait (other.link != NULL);
  others = get_known_servers (fixture);
  g_assert_cmpuint (g_variant_n_children (others), ==, 0);
}

static void
crash_held (DaemonFixture *fixture)
{
  g_auto (Acquired) acquired = { NULL };

  acquire (fixture, &acquired);
  g_assert_no_error (acquired.error);
  bts_launcher_fake_crash (fixture->launcher);
  daemon_fixture_wait (bts_worker_link_is_closed (acquired.link));
}

static void
test_first_crash_costs_no_time (DaemonFixture *fixture, gconstpointer data)
{
  crash_held (fixture);
  g_assert_cmpint (bts_worker_pool_get_not_before (fixture->pool, getuid ()), ==, 0);
}

static void
test_crashes_in_a_row_take_longer_and_longer (DaemonFixture *fixture, gconstpointer data)
{
  gint64 last_delay = 0;

  crash_held (fixture);
  for (guint i = 0; i < 12; i++)
    {
      gint64 now = bts_clock_get_boot_time (BTS_CLOCK (fixture->clock));
      gint64 delay;

      crash_held (fixture);
      delay = bts_worker_pool_get_not_before (fixture->pool, getuid ()) - now;
      g_assert_cmpint (delay, >=, MAX (last_delay, 1));
      g_assert_cmpint (delay, <=, 60 * G_USEC_PER_SEC);
      last_delay = delay;
      bts_clock_fake_advance (fixture->clock, delay);
    }
  g_assert_cmpint (last_delay, ==, 60 * G_USEC_PER_SEC);
}

static void
test_progress_forgives_crashes (DaemonFixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 20; i++)
    {
      crash_held (fixture);
      bts_worker_pool_note_progress (fixture->pool, getuid ());
      g_assert_cmpint (bts_worker_pool_get_not_before (fixture->pool, getuid ()), ==, 0);
    }
}

static void
test_back_off_refuses_at_once (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  crash_held (fixture);
  crash_held (fixture);
  acquire (fixture, &acquired);
  g_assert_nonnull (acquired.error);
  g_assert_cmpuint (bts_launcher_fake_get_n_launches (fixture->launcher), ==, 2);
}

static void
test_failed_launch_is_an_error (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  bts_launcher_fake_set_refuses (fixture->launcher, TRUE);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "No worker for user*");
  acquire (fixture, &acquired);
  g_test_assert_expected_messages ();
  g_assert_nonnull (acquired.error);
  g_assert_true (bts_worker_pool_is_idle (fixture->pool));
}

static void
test_worker_that_never_answers_is_given_up (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  bts_launcher_fake_set_mute (fixture->launcher, "Configure");
  bts_worker_pool_acquire_async (fixture->pool, getuid (), on_acquired, &acquired);
  daemon_fixture_wait (bts_launcher_fake_get_n_calls (fixture->launcher, "Configure") == 1);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "No worker for user*");
  advance_seconds (fixture, 21);
  g_test_assert_expected_messages ();
  daemon_fixture_wait (acquired.error != NULL);
  g_assert_false (bts_launcher_fake_is_alive (fixture->launcher));
}

static void
test_closed_pool_refuses (DaemonFixture *fixture, gconstpointer data)
{
  g_auto (Acquired) acquired = { NULL };

  bts_worker_pool_close (fixture->pool);
  acquire (fixture, &acquired);
  g_assert_nonnull (acquired.error);
}

typedef struct
{
  const char *name;
  void (*run) (DaemonFixture *fixture, gconstpointer data);
} TestRow;

static const TestRow tests[] = {
  { "one-worker-a-user", test_one_worker_a_user },
  { "configured-before-anything-else", test_configured_before_anything_else },
  { "new-limits-are-told", test_new_limits_are_told },
  { "held-worker-stays", test_held_worker_stays },
  { "unused-worker-is-let-go", test_unused_worker_is_let_go },
  { "worker-that-was-let-go-is-followed-by-another",
    test_worker_that_was_let_go_is_followed_by_another },
  { "worker-that-does-not-leave-is-ended", test_worker_that_does_not_leave_is_ended },
  { "worker-that-hangs-in-the-kernel-is-followed-by-another",
    test_worker_that_hangs_in_the_kernel_is_followed_by_another },
  { "next-worker-knows-what-the-last-one-learned",
    test_next_worker_knows_what_the_last_one_learned },
  { "first-crash-costs-no-time", test_first_crash_costs_no_time },
  { "crashes-in-a-row-take-longer-and-longer", test_crashes_in_a_row_take_longer_and_longer },
  { "progress-forgives-crashes", test_progress_forgives_crashes },
  { "back-off-refuses-at-once", test_back_off_refuses_at_once },
  { "failed-launch-is-an-error", test_failed_launch_is_an_error },
  { "worker-that-never-answers-is-given-up", test_worker_that_never_answers_is_given_up },
  { "closed-pool-refuses", test_closed_pool_refuses },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/daemon/worker-pool/", tests[i].name, NULL);

      g_test_add (path, DaemonFixture, NULL, daemon_fixture_set_up, tests[i].run,
                  daemon_fixture_tear_down);
    }
  return g_test_run ();
}
