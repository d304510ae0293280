/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/steady.h"

#include <string.h>

static int
rank_connectivity (BgtConnectivity connectivity)
{
  switch (connectivity)
    {
    case BGT_CONNECTIVITY_UNKNOWN:
    case BGT_CONNECTIVITY_LIMITED:
    case BGT_CONNECTIVITY_FULL:
      return 0;
    case BGT_CONNECTIVITY_PORTAL:
      return 1;
    case BGT_CONNECTIVITY_NONE:
      return 2;
    }

  g_assert_not_reached ();
}

static int
rank_cost (BgtCostType cost_type)
{
  switch (cost_type)
    {
    case BGT_COST_TYPE_UNKNOWN:
    case BGT_COST_TYPE_UNRESTRICTED:
      return 0;
    case BGT_COST_TYPE_FIXED:
    case BGT_COST_TYPE_VARIABLE:
      return 1;
    }

  g_assert_not_reached ();
}

static gboolean
is_same_network (const BtsConditions *a, const BtsConditions *b)
{
  return a->connectivity == b->connectivity && a->cost_type == b->cost_type &&
         a->is_roaming == b->is_roaming &&
         a->is_approaching_data_limit == b->is_approaching_data_limit &&
         a->is_over_data_limit == b->is_over_data_limit &&
         a->connection_serial == b->connection_serial &&
         strcmp (a->connection_uuid, b->connection_uuid) == 0;
}

/* Takes over what counts at once, and with @is_calm the rest too. TRUE where something waits. */
static gboolean
take_network (BtsConditions *steady, const BtsConditions *seen, gboolean is_calm)
{
  BtsConditions taken = *seen;
  gboolean is_waiting = FALSE;

#define KEEP(field, is_better)                                                                     \
  if (!is_calm && (is_better))                                                                     \
    {                                                                                              \
      taken.field = steady->field;                                                                 \
      is_waiting = TRUE;                                                                           \
    }

  KEEP (connectivity,
        rank_connectivity (seen->connectivity) < rank_connectivity (steady->connectivity))
  KEEP (cost_type, rank_cost (seen->cost_type) < rank_cost (steady->cost_type))
  KEEP (is_roaming, !seen->is_roaming && steady->is_roaming)
  KEEP (is_approaching_data_limit,
        !seen->is_approaching_data_limit && steady->is_approaching_data_limit)
  KEEP (is_over_data_limit, !seen->is_over_data_limit && steady->is_over_data_limit)
  KEEP (connection_serial, seen->connection_serial != steady->connection_serial)

#undef KEEP

  *steady = taken;
  return is_waiting;
}

static void
take_battery (BtsSteady *self, const BtsLimits *limits, gboolean was_low)
{
  BtsConditions *steady = &self->steady;
  double threshold = limits->low_battery_percent;
  gboolean is_low = steady->is_battery_warned || steady->battery_percentage <= threshold;

  if (!steady->is_on_battery)
    {
      steady->is_battery_low = FALSE;
      return;
    }
  if (is_low && !was_low)
    self->low_percentage = MAX (threshold, steady->battery_percentage);
  if (!is_low && was_low)
    is_low = steady->battery_percentage < self->low_percentage + BTS_STEADY_BATTERY_MARGIN;
  steady->is_battery_low = is_low;
}

gint64
bts_steady_update (BtsSteady *self, const BtsConditions *seen, const BtsLimits *limits, gint64 now)
{
  gboolean was_low = self->has_begun && self->steady.is_battery_low;
  gboolean is_calm, is_waiting;

  if (self->has_begun && !is_same_network (&self->seen, seen))
    self->changed_at = now;
  is_calm = !self->has_begun || now >= self->changed_at + BTS_STEADY_CALM_US;
  self->has_begun = TRUE;
  self->seen = *seen;
  is_waiting = take_network (&self->steady, seen, is_calm);
  take_battery (self, limits, was_low);

  return is_waiting ? self->changed_at + BTS_STEADY_CALM_US : 0;
}
