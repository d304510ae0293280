/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/worker-jobs.h"

#include "common/names.h"
#include "worker/file-call.h"
#include "worker/files/spool.h"
#include "worker/rate-share.h"
#include "worker/request-streams.h"

#define PROGRESS_INTERVAL_MS 250
#define SHARE_INTERVAL_US G_USEC_PER_SEC

typedef struct
{
  BtsTransferJob *job; /* (owned) */
  GPtrArray *stops;    /* (owned) (element-type GDBusMethodInvocation): calls of Stop that wait */
  BtsRateUse use;      /* of the machine's rate */

  gboolean is_discarded; /* nothing of it is to stay */
  GVariant *checkpoint;  /* (owned) (nullable): then, of an earlier one */
} Job;

/* A call to the daemon that is under way. */
typedef struct
{
  BtsTransferJob *job;      /* (owned) */
  GPtrArray *stops;         /* (owned) (nullable): answered after it */
  gboolean removes_streams; /* which are needed until the end has been stored */
} HostCall;

static void
job_free (gpointer data)
{
  Job *self = data;

  bts_transfer_job_unref (self->job);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_free (self);
}

static void
host_call_free (HostCall *self)
{
  bts_transfer_job_unref (self->job);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostCall, host_call_free)

struct _BtsWorkerJobs
{
  GDBusConnection *connection; /* (owned) */
  GHashTable *jobs;            /* (owned) (element-type utf8 Job) by GUID */
  guint progress_source;
  guint64 max_rate;
  gint64 shared_at; /* by what the jobs use */
};

/* Talking to the daemon */

static HostCall *
host_call_new (BtsTransferJob *job)
{
  HostCall *self = g_new0 (HostCall, 1);

  self->job = bts_transfer_job_ref (job);
  return self;
}

/* Takes @call, which is NULL where no answer is asked for. */
static void
call_host (BtsWorkerJobs *self,
           const char *method,
           BtsTransferJob *job,
           GVariant *update,
           HostCall *call,
           GAsyncReadyCallback callback)
{
  /* No time-out: the daemon answers when its disk has, and if it is gone so are we. */
  g_dbus_connection_call (self->connection, NULL, BTS_WORKER_HOST_PATH, BTS_INTERFACE_WORKER_HOST,
                          method,
                          g_variant_new ("(s@a{sv})", bts_transfer_job_get_guid (job), update),
                          NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, callback, call);
}

static void
on_checkpoint_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HostCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  bts_transfer_job_take_answer (call->job, reply == NULL ? error : NULL);
}

static void
send_checkpoint (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  BtsWorkerJobs *self = user_data;

  call_host (self, "Checkpoint", job, update, host_call_new (job), on_checkpoint_answered);
  /* It counts what is durable; more may have come, and been told. */
  bts_progress_tell_again (bts_transfer_job_get_progress (job));
}

static void
answer_stops (GPtrArray *stops)
{
  for (guint i = 0; i < stops->len; i++)
    g_dbus_method_invocation_return_value (g_ptr_array_index (stops, i), NULL);
  g_ptr_array_set_size (stops, 0);
}

static gpointer
remove_streams (gpointer data)
{
  g_autofree char *guid = data;

  bts_spool_remove_streams (guid, NULL);
  return NULL;
}

/* What cannot be removed now is so with the operation. */
static void
begin_removing_streams (const char *guid)
{
  char *copy = g_strdup (guid);
  GThread *thread = g_thread_try_new ("streams", remove_streams, copy, NULL);

  if (thread != NULL)
    g_thread_unref (thread);
  else
    g_free (copy);
}

static void
on_finished_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HostCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* It has been told; what it makes of that is its own affair. */
  if (reply == NULL)
    g_debug ("The end of %s was not taken: %s", bts_transfer_job_get_guid (call->job),
             error->message);
  else if (call->removes_streams)
    begin_removing_streams (bts_transfer_job_get_guid (call->job));
  answer_stops (call->stops);
}

static void
measure_use (Job *self, gint64 now)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);

  bts_rate_use_measure (&self->use, bts_transfer_job_get_max_rate (self->job),
                        progress->received + progress->sent, now);
}

void
bts_worker_jobs_share_rate (BtsWorkerJobs *self)
{
  guint n = g_hash_table_size (self->jobs);
  g_autofree guint64 *own = g_new0 (guint64, n);
  g_autofree guint64 *shares = g_new0 (guint64, n);
  GHashTableIter iter;
  gpointer job = NULL;
  gsize i = 0;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    own[i++] = bts_rate_use_get_demand (&((Job *) job)->use,
                                        bts_transfer_job_get_own_rate (((Job *) job)->job));
  bts_rate_share (self->max_rate, own, shares, n);

  i = 0;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    bts_transfer_job_set_max_rate (((Job *) job)->job, shares[i++]);
}

/* What one job does not use is for the others. */
static void
share_rate_anew (BtsWorkerJobs *self)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer job = NULL;

  if (self->max_rate == 0 || now < self->shared_at + SHARE_INTERVAL_US)
    return;
  self->shared_at = now;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    measure_use (job, now);
  bts_worker_jobs_share_rate (self);
}

