/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/clock-system.h"
#include "tests/unit/fakes/clock-fake.h"

#define MS 1000

typedef struct
{
  BtsClock *clock; /* (unowned) */
  GString *calls;  /* (owned): one letter an alarm */
  guint other;     /* an alarm that this one removes */
  guint n_more;    /* how often the alarm adds itself again, for a time that has passed */
} Recorder;

static void
recorder_clear (Recorder *self)
{
  g_string_free (self->calls, TRUE);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Recorder, recorder_clear)

static void
on_a (gpointer user_data)
{
  g_string_append_c (((Recorder *) user_data)->calls, 'a');
}

static void
on_b (gpointer user_data)
{
  g_string_append_c (((Recorder *) user_data)->calls, 'b');
}

static void
on_remover (gpointer user_data)
{
  Recorder *recorder = user_data;

  g_string_append_c (recorder->calls, 'r');
  bts_clock_remove_alarm (recorder->clock, recorder->other);
}

static void
on_again (gpointer user_data)
{
  Recorder *recorder = user_data;

  g_string_append_c (recorder->calls, 'g');
  if (recorder->n_more-- > 0)
    bts_clock_add_alarm (recorder->clock, 0, on_again, recorder);
}

/* Lets the loop run until @n alarms have been called. */
static void
wait_for_calls (const Recorder *recorder, gsize n)
{
  while (recorder->calls->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_system_times_are_those_of_the_machine (void)
{
  g_autoptr (BtsClock) clock = bts_clock_system_new ();
  gint64 before = g_get_real_time ();
  gint64 wall_time = bts_clock_get_wall_time (clock);

  g_assert_cmpint (wall_time, >=, before);
  g_assert_cmpint (wall_time, <=, g_get_real_time ());
  g_assert_cmpint (bts_clock_get_boot_time (clock), >=, g_get_monotonic_time () - MS);
}

static void
test_system_alarms_come_in_order (void)
{
  g_autoptr (BtsClock) clock = bts_clock_system_new ();
  g_auto (Recorder) recorder = { .clock = clock, .calls = g_string_new (NULL) };
  gint64 now = bts_clock_get_boot_time (clock);

  g_assert_cmpuint (bts_clock_add_alarm (clock, now + 20 * MS, on_b, &recorder), !=, 0);
  g_assert_cmpuint (bts_clock_add_alarm (clock, now + 10 * MS, on_a, &recorder), !=, 0);
  wait_for_calls (&recorder, 2);

  g_assert_cmpstr (recorder.calls->str, ==, "ab");
  g_assert_cmpint (bts_clock_get_boot_time (clock), >=, now + 20 * MS);
}

static void
test_system_alarms_of_the_past_come_at_once (void)
{
  g_autoptr (BtsClock) clock = bts_clock_system_new ();
  g_auto (Recorder) recorder = { .clock = clock, .calls = g_string_new (NULL) };

  bts_clock_add_alarm (clock, 0, on_a, &recorder);
  bts_clock_add_alarm (clock, G_MININT64, on_b, &recorder);
  g_assert_cmpuint (recorder.calls->len, ==, 0);
  wait_for_calls (&recorder, 2);

  g_assert_cmpstr (recorder.calls->str, ==, "ba");
}

static void
test_system_removed_alarms_stay_silent (void)
{
  g_autoptr (BtsClock) clock = bts_clock_system_new ();
  g_auto (Recorder) recorder = { .clock = clock, .calls = g_string_new (NULL) };
  gint64 now = bts_clock_get_boot_time (clock);
  guint first = bts_clock_add_alarm (clock, now, on_a, &recorder);

  bts_clock_add_alarm (clock, now + 1, on_remover, &recorder);
  recorder.other = bts_clock_add_alarm (clock, now + 2, on_a, &recorder);
  bts_clock_add_alarm (clock, now + 3, on_b, &recorder);
  bts_clock_remove_alarm (clock, first);
  wait_for_calls (&recorder, 2);

  g_assert_cmpstr (recorder.calls->str, ==, "rb");
}

static void
test_system_alarms_may_add_alarms (void)
{
  g_autoptr (BtsClock) clock = bts_clock_system_new ();
  g_auto (Recorder) recorder = { .clock = clock, .calls = g_string_new (NULL), .n_more = 5 };

  bts_clock_add_alarm (clock, 0, on_again, &recorder);
  bts_clock_add_alarm (clock, 1, on_b, &recorder);
  wait_for_calls (&recorder, 7);

  g_assert_cmpstr (recorder.calls->str, ==, "gbggggg");
}

static void
test_system_alarms_may_be_far_away (void)
{
  g_autoptr (BtsClock) clock = bts_clock_system_new ();
  g_auto (Recorder) recorder = { .clock = clock, .calls = g_string_new (NULL) };
  guint far = bts_clock_add_alarm (clock, G_MAXINT64, on_b, &recorder);

  bts_clock_add_alarm (clock, bts_clock_get_boot_time (clock) + MS, on_a, &recorder);
  wait_for_calls (&recorder, 1);
  bts_clock_remove_alarm (clock, far);

  g_assert_cmpstr (recorder.calls->str, ==, "a");
}

static void
on_unref (gpointer user_data)
{
  BtsClock **clock = user_data;

  g_clear_object (clock);
}

static void
test_system_clock_may_end_in_an_alarm (void)
{
  BtsClock *clock = bts_clock_system_new ();

  bts_clock_add_alarm (clock, 0, on_unref, &clock);
  bts_clock_add_alarm (clock, G_MAXINT64, on_unref, &clock);
  while (clock != NULL)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_fake_stands_still (void)
{
  g_autoptr (BtsClockFake) fake = bts_clock_fake_new ();
  gint64 wall_time = bts_clock_get_wall_time (BTS_CLOCK (fake));
  gint64 boot_time = bts_clock_get_boot_time (BTS_CLOCK (fake));

  g_assert_cmpint (bts_clock_get_wall_time (BTS_CLOCK (fake)), ==, wall_time);
  bts_clock_fake_advance (fake, 5);
  g_assert_cmpint (bts_clock_get_wall_time (BTS_CLOCK (fake)), ==, wall_time + 5);
  g_assert_cmpint (bts_clock_get_boot_time (BTS_CLOCK (fake)), ==, boot_time + 5);
  bts_clock_fake_set_wall_time (fake, 7);
  g_assert_cmpint (bts_clock_get_wall_time (BTS_CLOCK (fake)), ==, 7);
  g_assert_cmpint (bts_clock_get_boot_time (BTS_CLOCK (fake)), ==, boot_time + 5);
}

static void
test_fake_calls_what_becomes_due (void)
{
  g_autoptr (BtsClockFake) fake = bts_clock_fake_new ();
  BtsClock *clock = BTS_CLOCK (fake);
  g_auto (Recorder) recorder = { .clock = clock, .calls = g_string_new (NULL) };
  gint64 now = bts_clock_get_boot_time (clock);

  bts_clock_add_alarm (clock, now + 20, on_b, &recorder);
  bts_clock_add_alarm (clock, now + 10, on_a, &recorder);
  bts_clock_add_alarm (clock, now + 5, on_remover, &recorder);
  recorder.other = bts_clock_add_alarm (clock, now + 6, on_b, &recorder);
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (fake), ==, 4);

  bts_clock_fake_advance (fake, 19);
  g_assert_cmpstr (recorder.calls->str, ==, "ra");
  bts_clock_fake_advance (fake, 1);
  g_assert_cmpstr (recorder.calls->str, ==, "rab");
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (fake), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/clock-system/times-are-those-of-the-machine",
                   test_system_times_are_those_of_the_machine);
  g_test_add_func ("/common/clock-system/alarms-come-in-order", test_system_alarms_come_in_order);
  g_test_add_func ("/common/clock-system/alarms-of-the-past-come-at-once",
                   test_system_alarms_of_the_past_come_at_once);
  g_test_add_func ("/common/clock-system/removed-alarms-stay-silent",
                   test_system_removed_alarms_stay_silent);
  g_test_add_func ("/common/clock-system/alarms-may-add-alarms", test_system_alarms_may_add_alarms);
  g_test_add_func ("/common/clock-system/alarms-may-be-far-away",
                   test_system_alarms_may_be_far_away);
  g_test_add_func ("/common/clock-system/clock-may-end-in-an-alarm",
                   test_system_clock_may_end_in_an_alarm);
  g_test_add_func ("/fakes/clock/stands-still", test_fake_stands_still);
  g_test_add_func ("/fakes/clock/calls-what-becomes-due", test_fake_calls_what_becomes_due);

  return g_test_run ();
}
