/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/accounting.h"
#include "daemon/jobs.h"
#include "monitor/conditions-source.h"
#include "monitor/sleep.h"

/* All monitors, and what the service owes to the machine: it may sleep once everything is at rest.
 */

typedef struct
{
  BtsConditionsSource *source; /* (owned) */
  BtsSleep *sleep;             /* (owned) */
  BtsAccounting *accounting;   /* (owned) */
} BtsSurroundings;

BtsSurroundings *bts_surroundings_new (BtsClock *clock,
                                       const BtsLimits *limits,
                                       BtsDataPlans *plans,
                                       BtsStateFiles *files);
void bts_surroundings_free (BtsSurroundings *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsSurroundings, bts_surroundings_free)

/* To be called whenever the conditions, or a job, have changed. */
void bts_surroundings_update (BtsSurroundings *self, BtsJobs *jobs);
