/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/writer.h"

#include <string.h>

#include "store/lanes.h"

/* What is done again soon is worth no file of its own. */
#define CHECKPOINT_DELAY_US (3 * G_USEC_PER_SEC)
#define CHECKPOINT_RETRY_US (30 * G_USEC_PER_SEC)

/* The next service may wait for the folder already. */
#define LAST_CHECKPOINTS_US G_USEC_PER_SEC

/* Of one group of the journal, but where one change, or several that are joined, are more: the next
 * users wait for no more than that. */
#define MAX_GROUP_BYTES (256 * 1024)

struct _BtsWriter
{
  int folder;          /* (unowned) */
  BtsJournal *journal; /* (owned) (nullable): only the thread uses it */
  BtsWriterDone done;
  gpointer user_data;    /* (unowned) */
  GMainContext *context; /* (owned) */
  GThread *thread;       /* (owned) */

  GMutex mutex; /* guards all below */
  GCond cond;
  BtsLanes *waiting;        /* (owned) (element-type BtsFileJob) (owned) */
  GHashTable *links;        /* (owned) (element-type utf8 GList): where a name waits */
  GPtrArray *finished;      /* (owned) (element-type BtsFileJob) */
  GSource *finished_source; /* (owned) (nullable): will tell of @finished */
  gboolean is_busy;
  gboolean is_ending;
};

static GPtrArray *
jobs_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) bts_file_job_free);
}

static GPtrArray *
steal_finished (BtsWriter *self)
{
  GPtrArray *finished;

  g_mutex_lock (&self->mutex);
  finished = self->finished;
  self->finished = jobs_new ();
  if (self->finished_source != NULL)
    g_source_destroy (self->finished_source);
  g_clear_pointer (&self->finished_source, g_source_unref);
  g_mutex_unlock (&self->mutex);

  return finished;
}

static gboolean
on_finished (gpointer user_data)
{
  BtsWriter *self = user_data;
  g_autoptr (GPtrArray) finished = steal_finished (self);

  self->done (finished, self->user_data);

  return G_SOURCE_REMOVE;
}

/* With the mutex held. */
static void
announce (BtsWriter *self)
{
  if (self->finished_source != NULL)
    return;

  self->finished_source = g_idle_source_new ();
  g_source_set_priority (self->finished_source, G_PRIORITY_DEFAULT);
  g_source_set_callback (self->finished_source, on_finished, self, NULL);
  g_source_attach (self->finished_source, self->context);
}

/* With the mutex held. Of what has to be made durable together and comes next. */
static gsize
get_next_size (BtsWriter *self)
{
  gsize n_bytes = 0;

  for (GList *link = bts_lanes_peek (self->waiting); link != NULL; link = link->next)
    {
      BtsFileJob *job = link->data;

      n_bytes += strlen (job->name) + (job->text != NULL ? g_bytes_get_size (job->text) : 0);
      if (!job->is_joined)
        break;
    }

  return n_bytes;
}

/* With the mutex held. */
static void
take_next (BtsWriter *self, GPtrArray *batch)
{
  BtsFileJob *job;

  do
    {
      job = bts_lanes_pop (self->waiting);
      g_hash_table_remove (self->links, job->name);
      g_ptr_array_add (batch, job);
    }
  while (job->is_joined && bts_lanes_peek (self->waiting) != NULL);
  bts_lanes_end_turn (self->waiting);
}

/* With the mutex held: a group of the journal, for which the users have their turns. */
static GPtrArray *
take_batch (BtsWriter *self)
{
  GPtrArray *batch = g_ptr_array_new ();
  guint maximum = self->journal != NULL ? G_MAXUINT : BTS_FILE_JOBS_MAX;
  gsize n_bytes = 0;

  while (batch->len < maximum && !bts_lanes_is_empty (self->waiting))
    {
      n_bytes += get_next_size (self);
      if (batch->len > 0 && n_bytes > MAX_GROUP_BYTES)
        break;
      take_next (self, batch);
    }

  return batch;
}

static void
run_batch (BtsWriter *self, GPtrArray *batch)
{
  g_autoptr (GError) error = NULL;

  if (self->journal == NULL)
    bts_file_jobs_run (batch, self->folder);
  else if (!bts_journal_append (self->journal, batch, &error))
    for (guint i = 0; i < batch->len; i++)
      ((BtsFileJob *) batch->pdata[i])->error = g_error_copy (error);
}

static gboolean
needs_checkpoint (BtsWriter *self)
{
  return self->journal != NULL && !bts_journal_is_empty (self->journal);
}

static gboolean
is_large (BtsWriter *self)
{
  return self->journal != NULL && bts_journal_is_large (self->journal);
}

static gboolean
checkpoint (BtsWriter *self)
{
  g_autoptr (GError) error = NULL;

  if (bts_journal_checkpoint (self->journal, &error))
    return TRUE;

  /* Nothing is lost: the journal has it. */
  g_message ("The journal stays as it is for now: %s", error->message);
  return FALSE;
}

