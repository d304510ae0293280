/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"
#include "worker/files/file-identity.h"

/* What O_DIRECT wants of memory, offset and length on every file system with pages of 4 KiB; one
 * that wants more says EINVAL. */
#define DIRECT_ALIGNMENT 4096
/* The kernel gives large blocks of memory for every file anew, and takes them back; this much it
 * leaves to the process. */
#define SMALL_BUFFER_BYTES (128 * 1024)
#define BEHIND_BYTES (8 * 1024 * 1024)

struct _BtsWriter
{
  int fd;        /* lent */
  int direct_fd; /* the same file with O_DIRECT; -1: not opened, or refused */
  int behind_fd; /* the same file, for write-back; -1: not opened */
  gboolean is_direct_tried;
  gboolean is_large;
  gboolean is_small;
  gboolean has_failed;

  guint8 *buffer; /* (owned) (nullable): made on first use */

  /* Changed by the stream's thread only, under the lock, so that this thread needs none to read. */
  GMutex lock;
  gsize buffer_bytes;
  guint64 start; /* where the buffer's first byte belongs */
  gsize fill;

  guint64 behind_start;   /* written since here, write-back not yet begun */
  guint64 settling_start; /* write-back begun for [settling_start, behind_start) */

  BtsWriterFunc on_written;
  gpointer user_data; /* (unowned) */
};

BtsWriter *
bts_writer_new (int fd, BtsWriterFunc on_written, gpointer user_data)
{
  BtsWriter *self = g_new0 (BtsWriter, 1);

  self->fd = fd;
  self->direct_fd = -1;
  self->behind_fd = -1;
  self->on_written = on_written;
  self->user_data = user_data;
  g_mutex_init (&self->lock);

  return self;
}

