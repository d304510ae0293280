/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/conditions.h"

#include <string.h>

void
bts_conditions_init (BtsConditions *self)
{
  *self = (BtsConditions){
    .connectivity = BGT_CONNECTIVITY_UNKNOWN,
    .cost_type = BGT_COST_TYPE_UNKNOWN,
    .is_cost_guessed = TRUE,
    .battery_percentage = 100,
  };
}

static gboolean
are_networks_equal (const BtsConditions *a, const BtsConditions *b)
{
  return a->connectivity == b->connectivity && a->cost_type == b->cost_type &&
         a->is_cost_guessed == b->is_cost_guessed && a->is_roaming == b->is_roaming &&
         a->is_approaching_data_limit == b->is_approaching_data_limit &&
         a->is_over_data_limit == b->is_over_data_limit &&
         a->is_background_data_restricted == b->is_background_data_restricted &&
         a->connection_serial == b->connection_serial &&
         strcmp (a->connection_uuid, b->connection_uuid) == 0 &&
         strcmp (a->interface_name, b->interface_name) == 0 &&
         strcmp (a->device_path, b->device_path) == 0 && strcmp (a->modem_path, b->modem_path) == 0;
}

gboolean
bts_conditions_are_equal (const BtsConditions *a, const BtsConditions *b)
{
  return are_networks_equal (a, b) && a->is_on_battery == b->is_on_battery &&
         a->battery_percentage >= b->battery_percentage &&
         a->battery_percentage <= b->battery_percentage &&
         a->is_battery_warned == b->is_battery_warned && a->is_battery_low == b->is_battery_low &&
         a->is_battery_saver == b->is_battery_saver && a->is_suspending == b->is_suspending;
}
