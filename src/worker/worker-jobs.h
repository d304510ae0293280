/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transfer-job.h"

/* The jobs that run: what they report goes to the daemon, and the rate is shared out among them.
 * The main loop only. */

typedef struct _BtsWorkerJobs BtsWorkerJobs;

/* @connection: to the daemon. */
BtsWorkerJobs *bts_worker_jobs_new (GDBusConnection *connection);
void bts_worker_jobs_free (BtsWorkerJobs *self);

/* A new job, which is still to be started; of @guid there must be none. Lends. */
BtsTransferJob *bts_worker_jobs_add (BtsWorkerJobs *self, const char *guid, GVariant *request);

/* Lends; NULL where none of @guid runs. */
BtsTransferJob *bts_worker_jobs_lookup (BtsWorkerJobs *self, const char *guid);

/* Takes @invocation and answers it when the job has ended. */
void
bts_worker_jobs_stop (BtsWorkerJobs *self, const char *guid, GDBusMethodInvocation *invocation);

/* Removes what the job of @guid, which is to stop and does not, leaves behind when it ends;
 * @checkpoint (nullable) is that of an earlier one. */
void bts_worker_jobs_discard_at_end (BtsWorkerJobs *self, const char *guid, GVariant *checkpoint);

void bts_worker_jobs_reconnect (BtsWorkerJobs *self);

/* Of all together; 0 without limit. */
void bts_worker_jobs_set_max_rate (BtsWorkerJobs *self, guint64 max_rate);

/* After a job's own rate has changed. */
void bts_worker_jobs_share_rate (BtsWorkerJobs *self);
