/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/job.h"

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "daemon/job-outcome.h"
#include "daemon/job-updates.h"
#include "daemon/left-job.h"
#include "daemon/worker-call.h"

/* A worker that dies this soon after a job was given to it, so often in a row and without a byte,
 * dies of the job. */
#define QUICK_DEATH_US G_USEC_PER_SEC
#define MAX_QUICK_DEATHS 5

#define MAX_DISCARD_TRIES 3

typedef enum
{
  JOB_IDLE,
  JOB_STARTING, /* waits for a worker, or for its answer to Start */
  JOB_RUNNING,
  JOB_STOPPING,   /* waits for the answer to Stop */
  JOB_DISCARDING, /* waits for a worker, or for its answer to Discard */
  JOB_ENDING,     /* has ended by itself; waits until the store holds how */
} JobState;

struct _BtsJob
{
  GObject parent;

  BtsOperation *operation; /* (owned) */
  BtsJobContext context;
  GCancellable *cancellable; /* (owned): ends what is under way when the job goes */

  JobState state;
  gboolean is_wanted; /* by the scheduler; a try that ended by itself has to be wanted anew */
  gboolean is_expired;
  BtsWorkerLink *link;    /* (owned) (nullable): held in the pool */
  BtsJobUpdates *updates; /* (owned) (nullable): since Start */
  BtsByteRange wanted;    /* what the application wants next; empty where it does not mind */

  gboolean is_keeping; /* what was begun last: streams are read, and nothing is sent */
  gint64 retry_at;
  gint64 started_at;
  gboolean has_progress;  /* since Start */
  guint64 bytes_at_start; /* what was durable: a worker that died may have had more */
  guint n_quick_deaths;
  guint n_discard_tries;
  guint alarm_id; /* for another try to discard */
};

G_DEFINE_FINAL_TYPE (BtsJob, bts_job, G_TYPE_OBJECT)

static guint changed_signal;

static void advance (BtsJob *self);

static const char *
get_guid (BtsJob *self)
{
  return bts_operation_get_guid (self->operation);
}

static uid_t
get_uid (BtsJob *self)
{
  return bts_owner_get_uid (bts_operation_get_owner (self->operation));
}

static gint64
get_boot_time (BtsJob *self)
{
  return bts_clock_get_boot_time (self->context.clock);
}

static void
emit_changed (BtsJob *self)
{
  g_signal_emit (self, changed_signal, 0);
}

static void
release_link (BtsJob *self)
{
  g_autoptr (BtsWorkerLink) link = g_steal_pointer (&self->link);

  g_clear_pointer (&self->updates, bts_job_updates_end);
  if (link != NULL)
    bts_worker_pool_release (self->context.pool, link);
}

static void
become_idle (BtsJob *self)
{
  self->state = JOB_IDLE;
  bts_operation_clear_committed (self->operation);
  release_link (self);
  advance (self);
  emit_changed (self);
}

static guint64
get_bytes (BtsJob *self)
{
  return bts_operation_get_bytes_received (self->operation) +
         bts_operation_get_bytes_sent (self->operation);
}

static void
note_progress (BtsJob *self)
{
  if (get_bytes (self) <= self->bytes_at_start)
    return;
  self->has_progress = TRUE;
  self->n_quick_deaths = 0;
  bts_worker_pool_note_progress (self->context.pool, get_uid (self));
}

/* Whether anything is to be done for it: streams are read whatever the application wants next. */
static gboolean
may_run (BtsJob *self)
{
  BtsIntent intent = bts_operation_get_intent (self->operation);

  return intent == BTS_INTENT_GO ||
         (intent != BTS_INTENT_CANCEL && bts_operation_awaits_source (self->operation));
}

/* A step that could not be made although nothing is wrong with the transfer: a worker that cannot
 * be had, or that has gone. */
static void
wait_for_worker (BtsJob *self)
{
  self->retry_at = bts_worker_pool_get_not_before (self->context.pool, get_uid (self));
}

/* The last word about the operation, saved whether or not somebody waits for it; a failed save is
 * the store's to repeat. */
static void
finish_operation (BtsJob *self, BgtOperationStatus status, int web_error, const char *message)
{
  bts_operation_finish (self->operation, status, web_error, message,
                        bts_clock_get_wall_time (self->context.clock));
  bts_store_save_async (self->context.store, self->operation, NULL, NULL, NULL);
}

/* Running */

static void
send_wanted_range (BtsJob *self)
{
  if (self->wanted.length > 0)
    bts_job_updates_add_range (self->updates, self->wanted);
}

