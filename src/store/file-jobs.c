/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/file-jobs.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/atomic-file.h"

BtsFileJob *
bts_file_job_new (const char *name, GBytes *text, guint64 version)
{
  BtsFileJob *self = g_new0 (BtsFileJob, 1);

  self->name = g_strdup (name);
  self->text = text;
  self->version = version;

  return self;
}

void
bts_file_job_free (BtsFileJob *self)
{
  g_free (self->name);
  g_clear_pointer (&self->text, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static void
write_all (GPtrArray *jobs, int folder)
{
  g_autofree int *files = g_new (int, jobs->len);

  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);
      gsize length;
      const char *text;

      files[i] = -1;
      if (job->text == NULL)
        continue;
      text = g_bytes_get_data (job->text, &length);
      files[i] = bts_atomic_file_write (folder, job->name, text, length, &job->error);
    }

  /* With all data on its way, the first sync commits the file system's journal for all. It is
   * only a hint: what it fails at, the sync reports. */
  for (guint i = 0; i < jobs->len; i++)
    if (files[i] >= 0)
      sync_file_range (files[i], 0, 0, SYNC_FILE_RANGE_WRITE);

  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      if (files[i] < 0)
        continue;

      if (!bts_atomic_file_sync (files[i], job->name, &job->error))
        bts_atomic_file_discard (folder, job->name);
      close (files[i]);
    }
}

static void
name_all (GPtrArray *jobs, int folder)
{
  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      if (job->error != NULL)
        continue;

      if (job->text == NULL)
        bts_atomic_file_remove (folder, job->name, &job->error);
      else if (!bts_atomic_file_publish (folder, job->name, &job->error))
        bts_atomic_file_discard (folder, job->name);
    }
}

void
bts_file_jobs_run (GPtrArray *jobs, int folder)
{
  g_autoptr (GError) error = NULL;

  write_all (jobs, folder);
  name_all (jobs, folder);
  if (bts_atomic_file_sync_folder (folder, &error))
    return;

  for (guint i = 0; i < jobs->len; i++)
    {
      BtsFileJob *job = g_ptr_array_index (jobs, i);

      if (job->error == NULL)
        job->error = g_error_copy (error);
    }
}
