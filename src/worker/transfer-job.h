/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "common/byte-ranges.h"
#include "worker/files/destination.h"
#include "worker/progress.h"
#include "worker/transport/transport.h"

/* One job, as the worker's main loop and the job's own thread share it: what it shall do, how it
 * may be interrupted, and the reports that go to the daemon. Knows nothing of what is
 * transferred. Reference-counted. */

typedef struct _BtsTransferJob BtsTransferJob;

/* Both are called in the main loop, in the order in which the thread said so. */
typedef struct
{
  /* To be answered by exactly one bts_transfer_job_take_answer(). */
  void (*send_checkpoint) (BtsTransferJob *job, GVariant *update, gpointer user_data);

  /* The thread is done and holds nothing any more. @update is that of WorkerHost.Finished, or
   * NULL where the job was stopped before its end. */
  void (*ended) (BtsTransferJob *job, GVariant *update, gpointer user_data);
} BtsTransferJobEvents;

/* Runs in the job's thread. Returns what `ended` gets: not floating; NULL if it was stopped. */
typedef GVariant *(*BtsTransferJobMain) (BtsTransferJob *job, gpointer user_data);

BtsTransferJob *bts_transfer_job_new (const char *guid,
                                      GVariant *request,
                                      const BtsTransferJobEvents *events,
                                      gpointer user_data);
BtsTransferJob *bts_transfer_job_ref (BtsTransferJob *self);
void bts_transfer_job_unref (BtsTransferJob *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsTransferJob, bts_transfer_job_unref)

const char *bts_transfer_job_get_guid (BtsTransferJob *self);
BtsProgress *bts_transfer_job_get_progress (BtsTransferJob *self);

/* Adds to @update, of WorkerHost.Finished, why the job has failed. What is an error neither of the
 * contract nor of a file was one of the network. */
void bts_transfer_job_add_error (GVariantDict *update, const GError *error);

/* For the main loop. */
void bts_transfer_job_start (BtsTransferJob *self,
                             BtsTransferJobMain thread_main,
                             gpointer data,
                             GDestroyNotify free_data);
void bts_transfer_job_stop (BtsTransferJob *self);
void bts_transfer_job_reconnect (BtsTransferJob *self);

/* Takes over the keys of @changes (a{sv}) that may change while the job runs. */
void bts_transfer_job_change (BtsTransferJob *self, GVariant *changes);

/* Fetch this next; a job that fetches in order does not mind. */
void bts_transfer_job_request_range (BtsTransferJob *self, guint64 offset, guint64 length);

/* What the request allows (0 without limit), and this job's part of what the machine allows. */
guint64 bts_transfer_job_get_own_rate (BtsTransferJob *self);
void bts_transfer_job_set_max_rate (BtsTransferJob *self, guint64 bytes_per_second);

/* The answer to a checkpoint; @error (nullable) where it could not be saved. */
void bts_transfer_job_take_answer (BtsTransferJob *self, const GError *error);

/* For any thread: the job's latest checkpoint, newer than what the daemon may have; NULL before
 * there is one. */
GVariant *bts_transfer_job_dup_checkpoint (BtsTransferJob *self);

/* What the job writes, for those who read it in other threads: set by the job's thread. */
void bts_transfer_job_set_destination (BtsTransferJob *self, BtsDestination *destination);
BtsDestination *bts_transfer_job_dup_destination (BtsTransferJob *self); /* (nullable) */

/* For the job's thread. */
GVariant *bts_transfer_job_dup_request (BtsTransferJob *self);
gboolean bts_transfer_job_is_stopping (BtsTransferJob *self);
GCancellable *bts_transfer_job_get_cancellable (BtsTransferJob *self); /* cancelled by _stop */

/* bts_transport_run(), in such a way that stop, reconnect and rate reach it. With
 * G_IO_ERROR_CANCELLED, the job is stopping or shall connect anew. A job may run several at once,
 * each in a thread of its own: they share the rate. */
gboolean bts_transfer_job_run_transport (BtsTransferJob *self,
                                         BtsTransport *transport,
                                         const BtsTransportRequest *request,
                                         const BtsTransportSink *sink,
                                         gpointer user_data,
                                         GError **error);

/* Sends @update (not floating) and does not wait. @checkpoint is what it says (a{sv}). */
void
bts_transfer_job_post_checkpoint (BtsTransferJob *self, GVariant *update, GVariant *checkpoint);
gboolean bts_transfer_job_is_checkpoint_pending (BtsTransferJob *self);

/* Waits for the answers to all that has been posted; FALSE where the last of them was an error. */
gboolean bts_transfer_job_wait_for_answers (BtsTransferJob *self, GError **error);

/* Sleeps, but not longer than until the job is stopped. */
void bts_transfer_job_sleep (BtsTransferJob *self, gint64 duration_us);

/* What is sent now must not be broken off by anything but a stop: not by another network. */
void bts_transfer_job_set_keeps_connection (BtsTransferJob *self, gboolean keeps_connection);

/* For a job of several threads: sleeps until one of them, or the main loop, has called _wake_up
 * since the last return, or until @end (monotonic time). A range that was asked for, the answer to
 * a checkpoint and a stop wake up too. */
void bts_transfer_job_wait (BtsTransferJob *self, gint64 end);
void bts_transfer_job_wake_up (BtsTransferJob *self);

/* What was asked for with _request_range, the oldest first; FALSE where there is nothing. */
gboolean bts_transfer_job_take_range (BtsTransferJob *self, BtsByteRange *range);

guint64 bts_transfer_job_get_max_rate (BtsTransferJob *self);
