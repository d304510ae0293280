/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/blockers.h"
#include "policy/cost.h"
#include "policy/power.h"

#define GO 0
#define METERED BTS_BLOCKER_METERED
#define ROAMING BTS_BLOCKER_ROAMING
#define APPROACHING BTS_BLOCKER_APPROACHING_DATA_LIMIT
#define OVER BTS_BLOCKER_OVER_DATA_LIMIT
#define RESTRICTED BTS_BLOCKER_BACKGROUND_DATA_RESTRICTED
#define NO_NETWORK BTS_BLOCKER_NO_NETWORK
#define PORTAL BTS_BLOCKER_CAPTIVE_PORTAL

static const BtsLimits strict = { .require_connectivity = TRUE, .pause_on_battery_saver = TRUE };
static const BtsLimits lax = { .require_connectivity = FALSE, .pause_on_battery_saver = FALSE };

/* The table of costs of the architecture, row by row: what each policy meets. */
static const struct
{
  const char *network;
  BtsConditions conditions;
  BtsBlockers unrestricted_only;
  BtsBlockers normal;
  BtsBlockers always;
} costs[] = {
  { "unmetered",
    { .connectivity = BGT_CONNECTIVITY_FULL, .cost_type = BGT_COST_TYPE_UNRESTRICTED },
    GO,
    GO,
    GO },
  { "of-unknown-cost",
    { .connectivity = BGT_CONNECTIVITY_FULL, .cost_type = BGT_COST_TYPE_UNKNOWN },
    GO,
    GO,
    GO },
  { "metered-fixed",
    { .connectivity = BGT_CONNECTIVITY_FULL, .cost_type = BGT_COST_TYPE_FIXED },
    METERED,
    GO,
    GO },
  { "metered-variable",
    { .connectivity = BGT_CONNECTIVITY_FULL, .cost_type = BGT_COST_TYPE_VARIABLE },
    METERED,
    GO,
    GO },
  { "approaching-the-limit",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_FIXED,
      .is_approaching_data_limit = TRUE },
    METERED | APPROACHING,
    APPROACHING,
    GO },
  { "over-the-limit",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_FIXED,
      .is_over_data_limit = TRUE },
    METERED | OVER,
    OVER,
    GO },
  { "unmetered-whatever-the-plan-says",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_UNRESTRICTED,
      .is_approaching_data_limit = TRUE,
      .is_over_data_limit = TRUE },
    GO,
    GO,
    GO },
  { "roaming",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_VARIABLE,
      .is_roaming = TRUE },
    METERED | ROAMING,
    ROAMING,
    GO },
  { "roaming-that-nobody-calls-metered",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_UNKNOWN,
      .is_roaming = TRUE },
    ROAMING,
    ROAMING,
    GO },
  { "metered-and-restricted",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_FIXED,
      .is_background_data_restricted = TRUE },
    METERED | RESTRICTED,
    RESTRICTED,
    RESTRICTED },
  { "roaming-and-restricted",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_UNKNOWN,
      .is_roaming = TRUE,
      .is_background_data_restricted = TRUE },
    ROAMING | RESTRICTED,
    ROAMING | RESTRICTED,
    RESTRICTED },
  { "unmetered-and-restricted",
    { .connectivity = BGT_CONNECTIVITY_FULL,
      .cost_type = BGT_COST_TYPE_UNRESTRICTED,
      .is_background_data_restricted = TRUE },
    GO,
    GO,
    GO },
  { "of-unknown-connectivity", { .connectivity = BGT_CONNECTIVITY_UNKNOWN }, GO, GO, GO },
  { "of-limited-connectivity", { .connectivity = BGT_CONNECTIVITY_LIMITED }, GO, GO, GO },
  { "gone",
    { .connectivity = BGT_CONNECTIVITY_NONE, .cost_type = BGT_COST_TYPE_FIXED, .is_roaming = TRUE },
    NO_NETWORK,
    NO_NETWORK,
    NO_NETWORK },
  { "behind-a-portal", { .connectivity = BGT_CONNECTIVITY_PORTAL }, PORTAL, PORTAL, PORTAL },
  { "metered-behind-a-portal",
    { .connectivity = BGT_CONNECTIVITY_PORTAL, .cost_type = BGT_COST_TYPE_FIXED },
    PORTAL | METERED,
    PORTAL,
    PORTAL },
};

