/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/power.h"

BtsBlockers
bts_power_get_blockers (const BtsConditions *conditions,
                        const BtsLimits *limits,
                        BgtPriority priority)
{
  BtsBlockers blockers = 0;

  if (conditions->is_suspending)
    blockers |= BTS_BLOCKER_SUSPENDED;
  if (conditions->is_battery_low && priority < BGT_PRIORITY_HIGH)
    blockers |= BTS_BLOCKER_BATTERY_LOW;
  if (conditions->is_battery_saver && limits->pause_on_battery_saver &&
      priority < BGT_PRIORITY_DEFAULT)
    blockers |= BTS_BLOCKER_BATTERY_SAVER;

  return blockers;
}
