/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/steady.h"

#define SECOND G_TIME_SPAN_SECOND

static const BtsLimits limits = { .low_battery_percent = 20 };

static BtsConditions
make_network (BgtConnectivity connectivity, BgtCostType cost_type)
{
  BtsConditions conditions;

  bts_conditions_init (&conditions);
  conditions.connectivity = connectivity;
  conditions.cost_type = cost_type;
  return conditions;
}

static BtsConditions
make_battery (gboolean is_on_battery, double percentage, gboolean is_warned)
{
  BtsConditions conditions;

  bts_conditions_init (&conditions);
  conditions.is_on_battery = is_on_battery;
  conditions.battery_percentage = percentage;
  conditions.is_battery_warned = is_warned;
  return conditions;
}

static void
test_first_counts (void)
{
  BtsSteady steady = { 0 };
  BtsConditions seen = make_network (BGT_CONNECTIVITY_FULL, BGT_COST_TYPE_UNRESTRICTED);

  seen.connection_serial = 1;
  g_assert_cmpint (bts_steady_update (&steady, &seen, &limits, 7), ==, 0);
  g_assert_true (bts_conditions_are_equal (&steady.steady, &seen));
}

/* One change of the network, and whether it counts at once. */
static const struct
{
  const char *name;
  BtsConditions before;
  BtsConditions after;
  gboolean is_at_once;
} changes[] = {
  { "gone",
    { .connectivity = BGT_CONNECTIVITY_FULL },
    { .connectivity = BGT_CONNECTIVITY_NONE },
    TRUE },
  { "portal",
    { .connectivity = BGT_CONNECTIVITY_FULL },
    { .connectivity = BGT_CONNECTIVITY_PORTAL },
    TRUE },
  { "back",
    { .connectivity = BGT_CONNECTIVITY_NONE },
    { .connectivity = BGT_CONNECTIVITY_FULL },
    FALSE },
  { "back-behind-a-portal",
    { .connectivity = BGT_CONNECTIVITY_NONE },
    { .connectivity = BGT_CONNECTIVITY_PORTAL },
    FALSE },
  { "out-of-the-portal",
    { .connectivity = BGT_CONNECTIVITY_PORTAL },
    { .connectivity = BGT_CONNECTIVITY_FULL },
    FALSE },
  { "limited-or-full",
    { .connectivity = BGT_CONNECTIVITY_LIMITED },
    { .connectivity = BGT_CONNECTIVITY_FULL },
    TRUE },
  { "metered",
    { .cost_type = BGT_COST_TYPE_UNRESTRICTED },
    { .cost_type = BGT_COST_TYPE_VARIABLE },
    TRUE },
  { "unmetered",
    { .cost_type = BGT_COST_TYPE_VARIABLE },
    { .cost_type = BGT_COST_TYPE_UNRESTRICTED },
    FALSE },
  { "metered-then-unknown",
    { .cost_type = BGT_COST_TYPE_FIXED },
    { .cost_type = BGT_COST_TYPE_UNKNOWN },
    FALSE },
  { "roaming", { .is_roaming = FALSE }, { .is_roaming = TRUE }, TRUE },
  { "home", { .is_roaming = TRUE }, { .is_roaming = FALSE }, FALSE },
  { "approaching", { .is_roaming = FALSE }, { .is_approaching_data_limit = TRUE }, TRUE },
  { "over", { .is_roaming = FALSE }, { .is_over_data_limit = TRUE }, TRUE },
  { "a-new-month", { .is_over_data_limit = TRUE }, { .is_over_data_limit = FALSE }, FALSE },
  { "another-connection", { .connection_serial = 1 }, { .connection_serial = 2 }, FALSE },
  { "restricted", { .is_roaming = FALSE }, { .is_background_data_restricted = TRUE }, TRUE },
  { "restricted-no-more",
    { .is_background_data_restricted = TRUE },
    { .is_roaming = FALSE },
    TRUE },
  { "suspending", { .is_suspending = FALSE }, { .is_suspending = TRUE }, TRUE },
  { "awake", { .is_suspending = TRUE }, { .is_suspending = FALSE }, TRUE },
};

static void
test_change (gconstpointer data)
{
  gsize i = (gsize) GPOINTER_TO_SIZE (data);
  BtsSteady steady = { 0 };
  gint64 again;

  bts_steady_update (&steady, &changes[i].before, &limits, 10 * SECOND);
  again = bts_steady_update (&steady, &changes[i].after, &limits, 20 * SECOND);
  if (changes[i].is_at_once)
    {
      g_assert_cmpint (again, ==, 0);
      g_assert_true (bts_conditions_are_equal (&steady.steady, &changes[i].after));
      return;
    }

  g_assert_true (bts_conditions_are_equal (&steady.steady, &changes[i].before));
  g_assert_cmpint (again, ==, 22 * SECOND);
  g_assert_cmpint (bts_steady_update (&steady, &changes[i].after, &limits, again - 1), ==, again);
  g_assert_true (bts_conditions_are_equal (&steady.steady, &changes[i].before));
  g_assert_cmpint (bts_steady_update (&steady, &changes[i].after, &limits, again), ==, 0);
  g_assert_true (bts_conditions_are_equal (&steady.steady, &changes[i].after));
}

