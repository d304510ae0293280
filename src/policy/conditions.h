/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/bgt-enums.h"

/* What is, all in one value: filled by the monitors, read by the policies. */
typedef struct
{
  BgtConnectivity connectivity;
  BgtCostType cost_type;
  gboolean is_roaming;
  gboolean is_approaching_data_limit;
  gboolean is_over_data_limit;
  gboolean is_background_data_restricted;

  gboolean is_on_battery;
  double battery_percentage; /* 100 where there is no battery */
  gboolean is_battery_low;   /* with its hysteresis already applied */
  gboolean is_battery_saver;

  gboolean is_suspending; /* about to sleep, or asleep */
} BtsConditions;