static void
on_start_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsJob) self = BTS_JOB (user_data);
  BtsWorkerLink *link = BTS_WORKER_LINK (source);
  g_autoptr (GError) error = NULL;
  gboolean is_started = bts_worker_call_finish (link, result, &error);

  /* The end may have been reported, or the worker lost, before. */
  if (self->state != JOB_STARTING || self->link != link)
    return;
  if (is_started)
    {
      self->state = JOB_RUNNING;
      send_wanted_range (self);
      emit_changed (self);
      advance (self);
      return;
    }
  /* The pool says so when it has really ended. */
  if (bts_worker_link_is_closed (link))
    return;
  g_message ("%s: the worker could not start the transfer: %s", get_guid (self), error->message);
  if (error->domain != BGT_ERROR)
    {
      /* It does not talk as it should. */
      bts_worker_pool_kill (self->context.pool, link);
      return;
    }
  self->retry_at = bts_job_outcome_take_refusal (self->operation, &self->context, error->message);
  self->is_wanted = FALSE;
  become_idle (self);
}

static void
start_on_link (BtsJob *self)
{
  BtsOperation *operation = self->operation;
  const BtsDescriptors *files = bts_operation_get_files (operation);
  const char *application = bts_owner_get_application (bts_operation_get_owner (operation));
  BtsRequest *taken = bts_operation_get_request (operation);
  GVariant *request = bts_request_get_variant (taken);

  self->is_keeping = bts_operation_awaits_source (operation);
  self->started_at = get_boot_time (self);
  self->has_progress = FALSE;
  self->bytes_at_start = bts_byte_ranges_get_total (bts_operation_get_ranges (operation));
  self->updates = bts_job_updates_new (self->context.pool, self->link, get_guid (self), taken);
  if (self->is_keeping)
    bts_worker_call_keep_async (self->link, get_guid (self), application, request, files->streams,
                                self->cancellable, on_start_answered, g_object_ref (self));
  else
    bts_worker_call_start_async (self->link, get_guid (self), application, request,
                                 bts_operation_get_checkpoint (operation), files, self->cancellable,
                                 on_start_answered, g_object_ref (self));
}

static void
on_discard_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsJob) self = BTS_JOB (user_data);
  BtsWorkerLink *link = BTS_WORKER_LINK (source);
  g_autoptr (GError) error = NULL;
  gboolean is_discarded = bts_worker_call_finish (link, result, &error);

  if (self->state != JOB_DISCARDING || self->link != link)
    return;
  if (!is_discarded && bts_worker_link_is_closed (link))
    return;
  if (!is_discarded)
    g_message ("%s: what had arrived could not be removed: %s", get_guid (self), error->message);
  finish_operation (self, BGT_OPERATION_STATUS_CANCELED, BGT_WEB_ERROR_NONE, NULL);
  become_idle (self);
}

static void
discard_on_link (BtsJob *self)
{
  bts_worker_call_discard_async (
      self->link, get_guid (self),
      bts_request_get_variant (bts_operation_get_request (self->operation)),
      bts_operation_get_checkpoint (self->operation), self->cancellable, on_discard_answered,
      g_object_ref (self));
}

static void
on_acquired (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsJob) self = BTS_JOB (user_data);
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsWorkerLink) link =
                 bts_worker_pool_acquire_finish (BTS_WORKER_POOL (source), result, &error);

  if (link == NULL || bts_worker_link_is_closed (link))
    {
      if (link != NULL)
        bts_worker_pool_release (self->context.pool, link);
      self->is_wanted = FALSE;
      wait_for_worker (self);
      become_idle (self);
      return;
    }
  self->link = g_steal_pointer (&link);
  if (g_cancellable_is_cancelled (self->cancellable))
    become_idle (self);
  else if (self->state == JOB_DISCARDING)
    discard_on_link (self);
  else if (self->is_wanted)
    start_on_link (self);
  else
    become_idle (self);
}

static void
acquire (BtsJob *self, JobState state)
{
  self->state = state;
  bts_worker_pool_acquire_async (self->context.pool, get_uid (self), on_acquired,
                                 g_object_ref (self));
}

/* Stopping */

static void
on_probe_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsJob) self = BTS_JOB (user_data);
  BtsWorkerLink *link = BTS_WORKER_LINK (source);
  g_autoptr (GError) error = NULL;
  gboolean is_answered = bts_worker_call_finish (link, result, &error);

  /* The pool says so when a worker has really ended. */
  if (self->state != JOB_STOPPING || self->link != link || bts_worker_link_is_closed (link))
    return;
  if (!is_answered)
    {
      g_warning ("%s: the worker does not stop the transfer and is ended: %s", get_guid (self),
                 error->message);
      bts_worker_pool_kill (self->context.pool, link);
      return;
    }
  g_warning ("%s: the transfer does not stop, as where a file system does not answer; it is left",
             get_guid (self));
  bts_left_job_follow (self->context.pool, g_steal_pointer (&self->link), get_guid (self));
  become_idle (self);
}