/* Twenty changes in two seconds: it stops once, and comes back once. */
static void
test_flapping_link (void)
{
  BtsSteady steady = { 0 };
  BtsConditions up = make_network (BGT_CONNECTIVITY_FULL, BGT_COST_TYPE_UNRESTRICTED);
  BtsConditions down = make_network (BGT_CONNECTIVITY_NONE, BGT_COST_TYPE_UNKNOWN);
  guint n_changes = 0;
  gint64 again = 0;

  bts_steady_update (&steady, &up, &limits, 0);
  for (guint i = 0; i < 20; i++)
    {
      BgtConnectivity before = steady.steady.connectivity;

      up.connection_serial++;
      again = bts_steady_update (&steady, i % 2 == 0 ? &down : &up, &limits,
                                 5 * SECOND + i * SECOND / 10);
      n_changes += steady.steady.connectivity != before;
    }
  g_assert_cmpuint (n_changes, ==, 1);
  g_assert_cmpint (again, ==, 5 * SECOND + 19 * SECOND / 10 + 2 * SECOND);

  g_assert_cmpint (bts_steady_update (&steady, &up, &limits, again), ==, 0);
  g_assert_true (bts_conditions_are_equal (&steady.steady, &up));
}

/* The cost of a better network waits for its calm, while one that costs counts at once. */
static void
test_cheaper_in_one_way_costlier_in_another (void)
{
  BtsSteady steady = { 0 };
  BtsConditions portal = make_network (BGT_CONNECTIVITY_PORTAL, BGT_COST_TYPE_UNRESTRICTED);
  BtsConditions metered = make_network (BGT_CONNECTIVITY_FULL, BGT_COST_TYPE_VARIABLE);

  bts_steady_update (&steady, &portal, &limits, 0);
  g_assert_cmpint (bts_steady_update (&steady, &metered, &limits, SECOND), ==, 3 * SECOND);
  g_assert_cmpint (steady.steady.connectivity, ==, BGT_CONNECTIVITY_PORTAL);
  g_assert_cmpint (steady.steady.cost_type, ==, BGT_COST_TYPE_VARIABLE);
}

/* What a battery goes through, one row a step. */
static const struct
{
  gboolean is_on_battery;
  double percentage;
  gboolean is_warned;
  gboolean is_low;
} battery_steps[] = {
  { FALSE, 10, FALSE, FALSE },                             /* on mains nothing is low */
  { TRUE, 21, FALSE, FALSE },   { TRUE, 20, FALSE, TRUE }, /* at the limit */
  { TRUE, 24.9, FALSE, TRUE },  { TRUE, 20.1, FALSE, TRUE },
  { TRUE, 25, FALSE, FALSE }, /* 5 points above */
  { TRUE, 20.1, FALSE, FALSE }, { TRUE, 15, FALSE, TRUE },
  { FALSE, 15, FALSE, FALSE }, /* mains */
  { TRUE, 15, FALSE, TRUE },    { FALSE, 15, TRUE, FALSE },
  { TRUE, 40, FALSE, FALSE },   { TRUE, 40, TRUE, TRUE }, /* the system warns */
  { TRUE, 40, FALSE, TRUE },    { TRUE, 44, FALSE, TRUE },
  { TRUE, 46, FALSE, FALSE },
};

static void
test_battery (void)
{
  BtsSteady steady = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (battery_steps); i++)
    {
      BtsConditions seen = make_battery (battery_steps[i].is_on_battery,
                                         battery_steps[i].percentage, battery_steps[i].is_warned);

      g_assert_cmpint (bts_steady_update (&steady, &seen, &limits, (gint64) i), ==, 0);
      g_assert_cmpint (steady.steady.is_battery_low, ==, battery_steps[i].is_low);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy/steady/the-first-counts-as-it-is", test_first_counts);
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *path = g_strdup_printf ("/policy/steady/%s-%s", changes[i].name,
                                               changes[i].is_at_once ? "at-once" : "after-calm");

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_change);
    }
  g_test_add_func ("/policy/steady/a-flapping-link-comes-back-once", test_flapping_link);
  g_test_add_func ("/policy/steady/each-thing-for-itself",
                   test_cheaper_in_one_way_costlier_in_another);
  g_test_add_func ("/policy/steady/battery-comes-back-well-above", test_battery);

  return g_test_run ();
}
