/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/back-off.h"
#include "daemon/known-servers.h"
#include "daemon/worker-pool.h"

/* One user's worker as the pool has it, over all its lives. What happens to it is in
 * worker-pool.c. */

typedef enum
{
  BTS_POOL_WORKER_NONE,
  BTS_POOL_WORKER_STARTING, /* launched, connected, configured: one after the other */
  BTS_POOL_WORKER_READY,
  BTS_POOL_WORKER_LEAVING, /* its socket is closed, or it has been killed */
} BtsPoolWorkerState;

typedef struct
{
  BtsWorkerPool *pool; /* (unowned) */
  BtsClock *clock;     /* (unowned) */
  uid_t uid;
  BtsPoolWorkerState state;
  BtsKnownServers *servers; /* (owned): what the one before has learned */
  guint worker_id;          /* 0 until launched */
  BtsWorkerLink *link;      /* (owned) (nullable) */
  gboolean was_ready;
  GCancellable *cancellable; /* (owned) (nullable): ends the starting */
  GError *error;             /* (owned) (nullable): why the starting failed */
  GQueue waiting;            /* (element-type GTask) (owned) */
  guint n_holds;
  guint64 max_rate; /* its part of the machine's, as it was told */
  guint alarm_id;   /* of what may not last: starting, being idle, leaving */
  gint64 started_at;
  BtsBackOff back_off;
} BtsPoolWorker;

BtsPoolWorker *bts_pool_worker_new (BtsWorkerPool *pool, BtsClock *clock, uid_t uid);
void bts_pool_worker_free (BtsPoolWorker *self);

void bts_pool_worker_set_alarm (BtsPoolWorker *self, gint64 delay_us, BtsClockAlarm alarm);
void bts_pool_worker_clear_alarm (BtsPoolWorker *self);

/* Whoever waits for it gets @error. */
void bts_pool_worker_fail_waiting (BtsPoolWorker *self, const GError *error);

/* It has ended before it was ready. */
void bts_pool_worker_end_start (BtsPoolWorker *self);

/* It has ended although it was to live. */
void bts_pool_worker_count_failure (BtsPoolWorker *self);

/* Why there is none for a while. */
GError *bts_pool_worker_new_back_off_error (BtsPoolWorker *self);
