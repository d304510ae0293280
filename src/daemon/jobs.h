/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/job.h"
#include "model/registry.h"

/* The jobs of all operations: finds the one that a report is about, and tells each what happens to
 * its operation.
 *
 * Signal: changed (BtsOperation *operation)   its job's `changed` */

#define BTS_TYPE_JOBS (bts_jobs_get_type ())
G_DECLARE_FINAL_TYPE (BtsJobs, bts_jobs, BTS, JOBS, GObject)

BtsJobs *bts_jobs_new (BtsRegistry *registry, const BtsJobContext *context);

void bts_jobs_set_wanted (BtsJobs *self, BtsOperation *operation, gboolean is_wanted);
/* Ends what was being canceled when the service last stopped. */
void bts_jobs_take_canceled (BtsJobs *self);

void bts_jobs_expire (BtsJobs *self, BtsOperation *operation);
gboolean bts_jobs_is_active (BtsJobs *self, BtsOperation *operation);
gint64 bts_jobs_get_retry_at (BtsJobs *self, BtsOperation *operation);
void bts_jobs_clear_retry (BtsJobs *self, BtsOperation *operation);

/* Fetch this of @operation next, or first when it runs. */
void
bts_jobs_request_range (BtsJobs *self, BtsOperation *operation, guint64 offset, guint64 length);

/* Waits until the worker does what @operation says now. Nothing can fail: what a worker refuses is
 * made up for. */
void bts_jobs_settle_async (BtsJobs *self,
                            BtsOperation *operation,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data);
gboolean bts_jobs_settle_finish (BtsJobs *self, GAsyncResult *result, GError **error);

/* Stops everything that runs, without a word to the operations: at the next start of the service
 * they go on. No job is begun any more. */
void bts_jobs_stop_async (BtsJobs *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean bts_jobs_stop_finish (BtsJobs *self, GAsyncResult *result, GError **error);

gboolean bts_jobs_are_at_rest (BtsJobs *self);
