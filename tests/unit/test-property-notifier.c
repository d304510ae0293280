/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <sys/stat.h>

#include "common/names.h"
#include "fakes/bus-fixture.h"

#define PERIOD_US (G_USEC_PER_SEC / 4)

typedef struct
{
  BusFixture *bus; /* (owned) */
  char *path;      /* (owned) */
  BtsOperation *operation;
} Fixture;

static void
with_running_operation (gconstpointer data)
{
  void (*test) (Fixture * fixture) = data;
  Fixture fixture = { bus_fixture_new (TRUE), NULL, NULL };
  g_autoptr (GError) error = NULL;

  if (fixture.bus == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return;
    }

  fixture.operation = bus_fixture_create (fixture.bus, "/tmp/a", &fixture.path);
  bts_operation_start (fixture.operation, 1, &error);
  g_assert_no_error (error);
  bts_operation_set_blockers (fixture.operation, 0, 0);
  bus_fixture_wait_for_signal (fixture.bus, "running");
  bts_clock_fake_advance (fixture.bus->clock, G_USEC_PER_SEC);
  bus_fixture_sync (fixture.bus);
  g_ptr_array_set_size (fixture.bus->signals, 0);

  test (&fixture);
  g_free (fixture.path);
  bus_fixture_free (fixture.bus);
}

static void
receive (Fixture *fixture, guint64 bytes)
{
  bts_operation_take_progress (fixture->operation, bytes, 0, 0, 0);
}

static guint
count (Fixture *fixture, const char *text)
{
  bus_fixture_sync (fixture->bus);
  return bus_fixture_count_signals (fixture->bus, text);
}

static void
test_first_progress_is_told_at_once (Fixture *fixture)
{
  receive (fixture, 1);
  g_assert_cmpuint (count (fixture, "{'BytesReceived': <uint64 1>}"), ==, 1);
}

static void
test_progress_is_told_four_times_a_second (Fixture *fixture)
{
  for (guint i = 1; i <= 1000; i++)
    {
      receive (fixture, i);
      bts_clock_fake_advance (fixture->bus->clock, 10 * G_TIME_SPAN_MILLISECOND);
    }
  g_assert_cmpuint (count (fixture, "BytesReceived"), >=, 38);
  g_assert_cmpuint (count (fixture, "BytesReceived"), <=, 41);
}

static void
test_last_progress_is_told (Fixture *fixture)
{
  receive (fixture, 1);
  receive (fixture, 2);
  g_assert_cmpuint (count (fixture, "<uint64 2>"), ==, 0);
  bts_clock_fake_advance (fixture->bus->clock, 2 * PERIOD_US);
  g_assert_cmpuint (count (fixture, "<uint64 2>"), ==, 1);
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (fixture->bus->clock), ==, 0);
}

static void
test_end_comes_once_with_all_bytes (Fixture *fixture)
{
  receive (fixture, 1);
  receive (fixture, 2);
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 5);
  bus_fixture_wait_for_signal (fixture->bus, "Finished ('completed',)");
  bts_clock_fake_advance (fixture->bus->clock, G_USEC_PER_SEC);
  g_assert_cmpuint (count (fixture, "Finished ('completed',)"), ==, 1);
  g_assert_cmpuint (count (fixture, "<'completed'>"), ==, 1);
  g_assert_cmpuint (count (fixture, "<uint64 2>"), ==, 1);
  g_assert_cmpstr (fixture->bus->signals->pdata[fixture->bus->signals->len - 1], ==,
                   "Finished ('completed',)");
}

static void
test_unsaved_end_is_not_shown (Fixture *fixture)
{
  g_autoptr (GVariant) value = NULL;

  /* The call is already under way when the operation ends, and the store has yet to write. */
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 5);
  g_assert_cmpuint (bus_fixture_count_signals (fixture->bus, "completed"), ==, 0);
  bus_fixture_wait_for_signal (fixture->bus, "Finished");
  value = bus_fixture_get (fixture->bus, fixture->path, "Status");
  g_assert_cmpstr (g_variant_get_string (value, NULL), ==, "completed");
}

static void
test_ranges_come_after_the_save (Fixture *fixture)
{
  g_autoptr (GVariant) update = g_variant_ref_sink (
      g_variant_new_parsed ("{'added': <[(@t 0, @t 5)]>, 'bytes-received': <@t 5>}"));

  bts_operation_take_update (fixture->operation, update);
  g_assert_cmpuint (bus_fixture_count_signals (fixture->bus, "RangesDownloaded"), ==, 0);
  bus_fixture_wait_for_signal (fixture->bus, "RangesDownloaded (false, [(0, 5)])");
}

static void
test_resumed_error_ends_twice (Fixture *fixture)
{
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_ERROR, 404, "Not found", 5);
  bus_fixture_wait_for_signal (fixture->bus, "Finished ('error',)");
  g_assert_cmpuint (count (fixture, "<'http-404'>"), ==, 1);
  g_ptr_array_set_size (fixture->bus->signals, 0);
  bts_operation_resume (fixture->operation, 6, NULL);
  bts_operation_finish (fixture->operation, BGT_OPERATION_STATUS_ERROR, 404, "Not found", 7);
  bus_fixture_wait_for_signal (fixture->bus, "Finished ('error',)");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test)                                                                            \
  g_test_add_data_func ("/bus/property-notifier/" name, test, with_running_operation)
  ADD ("first-progress-is-told-at-once", test_first_progress_is_told_at_once);
  ADD ("progress-is-told-four-times-a-second", test_progress_is_told_four_times_a_second);
  ADD ("last-progress-is-told", test_last_progress_is_told);
  ADD ("end-comes-once-with-all-bytes", test_end_comes_once_with_all_bytes);
  ADD ("unsaved-end-is-not-shown", test_unsaved_end_is_not_shown);
  ADD ("ranges-come-after-the-save", test_ranges_come_after_the_save);
  ADD ("resumed-error-ends-twice", test_resumed_error_ends_twice);
#undef ADD

  return g_test_run ();
}
