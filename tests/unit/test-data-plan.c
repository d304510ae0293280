/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/data-plan.h"

#define GIB (1024 * 1024 * 1024.0)

static gint64
at (GTimeZone *zone, const char *text)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (text, zone);

  g_assert_nonnull (time);
  return g_date_time_to_unix (time) * G_USEC_PER_SEC;
}

/* What the period of @now is, everywhere as the clock on the wall says it. */
static const struct
{
  const char *zone;
  guint reset_day;
  const char *now;
  const char *start;
  const char *end;
} periods[] = {
  { "UTC", 1, "2026-03-01T00:00:00", "2026-03-01T00:00:00", "2026-04-01T00:00:00" },
  { "UTC", 1, "2026-03-31T23:59:59", "2026-03-01T00:00:00", "2026-04-01T00:00:00" },
  { "UTC", 15, "2026-01-10T12:00:00", "2025-12-15T00:00:00", "2026-01-15T00:00:00" },
  { "UTC", 15, "2025-12-20T12:00:00", "2025-12-15T00:00:00", "2026-01-15T00:00:00" },
  { "UTC", 31, "2026-02-10T12:00:00", "2026-01-31T00:00:00", "2026-02-28T00:00:00" },
  { "UTC", 31, "2026-02-28T12:00:00", "2026-02-28T00:00:00", "2026-03-31T00:00:00" },
  { "UTC", 30, "2024-02-29T00:00:00", "2024-02-29T00:00:00", "2024-03-30T00:00:00" },
  { "UTC", 29, "2024-02-28T23:00:00", "2024-01-29T00:00:00", "2024-02-29T00:00:00" },
  { "UTC", 31, "2026-04-30T00:00:01", "2026-04-30T00:00:00", "2026-05-31T00:00:00" },
  /* the clock is put forward, and back */
  { "Europe/Berlin", 29, "2026-03-29T12:00:00", "2026-03-29T00:00:00", "2026-04-29T00:00:00" },
  { "Europe/Berlin", 25, "2026-10-25T12:00:00", "2026-10-25T00:00:00", "2026-11-25T00:00:00" },
};

static void
test_periods (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (periods); i++)
    {
      g_autoptr (GTimeZone) zone = g_time_zone_new_identifier (periods[i].zone);
      gint64 now;

      if (zone == NULL)
        continue;
      now = at (zone, periods[i].now);
      g_test_message ("%s on %u", periods[i].now, periods[i].reset_day);
      g_assert_cmpint (bts_data_plan_get_period_start (periods[i].reset_day, now, zone), ==,
                       at (zone, periods[i].start));
      g_assert_cmpint (bts_data_plan_get_period_end (periods[i].reset_day, now, zone), ==,
                       at (zone, periods[i].end));
    }
}

static void
test_absurd_times (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  const gint64 times[] = { G_MININT64, -1, 0, G_MAXINT64 };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    for (guint day = 1; day <= 31; day++)
      {
        BtsDataPlan plan = { .limit = 5, .used = 3, .reset_day = day, .approaching_percent = 90 };

        bts_data_plan_roll (&plan, times[i], zone);
        bts_data_plan_is_approaching (&plan, times[i], zone);
      }
}

static void
test_roll (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();
  BtsDataPlan plan = { .limit = 100, .used = 70, .reset_day = 10, .approaching_percent = 90 };

  plan.since = at (zone, "2026-01-10T00:00:00");
  g_assert_false (bts_data_plan_roll (&plan, at (zone, "2026-02-09T23:59:59"), zone));
  g_assert_cmpuint (plan.used, ==, 70);
  g_assert_true (bts_data_plan_roll (&plan, at (zone, "2026-02-10T00:00:00"), zone));
  g_assert_cmpuint (plan.used, ==, 0);
  plan.used = 50;
  /* the clock is put back into January, and forward again: nothing is given back */
  g_assert_false (bts_data_plan_roll (&plan, at (zone, "2026-01-20T00:00:00"), zone));
  g_assert_false (bts_data_plan_roll (&plan, at (zone, "2026-02-20T00:00:00"), zone));
  g_assert_cmpuint (plan.used, ==, 50);
  /* it had been years ahead */
  g_assert_true (bts_data_plan_roll (&plan, at (zone, "2024-01-20T00:00:00"), zone));
  g_assert_cmpuint (plan.used, ==, 50);
  g_assert_cmpint (plan.since, ==, at (zone, "2024-01-10T00:00:00"));
}

