/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/accounting.h"
#include "store/settings-record.h"
#include "tests/unit/fakes/clock-fake.h"
#include "tests/unit/fakes/test-folder.h"

#define UUID "3f3a4b1c-0000-4000-8000-000000000001"

/* What a new period changes is saved a while later, by an alarm that has gone by then. */
static void
test_new_period_is_saved (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsClockFake) clock = bts_clock_fake_new ();
  g_autoptr (BtsStateFiles) files = bts_state_files_open (folder->path, &error);
  g_autoptr (BtsDataPlans) plans = bts_data_plans_new ();
  g_autoptr (BtsAccounting) accounting = NULL;
  g_autofree char *path = test_folder_get_path (folder, BTS_SETTINGS_RECORD_NAME);
  const BtsDataPlan plan = {
    .limit = 1000, .used = 10, .since = 1, .reset_day = 1, .approaching_percent = 90
  };

  g_assert_no_error (error);
  accounting = bts_accounting_new (plans, files, BTS_CLOCK (clock));
  g_assert_true (bts_data_plans_set (plans, UUID, &plan, NULL));
  g_assert_cmpuint (bts_data_plans_lookup (plans, UUID)->used, ==, 0);

  bts_clock_fake_advance (clock, G_TIME_SPAN_MINUTE);
  bts_state_files_flush (files, 10 * 1000);
  g_assert_true (g_file_test (path, G_FILE_TEST_IS_REGULAR));
  g_clear_object (&accounting);
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (clock), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/accounting/new-period-is-saved", test_new_period_is_saved);
  return g_test_run ();
}
