/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/jobs.h"

/* Whatever changes: asks the policies about every unfinished operation, tells the operations what
 * keeps them, and starts and stops what should run and does not, or the other way round. It has no
 * rule of its own. All that happens in one turn of the loop is one decision. */

#define BTS_TYPE_SCHEDULER (bts_scheduler_get_type ())
G_DECLARE_FINAL_TYPE (BtsScheduler, bts_scheduler, BTS, SCHEDULER, GObject)

/* @context is copied; what it points to stays valid. */
BtsScheduler *
bts_scheduler_new (BtsRegistry *registry, BtsJobs *jobs, const BtsJobContext *context);

/* Conditions or limits are others now. */
void bts_scheduler_queue (BtsScheduler *self);

/* Decides nothing any more. */
void bts_scheduler_stop (BtsScheduler *self);
