/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/left-job.h"

#include "daemon/worker-call.h"

static void
on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsWorkerPool) pool = BTS_WORKER_POOL (user_data);

  /* However it has: the pool knows whether the worker has gone. */
  bts_worker_pool_release (pool, BTS_WORKER_LINK (source));
}

void
bts_left_job_follow (BtsWorkerPool *pool, BtsWorkerLink *link, const char *guid)
{
  g_autoptr (BtsWorkerLink) held = link;

  bts_worker_call_wait_async (held, guid, on_ended, g_object_ref (pool));
}