void
bts_writer_free (BtsWriter *self)
{
  if (self->direct_fd >= 0)
    g_close (self->direct_fd, NULL);
  if (self->behind_fd >= 0)
    g_close (self->behind_fd, NULL);
  g_aligned_free (self->buffer);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
bts_writer_expect (BtsWriter *self, guint64 total)
{
  self->is_large = total >= BTS_WRITER_LARGE_BYTES;
  self->is_small = total > 0 && total <= SMALL_BUFFER_BYTES;
}

static void
set_place (BtsWriter *self, guint64 start, gsize fill)
{
  g_mutex_lock (&self->lock);
  self->start = start;
  self->fill = fill;
  g_mutex_unlock (&self->lock);
}

static guint64
get_offset (BtsWriter *self)
{
  return self->start + self->fill;
}

/* The buffer ends at a multiple of its size in the file: so one that begins anywhere is aligned
 * from its second filling on. */
static gsize
get_capacity (BtsWriter *self)
{
  return self->buffer_bytes - (gsize) (self->start % self->buffer_bytes);
}

static gboolean
may_write_directly (BtsWriter *self, const guint8 *data, gsize size, guint64 offset)
{
  if (!self->is_large && offset + size < BTS_WRITER_LARGE_BYTES)
    return FALSE;
  if (offset % DIRECT_ALIGNMENT != 0 || size % DIRECT_ALIGNMENT != 0 ||
      GPOINTER_TO_SIZE (data) % DIRECT_ALIGNMENT != 0)
    return FALSE;
  if (!self->is_direct_tried)
    {
      self->is_direct_tried = TRUE;
      self->direct_fd = bts_file_reopen (self->fd, O_WRONLY | O_DIRECT);
    }

  return self->direct_fd >= 0;
}

static gssize
write_some (BtsWriter *self, const guint8 *data, gsize size, guint64 offset)
{
  gssize written;

  if (may_write_directly (self, data, size, offset))
    {
      written = pwrite (self->direct_fd, data, size, (off_t) offset);
      if (written >= 0 || errno != EINVAL)
        return written;

      g_close (self->direct_fd, NULL);
      self->direct_fd = -1;
    }

  return pwrite (self->fd, data, size, (off_t) offset);
}

/* Returns how many bytes have been written; fewer than @size with errno in @error_number. */
static gsize
write_all (BtsWriter *self, const guint8 *data, gsize size, guint64 offset, int *error_number)
{
  gsize done = 0;

  while (done < size)
    {
      gssize written = write_some (self, data + done, size - done, offset + done);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        {
          *error_number = written < 0 ? errno : EIO;
          break;
        }
      done += (gsize) written;
    }

  return done;
}

static gboolean
sync_range (BtsWriter *self, guint64 start, guint64 end, guint flags, GError **error)
{
  if (start >= end ||
      sync_file_range (self->behind_fd, (off64_t) start, (off64_t) (end - start), flags) == 0)
    return TRUE;

  /* Where there is no such thing (ENOSYS, EINVAL, ESPIPE) the page cache is used as ever. What
   * fails else is a lost write. */
  if (errno == ENOSYS || errno == EINVAL || errno == ESPIPE)
    return TRUE;

  bts_file_error_set (error, errno, "Cannot write the file to its disk");
  return FALSE;
}

/* Begins the write-back of the last window, waits for that of the one before and drops it. */
static gboolean
write_behind (BtsWriter *self, GError **error)
{
  guint64 end = self->start;

  if (end < self->behind_start + BEHIND_BYTES || (!self->is_large && end < BTS_WRITER_LARGE_BYTES))
    return TRUE;
  /* The kernel tells of a lost write once to each descriptor that was opened: what it says here
   * must still be said to the sync that would else make all of it held. */
  if (self->behind_fd < 0)
    self->behind_fd = bts_file_reopen (self->fd, O_WRONLY);
  if (self->behind_fd < 0)
    return TRUE;

  if (!sync_range (self, self->behind_start, end, SYNC_FILE_RANGE_WRITE, error) ||
      !sync_range (self, self->settling_start, self->behind_start,
                   SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER,
                   error))
    return FALSE;

  /* Only advice. */
  if (self->settling_start < self->behind_start)
    posix_fadvise (self->fd, (off_t) self->settling_start,
                   (off_t) (self->behind_start - self->settling_start), POSIX_FADV_DONTNEED);
  self->settling_start = self->behind_start;
  self->behind_start = end;

  return TRUE;
}

gboolean
bts_writer_flush (BtsWriter *self, GError **error)
{
  gsize size = self->fill;
  int error_number = 0;
  gsize written;

  if (size == 0)
    return TRUE;

  written = write_all (self, self->buffer, size, self->start, &error_number);
  if (written > 0)
    self->on_written (self->start, written, self->user_data);
  set_place (self, self->start + written, 0);
  if (written < size)
    {
      self->has_failed = TRUE;
      bts_file_error_set (error, error_number, "Cannot write the file");
      return FALSE;
    }
  if (!write_behind (self, error))
    {
      self->has_failed = TRUE;
      return FALSE;
    }

  return TRUE;
}

void
bts_writer_reset (BtsWriter *self, guint64 offset)
{
  set_place (self, offset, 0);
  self->has_failed = FALSE;
  self->behind_start = offset;
  self->settling_start = offset;
}

gboolean
bts_writer_seek (BtsWriter *self, guint64 offset, GError **error)
{
  if (offset == get_offset (self) && !self->has_failed)
    return TRUE;
  if (offset > G_MAXINT64 - BTS_WRITER_BUFFER_BYTES)
    {
      bts_file_error_set (error, EFBIG, "Cannot write at %" G_GUINT64_FORMAT, offset);
      return FALSE;
    }
  if (!bts_writer_flush (self, error))
    return FALSE;

  bts_writer_reset (self, offset);
  return TRUE;
}

gpointer
bts_writer_get_buffer (BtsWriter *self, gsize *size)
{
  gsize wanted = self->is_small ? SMALL_BUFFER_BYTES : BTS_WRITER_BUFFER_BYTES;

  if (self->buffer_bytes < wanted && self->fill == 0)
    {
      g_aligned_free (self->buffer);
      self->buffer = g_aligned_alloc (1, wanted, DIRECT_ALIGNMENT);
      self->buffer_bytes = wanted;
    }

  *size = get_capacity (self) - self->fill;
  return self->buffer + self->fill;
}

gboolean
bts_writer_commit (BtsWriter *self, gsize size, GError **error)
{
  g_assert (size <= get_capacity (self) - self->fill);

  if (self->has_failed)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR,
                           "An earlier write to the file failed");
      return FALSE;
    }

  set_place (self, self->start, self->fill + size);
  if (self->fill == get_capacity (self))
    return bts_writer_flush (self, error);

  return TRUE;
}

BtsByteRange
bts_writer_show (BtsWriter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gsize done = 0;

  while (done < self->fill)
    {
      gssize written =
          pwrite (self->fd, self->buffer + done, self->fill - done, (off_t) (self->start + done));

      if (written < 0 && errno == EINTR)
        continue;
      /* Why is said by the stream's own write of the same bytes. */
      if (written <= 0)
        break;
      done += (gsize) written;
    }

  return (BtsByteRange){ self->start, done };
}
