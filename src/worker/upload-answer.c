/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-answer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "worker/files/file-error.h"
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
  g_clear_pointer (&self->buffer, g_free);
}

gboolean
bts_upload_answer_begin (BtsUploadAnswer *self, const char *guid, GError **error)
{
  bts_upload_answer_clear (self);
  bts_upload_answer_init (self);
  self->fd = bts_spool_create (BTS_SPOOL_ANSWER, guid, error);
  return self->fd >= 0;
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
bts_upload_answer_commit (BtsUploadAnswer *self, gsize size, GError **error)
{
  gsize left = (gsize) MIN (size, BTS_UPLOAD_ANSWER_MAX_BYTES - self->size);
  const char *bytes = self->buffer;

  self->is_cut = self->is_cut || left < size;
  while (left > 0)
    {
      gssize n = write (self->fd, bytes, left);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          bts_file_error_set (error, errno, "Cannot keep the server's answer");
          return FALSE;
        }
      bytes += n;
      left -= (gsize) n;
      self->size += (guint64) n;
    }
  return TRUE;
}

gboolean
bts_upload_answer_end (BtsUploadAnswer *self, GError **error)
{
  if (self->fd < 0 || fdatasync (self->fd) == 0)
    return TRUE;
  bts_file_error_set (error, errno, "Cannot keep the server's answer");
  return FALSE;
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
  int kept = bts_spool_open (BTS_SPOOL_ANSWER, guid, NULL);
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
