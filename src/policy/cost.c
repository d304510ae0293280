/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/cost.h"

static gboolean
is_metered (BgtCostType cost_type)
{
  switch (cost_type)
    {
    case BGT_COST_TYPE_UNKNOWN:
    case BGT_COST_TYPE_UNRESTRICTED:
      return FALSE;
    case BGT_COST_TYPE_FIXED:
    case BGT_COST_TYPE_VARIABLE:
      return TRUE;
    }

  g_assert_not_reached ();
}

/* What is costly about this network. Roaming costs, even where nobody has said that it is
 * metered; a data plan counts on a network that costs. */
static BtsBlockers
get_costs (const BtsConditions *conditions)
{
  BtsBlockers costs = 0;

  if (is_metered (conditions->cost_type))
    costs |= BTS_BLOCKER_METERED;
  if (conditions->is_roaming)
    costs |= BTS_BLOCKER_ROAMING;
  if (costs == 0)
    return 0;

  if (conditions->is_approaching_data_limit)
    costs |= BTS_BLOCKER_APPROACHING_DATA_LIMIT;
  if (conditions->is_over_data_limit)
    costs |= BTS_BLOCKER_OVER_DATA_LIMIT;
  if (conditions->is_background_data_restricted)
    costs |= BTS_BLOCKER_BACKGROUND_DATA_RESTRICTED;

  return costs;
}

/* Which costs are too much for @policy. */
static BtsBlockers
get_unbearable (BgtCostPolicy policy)
{
  switch (policy)
    {
    case BGT_COST_POLICY_UNRESTRICTED_ONLY:
      return BTS_BLOCKER_METERED | BTS_BLOCKER_ROAMING | BTS_BLOCKER_APPROACHING_DATA_LIMIT |
             BTS_BLOCKER_OVER_DATA_LIMIT | BTS_BLOCKER_BACKGROUND_DATA_RESTRICTED;
    case BGT_COST_POLICY_DEFAULT:
      return BTS_BLOCKER_ROAMING | BTS_BLOCKER_APPROACHING_DATA_LIMIT |
             BTS_BLOCKER_OVER_DATA_LIMIT | BTS_BLOCKER_BACKGROUND_DATA_RESTRICTED;
    case BGT_COST_POLICY_ALWAYS:
      return BTS_BLOCKER_BACKGROUND_DATA_RESTRICTED;
    }

  g_assert_not_reached ();
}

BtsBlockers
bts_cost_get_blockers (const BtsConditions *conditions,
                       const BtsLimits *limits,
                       BgtCostPolicy policy)
{
  BtsBlockers blockers = get_costs (conditions) & get_unbearable (policy);

  switch (conditions->connectivity)
    {
    case BGT_CONNECTIVITY_NONE:
      /* What the network that is gone has cost is no reason to wait. */
      return BTS_BLOCKER_NO_NETWORK;
    case BGT_CONNECTIVITY_PORTAL:
      return limits->require_connectivity ? blockers | BTS_BLOCKER_CAPTIVE_PORTAL : blockers;
    case BGT_CONNECTIVITY_UNKNOWN:
    case BGT_CONNECTIVITY_LIMITED:
    case BGT_CONNECTIVITY_FULL:
      return blockers;
    }

  g_assert_not_reached ();
}
