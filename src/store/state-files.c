/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/state-files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "store/atomic-file.h"
#include "store/writer.h"

typedef struct
{
  GTask *task; /* (owned) */
  char *name;  /* (owned) */
  guint64 version;
} Waiter;

struct _BtsStateFiles
{
  GObject parent_instance;

  char *folder_path;  /* (owned) */
  int folder;         /* (owned) */
  BtsWriter *writer;  /* (owned) */
  GPtrArray *waiters; /* (owned) (element-type Waiter) */
  guint64 last_version;
};

G_DEFINE_FINAL_TYPE (BtsStateFiles, bts_state_files, G_TYPE_OBJECT)

static void
waiter_free (Waiter *waiter)
{
  g_object_unref (waiter->task);
  g_free (waiter->name);
  g_free (waiter);
}

static gboolean
is_answered_by (const Waiter *waiter, const BtsFileJob *job)
{
  return waiter->version <= job->version && g_str_equal (waiter->name, job->name);
}

static void
answer (BtsStateFiles *self, const BtsFileJob *job)
{
  for (guint i = 0; i < self->waiters->len;)
    {
      Waiter *waiter = self->waiters->pdata[i];

      if (!is_answered_by (waiter, job))
        {
          i++;
          continue;
        }
      g_ptr_array_steal_index (self->waiters, i);
      if (job->error != NULL)
        g_task_return_error (waiter->task, g_error_copy (job->error));
      else
        g_task_return_boolean (waiter->task, TRUE);
      waiter_free (waiter);
    }
}

static void
on_written (GPtrArray *jobs, gpointer user_data)
{
  g_autoptr (BtsStateFiles) self = g_object_ref (user_data);

  for (guint i = 0; i < jobs->len; i++)
    {
      const BtsFileJob *job = jobs->pdata[i];

      if (job->error != NULL)
        g_warning ("%s/%s cannot be saved: %s", self->folder_path, job->name, job->error->message);
      answer (self, job);
    }
}

static void
bts_state_files_finalize (GObject *object)
{
  BtsStateFiles *self = BTS_STATE_FILES (object);

  g_clear_pointer (&self->writer, bts_writer_free);
  g_ptr_array_unref (self->waiters);
  if (self->folder >= 0)
    close (self->folder);
  g_free (self->folder_path);
  G_OBJECT_CLASS (bts_state_files_parent_class)->finalize (object);
}

static void
bts_state_files_class_init (BtsStateFilesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_state_files_finalize;
}

static void
bts_state_files_init (BtsStateFiles *self)
{
  self->folder = -1;
  self->waiters = g_ptr_array_new_with_free_func ((GDestroyNotify) waiter_free);
}

BtsStateFiles *
bts_state_files_open (const char *folder, GError **error)
{
  g_autoptr (BtsStateFiles) self = g_object_new (BTS_TYPE_STATE_FILES, NULL);

  self->folder_path = g_strdup (folder);
  self->folder = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->folder < 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "the state folder %s cannot be used: %s",
                   folder, g_strerror (errno));
      return NULL;
    }
  self->writer = bts_writer_new (self->folder, NULL, on_written, self);
  return g_steal_pointer (&self);
}

void
bts_state_files_load (BtsStateFiles *self,
                      const char *prefix,
                      BtsStateFileLoad load,
                      gpointer user_data)
{
  g_autoptr (GDir) folder = g_dir_open (self->folder_path, 0, NULL);
  const char *name;

  /* Opening it has just succeeded; an empty one is what is left if that is not so any more. */
  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder_path, name, NULL);
      g_autofree char *text = NULL;
      g_autoptr (GError) error = NULL;
      gsize length;

      /* Left by a crash. */
      if (g_str_has_prefix (name, BTS_ATOMIC_FILE_TEMPORARY))
        unlinkat (self->folder, name, 0);
      if (!g_str_has_prefix (name, prefix) || g_str_has_suffix (name, BTS_ATOMIC_FILE_UNREADABLE))
        continue;
      if (!g_file_get_contents (path, &text, &length, &error) ||
          !load (name, text, length, user_data, &error))
        bts_atomic_file_set_aside (self->folder, self->folder_path, name, error);
    }
}

void
bts_state_files_save_async (BtsStateFiles *self,
                            const char *name,
                            char *text,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  Waiter *waiter = g_new0 (Waiter, 1);

  waiter->task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (waiter->task, bts_state_files_save_async);
  waiter->name = g_strdup (name);
  waiter->version = ++self->last_version;
  g_ptr_array_add (self->waiters, waiter);
  bts_writer_push (self->writer,
                   bts_file_job_new (name,
                                     text != NULL ? g_bytes_new_take (text, strlen (text)) : NULL,
                                     waiter->version));
}

gboolean
bts_state_files_save_finish (BtsStateFiles *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
bts_state_files_is_saving (BtsStateFiles *self, const char *name)
{
  for (guint i = 0; i < self->waiters->len; i++)
    {
      if (g_str_equal (((Waiter *) self->waiters->pdata[i])->name, name))
        return TRUE;
    }

  return FALSE;
}

void
bts_state_files_flush (BtsStateFiles *self, guint timeout_ms)
{
  bts_writer_wait (self->writer, g_get_monotonic_time () + (gint64) timeout_ms * 1000);
}
