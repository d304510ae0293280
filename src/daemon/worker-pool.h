/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/clock.h"
#include "daemon/worker-launcher.h"
#include "daemon/worker-link.h"
#include "policy/limits.h"

/* At most one worker a user: started when somebody needs it, told the configuration before
 * anything else, let go when nobody has needed it for a while, started again with growing delays
 * where workers keep dying.
 *
 * Signals
 *   worker-added (BtsWorkerLink *link)   ready for calls
 *   worker-lost (BtsWorkerLink *link)    it has ended and touches no file any more
 *   became-idle ()                       no worker is wanted or starting */

#define BTS_TYPE_WORKER_POOL (bts_worker_pool_get_type ())
G_DECLARE_FINAL_TYPE (BtsWorkerPool, bts_worker_pool, BTS, WORKER_POOL, GObject)

/* @limits stays valid; its values may change, see _configure. */
BtsWorkerPool *
bts_worker_pool_new (BtsWorkerLauncher *launcher, BtsClock *clock, const BtsLimits *limits);

/* A worker of @uid, held until _release. Fails where it cannot be started, or may not yet. */
void bts_worker_pool_acquire_async (BtsWorkerPool *self,
                                    uid_t uid,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
BtsWorkerLink *
bts_worker_pool_acquire_finish (BtsWorkerPool *self, GAsyncResult *result, GError **error);
void bts_worker_pool_release (BtsWorkerPool *self, BtsWorkerLink *link);

/* Boot time before which no worker of @uid is started; 0 where nothing speaks against it. */
gint64 bts_worker_pool_get_not_before (BtsWorkerPool *self, uid_t uid);

/* @uid's worker does useful things: the delays start from the beginning. */
void bts_worker_pool_note_progress (BtsWorkerPool *self, uid_t uid);

/* Ends a worker that does not answer; worker-lost follows. */
void bts_worker_pool_kill (BtsWorkerPool *self, BtsWorkerLink *link);

/* Tells all workers what the limits are now. */
void bts_worker_pool_configure (BtsWorkerPool *self);

/* The network is another one: all that runs makes a new connection. */
void bts_worker_pool_reconnect (BtsWorkerPool *self);

/* Lets all workers go, those that are held too. */
void bts_worker_pool_close (BtsWorkerPool *self);

gboolean bts_worker_pool_is_idle (BtsWorkerPool *self);
