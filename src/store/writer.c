/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/writer.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/atomic-file.h"

/* Few enough descriptors for every process, and an answer soon for those that came first. */
#define MAX_BATCH 256

struct _BtsWriter
{
  int folder; /* (unowned) */
  BtsWriterDone done;
  gpointer user_data;    /* (unowned) */
  GMainContext *context; /* (owned) */
  GThread *thread;       /* (owned) */

  GMutex mutex; /* guards all below */
  GCond cond;
  GQueue waiting;           /* (element-type BtsWriterJob) (owned) */
  GHashTable *links;        /* (owned) (element-type utf8 GList): where a name waits */
  GPtrArray *finished;      /* (owned) (element-type BtsWriterJob) */
  GSource *finished_source; /* (owned) (nullable): will tell of @finished */
  gboolean is_busy;
  gboolean is_ending;
};

static void
job_free (gpointer data)
{
  BtsWriterJob *job = data;

  g_free (job->name);
  g_free (job->text);
  g_clear_error (&job->error);
  g_free (job);
}

static void
write_batch (GPtrArray *batch, int folder)
{
  g_autofree int *files = g_new (int, batch->len);

  for (guint i = 0; i < batch->len; i++)
    {
      BtsWriterJob *job = g_ptr_array_index (batch, i);

      files[i] = -1;
      if (job->text != NULL)
        files[i] = bts_atomic_file_write (folder, job->name, job->text, job->length, &job->error);
    }

  /* With all data on its way, the first sync commits the file system's journal for all. It is
   * only a hint: what it fails at, the sync reports. */
  for (guint i = 0; i < batch->len; i++)
    if (files[i] >= 0)
      sync_file_range (files[i], 0, 0, SYNC_FILE_RANGE_WRITE);

  for (guint i = 0; i < batch->len; i++)
    {
      BtsWriterJob *job = g_ptr_array_index (batch, i);

      if (files[i] < 0)
        continue;

      if (!bts_atomic_file_sync (files[i], job->name, &job->error))
        bts_atomic_file_discard (folder, job->name);
      close (files[i]);
    }
}

static void
name_batch (GPtrArray *batch, int folder)
{
  for (guint i = 0; i < batch->len; i++)
    {
      BtsWriterJob *job = g_ptr_array_index (batch, i);

      if (job->error != NULL)
        continue;

      if (job->text == NULL)
        bts_atomic_file_remove (folder, job->name, &job->error);
      else if (!bts_atomic_file_publish (folder, job->name, &job->error))
        bts_atomic_file_discard (folder, job->name);
    }
}

static void
run_batch (GPtrArray *batch, int folder)
{
  g_autoptr (GError) error = NULL;

  write_batch (batch, folder);
  name_batch (batch, folder);
  if (bts_atomic_file_sync_folder (folder, &error))
    return;

  for (guint i = 0; i < batch->len; i++)
    {
      BtsWriterJob *job = g_ptr_array_index (batch, i);

      if (job->error == NULL)
        job->error = g_error_copy (error);
    }
}

static GPtrArray *
steal_finished (BtsWriter *self)
{
  GPtrArray *finished;

  g_mutex_lock (&self->mutex);
  finished = self->finished;
  self->finished = g_ptr_array_new_with_free_func (job_free);
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

/* With the mutex held. */
static GPtrArray *
take_batch (BtsWriter *self)
{
  GPtrArray *batch = g_ptr_array_new ();

  while (batch->len < MAX_BATCH && !g_queue_is_empty (&self->waiting))
    {
      BtsWriterJob *job = g_queue_pop_head (&self->waiting);

      g_hash_table_remove (self->links, job->name);
      g_ptr_array_add (batch, job);
    }

  return batch;
}

static gpointer
run (gpointer user_data)
{
  BtsWriter *self = user_data;

  g_mutex_lock (&self->mutex);
  while (TRUE)
    {
      g_autoptr (GPtrArray) batch = NULL;

      while (g_queue_is_empty (&self->waiting) && !self->is_ending)
        g_cond_wait (&self->cond, &self->mutex);
      if (g_queue_is_empty (&self->waiting))
        break;

      batch = take_batch (self);
      self->is_busy = TRUE;
      g_mutex_unlock (&self->mutex);

      run_batch (batch, self->folder);

      g_mutex_lock (&self->mutex);
      self->is_busy = FALSE;
      g_ptr_array_extend_and_steal (self->finished, g_steal_pointer (&batch));
      announce (self);
      g_cond_broadcast (&self->cond);
    }
  g_mutex_unlock (&self->mutex);

  return NULL;
}

BtsWriter *
bts_writer_new (int folder, BtsWriterDone done, gpointer user_data)
{
  BtsWriter *self = g_new0 (BtsWriter, 1);

  self->folder = folder;
  self->done = done;
  self->user_data = user_data;
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->mutex);
  g_cond_init (&self->cond);
  g_queue_init (&self->waiting);
  self->links = g_hash_table_new (g_str_hash, g_str_equal);
  self->finished = g_ptr_array_new_with_free_func (job_free);
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
  g_hash_table_unref (self->links);
  g_main_context_unref (self->context);
  g_cond_clear (&self->cond);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

void
bts_writer_push (BtsWriter *self, const char *name, char *text, gsize length, guint64 version)
{
  BtsWriterJob *job;
  GList *link;

  g_mutex_lock (&self->mutex);
  link = g_hash_table_lookup (self->links, name);
  if (link == NULL)
    {
      job = g_new0 (BtsWriterJob, 1);
      job->name = g_strdup (name);
      g_queue_push_tail (&self->waiting, job);
      g_hash_table_insert (self->links, job->name, self->waiting.tail);
    }
  else
    job = link->data;

  g_free (job->text);
  job->text = text;
  job->length = length;
  job->version = version;
  g_cond_broadcast (&self->cond);
  g_mutex_unlock (&self->mutex);
}

gboolean
bts_writer_wait (BtsWriter *self, gint64 deadline)
{
  g_autoptr (GPtrArray) finished = NULL;
  gboolean is_idle;

  g_mutex_lock (&self->mutex);
  while (self->is_busy || !g_queue_is_empty (&self->waiting))
    if (!g_cond_wait_until (&self->cond, &self->mutex, deadline))
      break;
  is_idle = !self->is_busy && g_queue_is_empty (&self->waiting);
  g_mutex_unlock (&self->mutex);

  finished = steal_finished (self);
  if (finished->len > 0)
    self->done (finished, self->user_data);

  return is_idle;
}
