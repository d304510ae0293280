/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "policy/blockers.h"
#include "policy/conditions.h"
#include "policy/limits.h"

/* Every reason why a transfer of @priority must not move with this power; 0 if it may. */
BtsBlockers bts_power_get_blockers (const BtsConditions *conditions,
                                    const BtsLimits *limits,
                                    BgtPriority priority);