static void
test_count (void)
{
  BtsDataPlan plan = { .limit = 1000, .used = 10, .reset_day = 1, .approaching_percent = 90 };

  bts_data_plan_count (&plan, "boot1/wwan0", 500); /* what was before the plan is the user's word */
  g_assert_cmpuint (plan.used, ==, 10);
  bts_data_plan_count (&plan, "boot1/wwan0", 600);
  g_assert_cmpuint (plan.used, ==, 110);
  bts_data_plan_count (&plan, "boot1/wwan0", 50); /* plugged in again */
  g_assert_cmpuint (plan.used, ==, 160);
  bts_data_plan_count (&plan, "boot2/wwan0", 70); /* rebooted */
  g_assert_cmpuint (plan.used, ==, 230);
  bts_data_plan_leave (&plan); /* another connection uses the interface */
  bts_data_plan_count (&plan, "boot2/wwan0", 5000);
  g_assert_cmpuint (plan.used, ==, 230);
  bts_data_plan_count (&plan, "boot2/wwan0", 5001);
  g_assert_cmpuint (plan.used, ==, 231);
  bts_data_plan_count (&plan, "boot3/wwan0", G_MAXUINT64);
  g_assert_cmpuint (plan.used, ==, G_MAXUINT64);
}

/* On a day of a month of 30 days that begins on the 1st. */
static const struct
{
  const char *now;
  double used;
  gboolean is_approaching;
  gboolean is_over;
} uses[] = {
  { "2026-04-01T01:00:00", 0, FALSE, FALSE },
  { "2026-04-01T01:00:00", 5, FALSE, FALSE }, /* one hour is no pace */
  { "2026-04-01T01:00:00", 9, TRUE, FALSE },  /* 90 % are */
  { "2026-04-16T00:00:00", 4.9, FALSE, FALSE },
  { "2026-04-16T00:00:00", 5.1, TRUE, FALSE }, /* more than half in half the time */
  { "2026-04-28T00:00:00", 8.9, FALSE, FALSE },
  { "2026-04-28T00:00:00", 10, TRUE, TRUE },
  { "2026-04-30T23:00:00", 12, TRUE, TRUE },
};

static void
test_use (void)
{
  g_autoptr (GTimeZone) zone = g_time_zone_new_utc ();

  for (gsize i = 0; i < G_N_ELEMENTS (uses); i++)
    {
      BtsDataPlan plan = {
        .limit = (guint64) (10 * GIB),
        .used = (guint64) (uses[i].used * GIB),
        .reset_day = 1,
        .approaching_percent = 90,
      };

      g_test_message ("%f GiB on %s", uses[i].used, uses[i].now);
      g_assert_cmpint (bts_data_plan_is_approaching (&plan, at (zone, uses[i].now), zone), ==,
                       uses[i].is_approaching);
      g_assert_cmpint (bts_data_plan_is_over (&plan), ==, uses[i].is_over);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy/data-plan/periods-are-months-of-any-length", test_periods);
  g_test_add_func ("/policy/data-plan/absurd-times-do-no-harm", test_absurd_times);
  g_test_add_func ("/policy/data-plan/a-new-period-begins-at-nothing", test_roll);
  g_test_add_func ("/policy/data-plan/counters-are-added-up", test_count);
  g_test_add_func ("/policy/data-plan/approaching-and-over", test_use);

  return g_test_run ();
}
