/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/bgt-error.h"
#include "model/data-plans.h"
#include "store/settings-record.h"

#define UUID "3f3a4b1c-0000-4000-8000-000000000001"

static const BtsDataPlan sample = {
  .limit = G_MAXUINT64,
  .used = 12345678901,
  .since = 1770000000000000,
  .reset_day = 31,
  .approaching_percent = 80,
  .counter = "boot/wwan0",
  .counted = 99,
  .is_current = TRUE,
};

static void
count (gpointer user_data)
{
  ++*(guint *) user_data;
}

static void
test_changes_are_told (void)
{
  g_autoptr (BtsDataPlans) plans = bts_data_plans_new ();
  g_autoptr (GError) error = NULL;
  guint n_changes = 0;

  g_signal_connect_swapped (plans, "changed", G_CALLBACK (count), &n_changes);
  bts_data_plans_set_restricted (plans, FALSE);
  g_assert_cmpuint (n_changes, ==, 0);
  bts_data_plans_set_restricted (plans, TRUE);
  g_assert_cmpuint (n_changes, ==, 1);
  g_assert_true (bts_data_plans_set (plans, UUID, &sample, &error));
  g_assert_cmpuint (n_changes, ==, 2);
  g_assert_true (bts_data_plans_remove (plans, UUID, &error));
  g_assert_cmpuint (n_changes, ==, 3);
  g_assert_false (bts_data_plans_remove (plans, UUID, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_NOT_FOUND);
  g_assert_cmpuint (n_changes, ==, 3);
}

static void
test_limit (void)
{
  g_autoptr (BtsDataPlans) plans = bts_data_plans_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < BTS_DATA_PLANS_MAX; i++)
    {
      g_autofree char *uuid = g_uuid_string_random ();

      g_assert_true (bts_data_plans_set (plans, uuid, &sample, &error));
    }
  g_assert_false (bts_data_plans_set (plans, UUID, &sample, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
}

static void
test_record_comes_back (void)
{
  g_autoptr (BtsDataPlans) plans = bts_data_plans_new ();
  g_autoptr (BtsDataPlans) read = bts_data_plans_new ();
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  const BtsDataPlan *plan;

  bts_data_plans_set_restricted (plans, TRUE);
  bts_data_plans_set (plans, UUID, &sample, &error);
  text = bts_settings_record_print (plans);
  g_assert_true (bts_settings_record_parse (read, text, strlen (text), &error));
  g_assert_no_error (error);
  g_assert_true (bts_data_plans_is_restricted (read));
  plan = bts_data_plans_lookup (read, UUID);
  g_assert_nonnull (plan);
  g_assert_cmpuint (plan->limit, ==, sample.limit);
  g_assert_cmpuint (plan->used, ==, sample.used);
  g_assert_cmpint (plan->since, ==, sample.since);
  g_assert_cmpuint (plan->reset_day, ==, sample.reset_day);
  g_assert_cmpuint (plan->approaching_percent, ==, sample.approaching_percent);
  g_assert_cmpstr (plan->counter, ==, sample.counter);
  g_assert_cmpuint (plan->counted, ==, sample.counted);
  g_assert_true (plan->is_current);
}

#define SETTINGS "[Settings]\nVersion=1\n"
#define PLAN "[DataPlan " UUID "]\nLimit=5\nResetDay=1\nApproachingPercent=90\n"

/* Each text, whether it is a record, and whether its plan makes sense. */
static const struct
{
  const char *text;
  gboolean is_record;
  gboolean has_plan;
} records[] = {
  { "", FALSE, FALSE },
  { "nonsense", FALSE, FALSE },
  { "[Settings]\nVersion=2\n", FALSE, FALSE },
  { SETTINGS, TRUE, FALSE },
  { SETTINGS PLAN, TRUE, TRUE },
  { SETTINGS PLAN "Color=red\n", TRUE, TRUE },
  { SETTINGS PLAN "ResetDay=32\n", TRUE, FALSE },
  { SETTINGS PLAN "ResetDay=4294967297\n", TRUE, FALSE },
  { SETTINGS PLAN "ApproachingPercent=101\n", TRUE, FALSE },
  { SETTINGS PLAN "Limit=0\n", TRUE, FALSE },
  { SETTINGS PLAN "Limit=x\n", TRUE, FALSE },
};

static void
test_wrong_records (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (records); i++)
    {
      g_autoptr (BtsDataPlans) plans = bts_data_plans_new ();
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", records[i].text);
      g_assert_cmpint (
          bts_settings_record_parse (plans, records[i].text, strlen (records[i].text), &error), ==,
          records[i].is_record);
      g_assert_cmpint (error == NULL, ==, records[i].is_record);
      g_assert_cmpint (bts_data_plans_lookup (plans, UUID) != NULL, ==, records[i].has_plan);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/model/data-plans/changes-are-told", test_changes_are_told);
  g_test_add_func ("/model/data-plans/there-is-a-limit", test_limit);
  g_test_add_func ("/store/settings-record/comes-back", test_record_comes_back);
  g_test_add_func ("/store/settings-record/wrong-ones-do-no-harm", test_wrong_records);

  return g_test_run ();
}
