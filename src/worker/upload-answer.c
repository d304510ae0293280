/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-answer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "worker/files/file-identity.h"

#define BUFFER_BYTES (64 * 1024)

void
bts_upload_answer_clear (BtsUploadAnswer *self)
{
  g_clear_pointer (&self->file, bts_spool_file_free);
  g_clear_pointer (&self->cut_cause, g_free);
  g_clear_pointer (&self->buffer, g_free);
}

static void
cut (BtsUploadAnswer *self, const char *cause)
{
  if (self->cut_cause == NULL)
    self->cut_cause = g_strdup (cause);
}

void
bts_upload_answer_begin (BtsUploadAnswer *self,
                         BtsSpoolRoom *room,
                         const char *guid,
                         const char *application)
{
  g_autoptr (GError) error = NULL;

  bts_upload_answer_clear (self);
  self->file = bts_spool_file_new (room, BTS_SPOOL_ANSWER, guid, 0, application, &error);
  if (self->file == NULL)
    cut (self, error->message);
}

gpointer
bts_upload_answer_get_buffer (BtsUploadAnswer *self, gsize *size)
{
  if (self->buffer == NULL)
    self->buffer = g_malloc (BUFFER_BYTES);
  *size = BUFFER_BYTES;
  return self->buffer;
}

gboolean
bts_upload_answer_commit (BtsUploadAnswer *self, gsize size)
{
  g_autoptr (GError) error = NULL;
  gsize kept;

  if (self->cut_cause != NULL)
    return FALSE;
  kept = (gsize) MIN (size, BTS_UPLOAD_ANSWER_MAX_BYTES - bts_spool_file_get_size (self->file));
  if (!bts_spool_file_write (self->file, self->buffer, kept, &error))
    cut (self, error->message);
  else if (kept < size)
    cut (self, "It is longer than 64 MiB");
  return self->cut_cause == NULL;
}

void
bts_upload_answer_end (BtsUploadAnswer *self)
{
  if (self->file != NULL && fdatasync (bts_spool_file_get_fd (self->file)) != 0)
    cut (self, g_strerror (errno));
}

static int
fail_not_yet (GError **error)
{
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_NOT_YET_AVAILABLE,
                       "The server has not sent that part of an answer");
  return -1;
}

int
bts_upload_answer_open (const char *guid, guint64 position, GError **error)
{
  int kept = bts_spool_open (BTS_SPOOL_ANSWER, guid, 0, NULL);
  BtsFileInfo info;
  int fd = -1;

  if (kept < 0)
    return fail_not_yet (error);
  if (bts_file_info_read (kept, NULL, &info) && position <= info.size)
    fd = bts_file_reopen (kept, O_RDONLY);
  close (kept);
  if (fd < 0 || lseek (fd, (off_t) position, SEEK_SET) < 0)
    {
      if (fd >= 0)
        close (fd);
      return fail_not_yet (error);
    }
  return fd;
}
