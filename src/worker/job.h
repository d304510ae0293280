/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/progress.h"
#include "worker/transport/transport.h"

/* One job, as the worker's main loop and the job's own thread share it: what it shall do, how it
 * may be interrupted, and the reports that go to the daemon. Knows nothing of what is
 * transferred. Reference-counted. */

typedef struct _BtsJob BtsJob;

/* Both are called in the main loop, in the order in which the thread said so. */
typedef struct
{
  /* To be answered by exactly one bts_job_take_answer(). */
  void (*send_checkpoint) (BtsJob *job, GVariant *update, gpointer user_data);

  /* The thread is done and holds nothing any more. @update is that of WorkerHost.Finished, or
   * NULL where the job was stopped before its end. */
  void (*ended) (BtsJob *job, GVariant *update, gpointer user_data);
} BtsJobEvents;

/* Runs in the job's thread. Returns what `ended` gets: not floating; NULL if it was stopped. */
typedef GVariant *(*BtsJobMain) (BtsJob *job, gpointer user_data);

BtsJob *
bts_job_new (const char *guid, GVariant *request, const BtsJobEvents *events, gpointer user_data);
BtsJob *bts_job_ref (BtsJob *self);
void bts_job_unref (BtsJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsJob, bts_job_unref)

const char *bts_job_get_guid (BtsJob *self);
BtsProgress *bts_job_get_progress (BtsJob *self);

/* For the main loop. */
void bts_job_start (BtsJob *self, BtsJobMain thread_main, gpointer data, GDestroyNotify free_data);
void bts_job_stop (BtsJob *self);
void bts_job_reconnect (BtsJob *self);

/* Takes over the keys of @changes (a{sv}) that may change while the job runs. */
void bts_job_change (BtsJob *self, GVariant *changes);

/* What the request allows (0 without limit), and this job's part of what the machine allows. */
guint64 bts_job_get_own_rate (BtsJob *self);
void bts_job_set_max_rate (BtsJob *self, guint64 bytes_per_second);

/* The answer to a checkpoint; @error (nullable) where it could not be saved. */
void bts_job_take_answer (BtsJob *self, const GError *error);

/* For any thread: the job's latest checkpoint, newer than what the daemon may have; NULL before
 * there is one. */
GVariant *bts_job_dup_checkpoint (BtsJob *self);

/* For the job's thread. */
GVariant *bts_job_dup_request (BtsJob *self);
gboolean bts_job_is_stopping (BtsJob *self);
GCancellable *bts_job_get_cancellable (BtsJob *self); /* cancelled by _stop */

/* bts_transport_run(), in such a way that stop, reconnect and rate reach it. With
 * G_IO_ERROR_CANCELLED, the job is stopping or shall connect anew. */
gboolean bts_job_run_transport (BtsJob *self,
                                BtsTransport *transport,
                                const BtsTransportRequest *request,
                                const BtsTransportSink *sink,
                                gpointer user_data,
                                GError **error);

/* Sends @update (not floating) and does not wait. @checkpoint is what it says (a{sv}). */
void bts_job_post_checkpoint (BtsJob *self, GVariant *update, GVariant *checkpoint);
gboolean bts_job_is_checkpoint_pending (BtsJob *self);

/* Waits for the answers to all that has been posted; FALSE where the last of them was an error. */
gboolean bts_job_wait_for_answers (BtsJob *self, GError **error);

/* Sleeps, but not longer than until the job is stopped. */
void bts_job_sleep (BtsJob *self, gint64 duration_us);
