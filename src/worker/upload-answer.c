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
#include "worker/files/spool.h"

#define BUFFER_BYTES (64 * 1024)

void
bts_upload_answer_init (BtsUploadAnswer *self)
{
  *self = (BtsUploadAnswer){ .fd = -1 };
}

void
bts_upload_answer_clear (BtsUploadAnswer *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  self->cut_cause = NULL;
  g_clear_pointer (&self->buffer, g_free);
}

static void
cut (BtsUploadAnswer *self, const char *cause)
{
  if (self->cut_cause == NULL)
    self->cut_cause = cause;
}

void
bts_upload_answer_begin (BtsUploadAnswer *self, const char *guid, guint64 max_spool_bytes)
{
  g_autoptr (GError) error = NULL;

  bts_upload_answer_clear (self);
  bts_upload_answer_init (self);
  self->max_spool_bytes = max_spool_bytes;
  self->fd = bts_spool_create (BTS_SPOOL_ANSWER, guid, 0, &error);
  if (self->fd >= 0)
    return;
  g_message ("%s: %s", guid, error->message);
  cut (self, "there is no file to keep it in");
}

gpointer
bts_upload_answer_get_buffer (BtsUploadAnswer *self, gsize *size)
{
  if (self->buffer == NULL)
    self->buffer = g_malloc (BUFFER_BYTES);
  *size = BUFFER_BYTES;
  return self->buffer;
}

static gboolean
has_room (BtsUploadAnswer *self, gsize size)
{
  if (self->size + size <= self->checked_size)
    return TRUE;
  if (!bts_spool_check_space (self->fd, self->max_spool_bytes, NULL))
    {
      cut (self, "there is no space to keep more");
      return FALSE;
    }
  self->checked_size = self->size + BTS_SPOOL_CHECK_BYTES;
  return TRUE;
}

static void
write_all (BtsUploadAnswer *self, const char *bytes, gsize size)
{
  while (size > 0)
    {
      gssize n = write (self->fd, bytes, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          cut (self, errno == ENOSPC ? "there is no space to keep more" : "it cannot be written");
          return;
        }
      bytes += n;
      size -= (gsize) n;
      self->size += (guint64) n;
    }
}

gboolean
bts_upload_answer_commit (BtsUploadAnswer *self, gsize size)
{
  gsize kept = (gsize) MIN (size, BTS_UPLOAD_ANSWER_MAX_BYTES - self->size);

  if (self->cut_cause == NULL && has_room (self, kept))
    write_all (self, self->buffer, kept);
  if (kept < size)
    cut (self, "it is longer than 64 MiB");
  return self->cut_cause == NULL;
}

void
bts_upload_answer_end (BtsUploadAnswer *self)
{
  if (self->fd >= 0 && fdatasync (self->fd) != 0)
    cut (self, "it cannot be written");
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