/* A thread that hangs in the kernel outlives even the kill of its process. So a worker that goes on
 * with all others keeps it, and does not begin that job anew before it has ended. */
static void
probe_worker (BtsJob *self)
{
  bts_worker_call_probe_async (self->link, get_guid (self), NULL, on_probe_answered,
                               g_object_ref (self));
}

static void
on_stop_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsJob) self = BTS_JOB (user_data);
  BtsWorkerLink *link = BTS_WORKER_LINK (source);
  g_autoptr (GError) error = NULL;
  gboolean is_stopped = bts_worker_call_finish (link, result, &error);

  if (self->state != JOB_STOPPING || self->link != link)
    return;
  if (is_stopped)
    become_idle (self);
  else if (!bts_worker_link_is_closed (link))
    probe_worker (self);
}

static void
begin_stop (BtsJob *self)
{
  self->state = JOB_STOPPING;
  bts_worker_call_stop_async (self->link, get_guid (self), NULL, on_stop_answered,
                              g_object_ref (self));
}

/* Discarding */

static void
on_discard_alarm (gpointer user_data)
{
  BtsJob *self = BTS_JOB (user_data);

  self->alarm_id = 0;
  advance (self);
}

static void
begin_discard (BtsJob *self)
{
  gint64 not_before = bts_worker_pool_get_not_before (self->context.pool, get_uid (self));

  if (self->alarm_id != 0)
    return;
  /* Nothing of one that never moved is on disk. */
  if (!bts_operation_may_have_files (self->operation) || self->n_discard_tries >= MAX_DISCARD_TRIES)
    {
      if (self->n_discard_tries > 0)
        g_warning ("%s: what had arrived could not be removed: no worker", get_guid (self));
      finish_operation (self, BGT_OPERATION_STATUS_CANCELED, BGT_WEB_ERROR_NONE, NULL);
      emit_changed (self);
      return;
    }
  if (not_before != 0)
    {
      self->alarm_id =
          bts_clock_add_alarm (self->context.clock, not_before, on_discard_alarm, self);
      return;
    }
  self->n_discard_tries++;
  acquire (self, JOB_DISCARDING);
}

/* The next step from where the job is to where it should be. */
static void
advance (BtsJob *self)
{
  BtsIntent intent = bts_operation_get_intent (self->operation);

  switch (self->state)
    {
    case JOB_IDLE:
      if (g_cancellable_is_cancelled (self->cancellable))
        return;
      if (intent == BTS_INTENT_CANCEL)
        begin_discard (self);
      else if (self->is_expired && intent != BTS_INTENT_FINISHED)
        {
          finish_operation (self, BGT_OPERATION_STATUS_ERROR, BGT_WEB_ERROR_TIMEOUT,
                            "The deadline has passed");
          emit_changed (self);
        }
      else if (self->is_wanted && may_run (self))
        acquire (self, JOB_STARTING);
      return;
    case JOB_RUNNING:
      if (!self->is_wanted || !may_run (self))
        begin_stop (self);
      else
        bts_job_updates_take_request (self->updates, bts_operation_get_request (self->operation));
      return;
    case JOB_STARTING:
    case JOB_STOPPING:
    case JOB_DISCARDING:
    case JOB_ENDING:
      return;
    }
  g_assert_not_reached ();
}

/* Reports */

typedef struct
{
  BtsJob *job;             /* (owned) */
  BtsWorkerReport *report; /* (owned) */
} Saving;

static void
saving_free (Saving *saving)
{
  g_object_unref (saving->job);
  bts_worker_report_unref (saving->report);
  g_free (saving);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Saving, saving_free)

static void
on_report_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Saving) saving = user_data;
  BtsJob *self = saving->job;
  g_autoptr (GError) error = NULL;

  if (!bts_store_save_finish (BTS_STORE (source), result, &error))
    g_warning ("%s: the transfer's state could not be saved: %s", get_guid (self), error->message);
  bts_worker_report_answer (saving->report, error);
  if (bts_worker_report_is_final (saving->report) && self->state == JOB_ENDING)
    become_idle (self);
}

static void
take_end (BtsJob *self, GVariant *update)
{
  self->state = JOB_ENDING;
  self->is_wanted = FALSE;
  if (self->is_keeping)
    bts_job_outcome_take_kept (self->operation, &self->context, update);
  else
    self->retry_at = bts_job_outcome_take_end (self->operation, &self->context, update);
}

void
bts_job_take_report (BtsJob *self, BtsWorkerLink *link, BtsWorkerReport *report)
{
  GVariant *update = bts_worker_report_get_update (report);
  Saving *saving;

  if (self->link != link || self->state == JOB_DISCARDING || self->state == JOB_ENDING)
    return;

  bts_operation_take_update (self->operation, update);
  note_progress (self);
  if (bts_worker_report_is_final (report))
    take_end (self, update);

  saving = g_new0 (Saving, 1);
  saving->job = g_object_ref (self);
  saving->report = bts_worker_report_ref (report);
  bts_store_save_async (self->context.store, self->operation, NULL, on_report_saved, saving);
}