/* With the mutex held. FALSE once it is @due or the end. */
static gboolean
wait_for_work (BtsWriter *self, gint64 due)
{
  while (bts_lanes_is_empty (self->waiting) && !self->is_ending)
    if (due == 0)
      g_cond_wait (&self->cond, &self->mutex);
    else if (!g_cond_wait_until (&self->cond, &self->mutex, due))
      break;

  return !bts_lanes_is_empty (self->waiting);
}

/* With the mutex held, but for the work itself. */
static void
do_batch (BtsWriter *self)
{
  g_autoptr (GPtrArray) batch = take_batch (self);

  self->is_busy = TRUE;
  g_mutex_unlock (&self->mutex);
  run_batch (self, batch);
  g_mutex_lock (&self->mutex);
  self->is_busy = FALSE;
  g_ptr_array_extend_and_steal (self->finished, g_steal_pointer (&batch));
  announce (self);
  g_cond_broadcast (&self->cond);
}

static gpointer
run (gpointer user_data)
{
  BtsWriter *self = user_data;
  gint64 earliest = 0;
  gint64 due = needs_checkpoint (self) ? g_get_monotonic_time () + CHECKPOINT_DELAY_US : 0;

  g_mutex_lock (&self->mutex);
  while (TRUE)
    {
      gboolean has_work = wait_for_work (self, due);
      gint64 now;

      if (!has_work && self->is_ending)
        break;
      if (has_work)
        do_batch (self);
      g_mutex_unlock (&self->mutex);

      now = g_get_monotonic_time ();
      if (!has_work || (is_large (self) && now >= earliest))
        earliest = checkpoint (self) ? 0 : now + CHECKPOINT_RETRY_US;
      due =
          needs_checkpoint (self) ? MAX (earliest, has_work ? now + CHECKPOINT_DELAY_US : now) : 0;
      g_mutex_lock (&self->mutex);
    }
  g_mutex_unlock (&self->mutex);

  due = g_get_monotonic_time () + LAST_CHECKPOINTS_US;
  while (needs_checkpoint (self) && g_get_monotonic_time () < due && checkpoint (self))
    ;

  return NULL;
}

BtsWriter *
bts_writer_new (int folder, BtsJournal *journal, BtsWriterDone done, gpointer user_data)
{
  BtsWriter *self = g_new0 (BtsWriter, 1);

  self->folder = folder;
  self->journal = journal;
  self->done = done;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  self->waiting = bts_lanes_new ();
  self->links = g_hash_table_new (g_str_hash, g_str_equal);
  self->finished = jobs_new ();
  self->thread = g_thread_new ("store", run, self);

  return self;
}

void
bts_writer_free (BtsWriter *self)
{
  g_mutex_lock (&self->mutex);
  self->is_ending = TRUE;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
  g_thread_join (self->thread);

  g_ptr_array_unref (steal_finished (self));
  g_ptr_array_unref (self->finished);
  g_clear_pointer (&self->journal, bts_journal_free);
  g_hash_table_unref (self->links);
  bts_lanes_free (self->waiting);
  g_main_context_unref (self->context);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

/* With the mutex held. */
static void
add_waiting (BtsWriter *self, BtsFileJob *job)
{
  GList *link = g_hash_table_lookup (self->links, job->name);

  if (link == NULL)
    {
      link = bts_lanes_push (self->waiting, job->uid, job);
    }
  else
    {
      job->is_joined = ((BtsFileJob *) link->data)->is_joined;
      g_hash_table_remove (self->links, job->name);
      bts_file_job_free (link->data);
      link->data = job;
    }
  g_hash_table_insert (self->links, job->name, link);
}

void
bts_writer_push (BtsWriter *self, BtsFileJob *job)
{
  g_mutex_lock (&self->mutex);
  add_waiting (self, job);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

void
bts_writer_push_all (BtsWriter *self, GPtrArray *jobs)
{
  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < jobs->len; i++)
    add_waiting (self, jobs->pdata[i]);
  g_ptr_array_set_free_func (jobs, NULL);
  g_ptr_array_set_size (jobs, 0);
  g_ptr_array_set_free_func (jobs, (GDestroyNotify) bts_file_job_free);
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

gboolean
bts_writer_wait (BtsWriter *self, gint64 deadline)
{
  g_autoptr (GPtrArray) finished = NULL;
  gboolean is_idle;

  g_mutex_lock (&self->mutex);
  while (self->is_busy || !bts_lanes_is_empty (self->waiting))
    if (!g_cond_wait_until (&self->cond, &self->mutex, deadline))
      break;
  is_idle = !self->is_busy && bts_lanes_is_empty (self->waiting);
  g_mutex_unlock (&self->mutex);

  finished = steal_finished (self);
  if (finished->len > 0)
    self->done (finished, self->user_data);

  return is_idle;
}
