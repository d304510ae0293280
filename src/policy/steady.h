/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "policy/conditions.h"
#include "policy/limits.h"

/* What counts of what is seen, so that nothing flaps: a network that turns costlier, or goes,
 * counts at once; one that turns cheaper, or comes back, or is another one, after 2 s without any
 * change. A battery that is low is so until it stands well above, or until there is mains. */

#define BTS_STEADY_CALM_US (2 * G_TIME_SPAN_SECOND)
#define BTS_STEADY_BATTERY_MARGIN 5.0

typedef struct
{
  gboolean has_begun;
  BtsConditions seen;    /* the last that was given */
  BtsConditions steady;  /* what counts */
  gint64 changed_at;     /* when the network was last seen to change */
  double low_percentage; /* where the battery became low */
} BtsSteady;

/* Takes what is seen at boot time @now. The first counts as it is. Returns the boot time at which
 * something more may count, 0 where there is nothing to wait for. */
gint64
bts_steady_update (BtsSteady *self, const BtsConditions *seen, const BtsLimits *limits, gint64 now);
