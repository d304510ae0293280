/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"
#include "common/bgt-error.h"
#include "introspection/bus-interface-info.h"
#include "policy/cost.h"

/* The conditions that the scheduler decides by, read off one by one. */

static void
write_background_data_restricted (BtsInvocation *call, GVariant *value)
{
  bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                                   "This version of the service cannot restrict background data");
}

/* As an operation sees it that does not mind what the network costs. */
static GVariant *
read_available (const BtsBus *bus, const BtsOperationView *view)
{
  BtsBlockers blockers =
      bts_cost_get_blockers (bus->service.conditions, bus->service.limits, BGT_COST_POLICY_ALWAYS);

  return g_variant_new_boolean (
      (blockers & (BTS_BLOCKER_NO_NETWORK | BTS_BLOCKER_CAPTIVE_PORTAL)) == 0);
}

#define READER(function, type, expression)                                                         \
  static GVariant *function (const BtsBus *bus, const BtsOperationView *view)                      \
  {                                                                                                \
    const BtsConditions *conditions = bus->service.conditions;                                     \
                                                                                                   \
    return g_variant_new_##type (expression);                                                      \
  }

READER (read_connectivity, string, bgt_connectivity_to_string (conditions->connectivity))
READER (read_cost_type, string, bgt_cost_type_to_string (conditions->cost_type))
READER (read_roaming, boolean, conditions->is_roaming)
READER (read_approaching_data_limit, boolean, conditions->is_approaching_data_limit)
READER (read_over_data_limit, boolean, conditions->is_over_data_limit)
READER (read_background_data_restricted, boolean, conditions->is_background_data_restricted)
READER (read_connection_uuid, string, conditions->connection_uuid)

#undef READER

static GVariant *
read_data_plans (const BtsBus *bus, const BtsOperationView *view)
{
  return g_variant_new_array (G_VARIANT_TYPE ("{sa{sv}}"), NULL, 0);
}

static const BtsPropertyRow properties[] = {
  { "Available", read_available },
  { "Connectivity", read_connectivity },
  { "CostType", read_cost_type },
  { "Roaming", read_roaming },
  { "ApproachingDataLimit", read_approaching_data_limit },
  { "OverDataLimit", read_over_data_limit },
  { "BackgroundDataRestricted", read_background_data_restricted,
    .write = write_background_data_restricted },
  { "ConnectionUuid", read_connection_uuid },
  { "DataPlans", read_data_plans },
};

const BtsInterface bts_network_interface = {
  .info = &bts_dbus_network_interface,
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
