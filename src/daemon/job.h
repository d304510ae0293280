/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/worker-pool.h"
#include "model/groups.h"
#include "policy/conditions.h"
#include "store/store.h"

/* One operation's way through its worker: brings the worker to do what is wanted (run, not run,
 * remove the files) one step after the other, whatever happens meanwhile, and takes what it
 * reports.
 *
 * Signal: changed ()   what the scheduler or a waiter looks at may be another: the state, the time
 *                      of the next try */

#define BTS_TYPE_JOB (bts_job_get_type ())
G_DECLARE_FINAL_TYPE (BtsJob, bts_job, BTS, JOB, GObject)

/* What a job works with; all stay valid as long as the job lives. */
typedef struct
{
  BtsWorkerPool *pool;             /* (unowned) */
  BtsGroups *groups;               /* (unowned) */
  BtsStore *store;                 /* (unowned) */
  BtsClock *clock;                 /* (unowned) */
  const BtsLimits *limits;         /* (unowned): values may change */
  const BtsConditions *conditions; /* (unowned): values may change */
} BtsJobContext;

BtsJob *bts_job_new (BtsOperation *operation, const BtsJobContext *context);

BtsOperation *bts_job_get_operation (BtsJob *self);

/* Fetch this next: at once where it runs, else when it does. The last one counts. */
void bts_job_request_range (BtsJob *self, guint64 offset, guint64 length);

/* The scheduler's decision. */
void bts_job_set_wanted (BtsJob *self, gboolean is_wanted);

/* The operation's deadline has passed: what runs is stopped, then it ends with `timeout`. */
void bts_job_expire (BtsJob *self);

/* Whether it is at work on a worker, or will be at once. */
gboolean bts_job_is_active (BtsJob *self);

/* Whether the worker does what the operation says, and nothing is under way. */
gboolean bts_job_is_settled (BtsJob *self);

/* Whether the worker has nothing to do with it at all. */
gboolean bts_job_is_at_rest (BtsJob *self);

/* Boot time before which no new try is made; 0 where nothing failed. */
gint64 bts_job_get_retry_at (BtsJob *self);
void bts_job_clear_retry (BtsJob *self);

/* Something about the operation is another: looks whether there is anything to do. */
void bts_job_update (BtsJob *self);

/* What came from @link's worker; ignored where this job is not that worker's. */
void bts_job_take_report (BtsJob *self, BtsWorkerLink *link, BtsWorkerReport *report);
void bts_job_take_progress (BtsJob *self,
                            BtsWorkerLink *link,
                            guint64 bytes_received,
                            guint64 total_to_receive,
                            guint64 bytes_sent,
                            guint64 total_to_send);
void bts_job_take_worker_lost (BtsJob *self, BtsWorkerLink *link);
