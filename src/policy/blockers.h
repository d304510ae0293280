/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/bgt-enums.h"

/* Every reason why an operation may not move now. Sets are OR-ed; status, `BlockedBy`, `Evaluate`
 * and the scheduler all read the one result, so that they cannot disagree. */
typedef enum
{
  BTS_BLOCKER_NOT_STARTED = 1 << 0,
  BTS_BLOCKER_PAUSED = 1 << 1,
  BTS_BLOCKER_NO_NETWORK = 1 << 2,
  BTS_BLOCKER_CAPTIVE_PORTAL = 1 << 3,
  BTS_BLOCKER_METERED = 1 << 4,
  BTS_BLOCKER_ROAMING = 1 << 5,
  BTS_BLOCKER_APPROACHING_DATA_LIMIT = 1 << 6,
  BTS_BLOCKER_OVER_DATA_LIMIT = 1 << 7,
  BTS_BLOCKER_BACKGROUND_DATA_RESTRICTED = 1 << 8,
  BTS_BLOCKER_BATTERY_LOW = 1 << 9,
  BTS_BLOCKER_BATTERY_SAVER = 1 << 10,
  BTS_BLOCKER_SUSPENDED = 1 << 11,
  BTS_BLOCKER_RECOVERABLE_ERROR = 1 << 12,
  BTS_BLOCKER_NOT_BEFORE = 1 << 13,
  BTS_BLOCKER_RETRY_DELAY = 1 << 14,
  BTS_BLOCKER_MACHINE_LIMIT = 1 << 15,
  BTS_BLOCKER_USER_LIMIT = 1 << 16,
  BTS_BLOCKER_APPLICATION_LIMIT = 1 << 17,
  BTS_BLOCKER_HOST_LIMIT = 1 << 18,
  BTS_BLOCKER_GROUP_ORDER = 1 << 19,
} BtsBlocker;

typedef guint32 BtsBlockers;

/* Those of whose turn it is and when it is tried again. */
#define BTS_BLOCKERS_OF_TURN                                                                       \
  ((BtsBlockers) (BTS_BLOCKER_RETRY_DELAY | BTS_BLOCKER_MACHINE_LIMIT | BTS_BLOCKER_USER_LIMIT |   \
                  BTS_BLOCKER_APPLICATION_LIMIT | BTS_BLOCKER_HOST_LIMIT |                         \
                  BTS_BLOCKER_GROUP_ORDER))

/* The words of `BlockedBy`, in the order of the enum; not floating, an `as`. */
GVariant *bts_blockers_to_variant (BtsBlockers blockers);

/* What an unfinished operation's status is: that of the strongest blocker, running without one.
 * The strongest is: paused and recoverable-error (the application's own), then network, cost,
 * power, and last those that only wait for a turn. */
BgtOperationStatus bts_blockers_to_status (BtsBlockers blockers);