void
bts_job_take_progress (BtsJob *self,
                       BtsWorkerLink *link,
                       guint64 bytes_received,
                       guint64 total_to_receive,
                       guint64 bytes_sent,
                       guint64 total_to_send)
{
  if (self->link != link || (self->state != JOB_RUNNING && self->state != JOB_STOPPING))
    return;
  bts_operation_take_progress (self->operation, bytes_received, total_to_receive, bytes_sent,
                               total_to_send);
  note_progress (self);
}

/* The worker's death alone ends no transfer, unless it clearly dies of it. */
static void
count_death (BtsJob *self)
{
  gboolean is_quick = get_boot_time (self) - self->started_at < QUICK_DEATH_US;

  self->n_quick_deaths = is_quick && !self->has_progress ? self->n_quick_deaths + 1 : 0;
  if (self->n_quick_deaths >= MAX_QUICK_DEATHS)
    {
      self->n_quick_deaths = 0;
      finish_operation (self, BGT_OPERATION_STATUS_ERROR, BGT_WEB_ERROR_CONNECTION_ABORTED,
                        "The worker ended again and again right after it began the transfer");
      return;
    }
  wait_for_worker (self);
}

void
bts_job_take_worker_lost (BtsJob *self, BtsWorkerLink *link)
{
  if (self->link != link)
    return;
  switch (self->state)
    {
    case JOB_STARTING:
    case JOB_RUNNING:
      self->is_wanted = FALSE;
      if (may_run (self))
        count_death (self);
      become_idle (self);
      return;
    case JOB_STOPPING:
    case JOB_DISCARDING:
      become_idle (self);
      return;
    case JOB_ENDING:
      release_link (self);
      return;
    case JOB_IDLE:
      return;
    }
  g_assert_not_reached ();
}

static void
bts_job_dispose (GObject *object)
{
  BtsJob *self = BTS_JOB (object);

  if (self->alarm_id != 0)
    bts_clock_remove_alarm (self->context.clock, self->alarm_id);
  self->alarm_id = 0;
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  release_link (self);
  g_clear_object (&self->operation);
  G_OBJECT_CLASS (bts_job_parent_class)->dispose (object);
}

static void
bts_job_class_init (BtsJobClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_job_dispose;
  changed_signal = g_signal_new ("changed", BTS_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
bts_job_init (BtsJob *self)
{
  self->cancellable = g_cancellable_new ();
}

BtsJob *
bts_job_new (BtsOperation *operation, const BtsJobContext *context)
{
  BtsJob *self = g_object_new (BTS_TYPE_JOB, NULL);

  self->operation = g_object_ref (operation);
  self->context = *context;
  self->retry_at = bts_job_outcome_get_retry_at (operation, context);
  return self;
}

BtsOperation *
bts_job_get_operation (BtsJob *self)
{
  return self->operation;
}

void
bts_job_request_range (BtsJob *self, guint64 offset, guint64 length)
{
  self->wanted = (BtsByteRange){ offset, length };
  if (self->state == JOB_RUNNING)
    send_wanted_range (self);
}

void
bts_job_set_wanted (BtsJob *self, gboolean is_wanted)
{
  if (self->is_wanted == is_wanted)
    return;
  self->is_wanted = is_wanted;
  if (is_wanted)
    bts_job_clear_retry (self);
  advance (self);
}

void
bts_job_expire (BtsJob *self)
{
  self->is_expired = TRUE;
  self->is_wanted = FALSE;
  advance (self);
}

gboolean
bts_job_is_active (BtsJob *self)
{
  return self->is_wanted && (self->state == JOB_STARTING || self->state == JOB_RUNNING);
}

gboolean
bts_job_is_settled (BtsJob *self)
{
  BtsIntent intent = bts_operation_get_intent (self->operation);

  if (intent == BTS_INTENT_CANCEL)
    return FALSE;
  return self->state == JOB_IDLE || (may_run (self) && bts_job_is_active (self));
}

gboolean
bts_job_is_at_rest (BtsJob *self)
{
  return self->state == JOB_IDLE;
}

gint64
bts_job_get_retry_at (BtsJob *self)
{
  return self->retry_at;
}

void
bts_job_clear_retry (BtsJob *self)
{
  self->retry_at = 0;
  bts_operation_set_retry_at (self->operation, 0);
}

void
bts_job_update (BtsJob *self)
{
  if (!may_run (self))
    {
      self->is_wanted = FALSE;
      bts_job_clear_retry (self);
    }
  advance (self);
}
