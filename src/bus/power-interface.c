/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"
#include "introspection/bus-interface-info.h"

#define READER(function, type, member)                                                             \
  static GVariant *function (const BtsBus *bus, const BtsOperationView *view)                      \
  {                                                                                                \
    return g_variant_new_##type (bus->service.conditions->member);                                 \
  }

READER (read_on_battery, boolean, is_on_battery)
READER (read_battery_percentage, double, battery_percentage)
READER (read_battery_low, boolean, is_battery_low)
READER (read_battery_saver, boolean, is_battery_saver)

#undef READER

static const BtsPropertyRow properties[] = {
  { "OnBattery", read_on_battery },
  { "BatteryPercentage", read_battery_percentage },
  { "BatteryLow", read_battery_low },
  { "BatterySaver", read_battery_saver },
};

const BtsInterface bts_power_interface = {
  .info = &bts_dbus_power_interface,
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};