static gboolean
on_progress_due (gpointer user_data)
{
  BtsWorkerJobs *self = user_data;
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      BtsTransferJob *job = ((Job *) value)->job;
      const guint64 *now = bts_progress_take_change (bts_transfer_job_get_progress (job));

      if (now != NULL)
        /* Fails only on a closed connection, which ends this process. */
        g_dbus_connection_emit_signal (self->connection, NULL, BTS_WORKER_HOST_PATH,
                                       BTS_INTERFACE_WORKER_HOST, "Progress",
                                       g_variant_new ("(stttt)", bts_transfer_job_get_guid (job),
                                                      now[0], now[1], now[2], now[3]),
                                       NULL);
    }
  share_rate_anew (self);
  return G_SOURCE_CONTINUE;
}

/* Whether what has been kept for @job is of no more use. */
static gboolean
ends_streams (BtsTransferJob *job, GVariant *update)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (job);
  const char *error = NULL;

  return bts_request_streams_count (request) > 0 &&
         g_variant_lookup (update, "web-error-status", "&s", &error) && *error == '\0';
}

static void
tell_end (BtsWorkerJobs *self, BtsTransferJob *job, GVariant *update, GPtrArray *stops)
{
  gboolean removes_streams = ends_streams (job, update);
  HostCall *call = NULL;

  /* Where nobody waits for it, no answer is asked for. */
  if (stops->len > 0 || removes_streams)
    {
      call = host_call_new (job);
      call->stops = g_ptr_array_ref (stops);
      call->removes_streams = removes_streams;
    }
  call_host (self, "Finished", job, update, call, call != NULL ? on_finished_answered : NULL);
}

static void
discard (Job *self)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (self->job);
  g_autoptr (GVariant) latest = bts_transfer_job_dup_checkpoint (self->job);
  const BtsFileCall call = {
    .kind = BTS_FILE_CALL_DISCARD,
    .guid = bts_transfer_job_get_guid (self->job),
    .request = request,
    .checkpoint = latest != NULL ? latest : self->checkpoint,
  };

  bts_file_call_run (&call, NULL);
}

static void
on_job_ended (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  BtsWorkerJobs *self = user_data;
  Job *entry = g_hash_table_lookup (self->jobs, bts_transfer_job_get_guid (job));
  g_autoptr (GPtrArray) stops = g_ptr_array_ref (entry->stops);

  if (entry->is_discarded)
    discard (entry);
  /* Before the daemon hears of it: it may start the next try at once. */
  g_hash_table_remove (self->jobs, bts_transfer_job_get_guid (job));
  bts_worker_jobs_share_rate (self);
  if (g_hash_table_size (self->jobs) == 0)
    g_clear_handle_id (&self->progress_source, g_source_remove);

  if (update != NULL)
    tell_end (self, job, update, stops);
  else
    answer_stops (stops);
}

static const BtsTransferJobEvents job_events = { send_checkpoint, on_job_ended };

BtsWorkerJobs *
bts_worker_jobs_new (GDBusConnection *connection)
{
  BtsWorkerJobs *self = g_new0 (BtsWorkerJobs, 1);

  self->connection = g_object_ref (connection);
  self->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, job_free);
  return self;
}

void
bts_worker_jobs_free (BtsWorkerJobs *self)
{
  g_clear_handle_id (&self->progress_source, g_source_remove);
  g_hash_table_unref (self->jobs);
  g_object_unref (self->connection);
  g_free (self);
}

BtsTransferJob *
bts_worker_jobs_add (BtsWorkerJobs *self, const char *guid, GVariant *request)
{
  Job *job = g_new0 (Job, 1);

  job->job = bts_transfer_job_new (guid, request, &job_events, self);
  job->stops = g_ptr_array_new ();
  g_hash_table_insert (self->jobs, g_strdup (guid), job);
  bts_worker_jobs_share_rate (self);
  if (self->progress_source == 0)
    self->progress_source = g_timeout_add (PROGRESS_INTERVAL_MS, on_progress_due, self);
  return job->job;
}

BtsTransferJob *
bts_worker_jobs_lookup (BtsWorkerJobs *self, const char *guid)
{
  Job *job = g_hash_table_lookup (self->jobs, guid);

  return job != NULL ? job->job : NULL;
}

void
bts_worker_jobs_stop (BtsWorkerJobs *self, const char *guid, GDBusMethodInvocation *invocation)
{
  Job *job = g_hash_table_lookup (self->jobs, guid);

  if (job == NULL)
    {
      g_dbus_method_invocation_return_value (invocation, NULL);
      return;
    }
  g_ptr_array_add (job->stops, invocation);
  bts_transfer_job_stop (job->job);
}

void
bts_worker_jobs_discard_at_end (BtsWorkerJobs *self, const char *guid, GVariant *checkpoint)
{
  Job *job = g_hash_table_lookup (self->jobs, guid);

  job->is_discarded = TRUE;
  g_clear_pointer (&job->checkpoint, g_variant_unref);
  job->checkpoint = checkpoint != NULL ? g_variant_ref (checkpoint) : NULL;
  bts_transfer_job_stop (job->job);
}

void
bts_worker_jobs_reconnect (BtsWorkerJobs *self)
{
  GHashTableIter iter;
  gpointer job = NULL;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    bts_transfer_job_reconnect (((Job *) job)->job);
}

void
bts_worker_jobs_set_max_rate (BtsWorkerJobs *self, guint64 max_rate)
{
  self->max_rate = max_rate;
  bts_worker_jobs_share_rate (self);
}