static void
test_cost (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  const BtsConditions *conditions = &costs[i].conditions;

  g_assert_cmphex (bts_cost_get_blockers (conditions, &strict, BGT_COST_POLICY_UNRESTRICTED_ONLY),
                   ==, costs[i].unrestricted_only);
  g_assert_cmphex (bts_cost_get_blockers (conditions, &strict, BGT_COST_POLICY_DEFAULT), ==,
                   costs[i].normal);
  g_assert_cmphex (bts_cost_get_blockers (conditions, &strict, BGT_COST_POLICY_ALWAYS), ==,
                   costs[i].always);
}

static void
test_a_portal_is_a_network_where_configured (void)
{
  BtsConditions conditions = { .connectivity = BGT_CONNECTIVITY_PORTAL,
                               .cost_type = BGT_COST_TYPE_FIXED };

  g_assert_cmphex (bts_cost_get_blockers (&conditions, &lax, BGT_COST_POLICY_DEFAULT), ==, 0);
  g_assert_cmphex (bts_cost_get_blockers (&conditions, &lax, BGT_COST_POLICY_UNRESTRICTED_ONLY), ==,
                   METERED);
}

static void
test_no_network_is_none_however_configured (void)
{
  BtsConditions conditions = { .connectivity = BGT_CONNECTIVITY_NONE };

  g_assert_cmphex (bts_cost_get_blockers (&conditions, &lax, BGT_COST_POLICY_ALWAYS), ==,
                   NO_NETWORK);
}

#define LOW BTS_BLOCKER_BATTERY_LOW
#define SAVER BTS_BLOCKER_BATTERY_SAVER
#define SUSPENDED BTS_BLOCKER_SUSPENDED

static const struct
{
  const char *power;
  const BtsLimits *limits;
  BtsConditions conditions;
  BtsBlockers high;
  BtsBlockers normal;
  BtsBlockers low;
} powers[] = {
  { "on-mains", &strict, { .battery_percentage = 100 }, GO, GO, GO },
  { "on-battery", &strict, { .is_on_battery = TRUE, .battery_percentage = 50 }, GO, GO, GO },
  { "on-low-battery", &strict, { .is_on_battery = TRUE, .is_battery_low = TRUE }, GO, LOW, LOW },
  { "with-battery-saver", &strict, { .is_battery_saver = TRUE }, GO, GO, SAVER },
  { "with-battery-saver-ignored", &lax, { .is_battery_saver = TRUE }, GO, GO, GO },
  { "with-low-battery-and-saver",
    &strict,
    { .is_battery_low = TRUE, .is_battery_saver = TRUE },
    GO,
    LOW,
    LOW | SAVER },
  { "before-sleep", &lax, { .is_suspending = TRUE }, SUSPENDED, SUSPENDED, SUSPENDED },
  { "before-sleep-with-low-battery",
    &strict,
    { .is_suspending = TRUE, .is_battery_low = TRUE },
    SUSPENDED,
    SUSPENDED | LOW,
    SUSPENDED | LOW },
};

static void
test_power (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  const BtsConditions *conditions = &powers[i].conditions;
  const BtsLimits *limits = powers[i].limits;

  g_assert_cmphex (bts_power_get_blockers (conditions, limits, BGT_PRIORITY_HIGH), ==,
                   powers[i].high);
  g_assert_cmphex (bts_power_get_blockers (conditions, limits, BGT_PRIORITY_DEFAULT), ==,
                   powers[i].normal);
  g_assert_cmphex (bts_power_get_blockers (conditions, limits, BGT_PRIORITY_LOW), ==,
                   powers[i].low);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (costs); i++)
    {
      g_autofree char *path = g_strconcat ("/policy/cost/network-", costs[i].network, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_cost);
    }
  g_test_add_func ("/policy/cost/a-portal-is-a-network-where-configured",
                   test_a_portal_is_a_network_where_configured);
  g_test_add_func ("/policy/cost/no-network-is-none-however-configured",
                   test_no_network_is_none_however_configured);

  for (gsize i = 0; i < G_N_ELEMENTS (powers); i++)
    {
      g_autofree char *path = g_strconcat ("/policy/power/", powers[i].power, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_power);
    }

  return g_test_run ();
}
