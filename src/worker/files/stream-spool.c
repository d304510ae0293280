/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/stream-spool.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "worker/files/file-error.h"

/* What a pipe holds. */
#define BUFFER_BYTES (64 * 1024)

/* Streams on their way: one place each in the arrays. */
typedef struct
{
  const BtsStreamSpool *spool;
  struct pollfd *polled; /* (owned): the last is that of the stop; -1 where a stream has ended */
  BtsSpoolFile **files;  /* (owned) */
  guint n_left;
} Reading;

BtsStreamsState
bts_stream_spool_get_state (const char *guid, guint n_streams)
{
  BtsStreamsState state = BTS_STREAMS_WHOLE;

  for (guint i = 0; i < n_streams; i++)
    {
      if (bts_spool_exists (BTS_SPOOL_UNFINISHED, guid, i))
        return BTS_STREAMS_BROKEN_OFF;
      if (!bts_spool_exists (BTS_SPOOL_STREAM, guid, i))
        state = BTS_STREAMS_UNREAD;
    }
  return state;
}

void
bts_stream_spool_empty (const char *guid, guint n_streams)
{
  for (guint i = 0; i < n_streams; i++)
    {
      int fd = bts_spool_open (BTS_SPOOL_UNFINISHED, guid, i, NULL);

      if (fd < 0)
        fd = bts_spool_open (BTS_SPOOL_STREAM, guid, i, NULL);
      if (fd < 0)
        continue;
      if (ftruncate (fd, 0) != 0)
        g_message ("What was read of a stream cannot be removed: %s", g_strerror (errno));
      close (fd);
    }
}

static void
reading_clear (Reading *self)
{
  for (guint i = 0; i < self->spool->n_streams; i++)
    {
      if (self->files[i] != NULL)
        bts_spool_file_free (self->files[i]);
    }
  g_free (self->files);
  g_free (self->polled);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

/* All have a file before the first byte is read of any: so it is known that reading has begun. */
static gboolean
open_files (Reading *self, GError **error)
{
  const BtsStreamSpool *spool = self->spool;

  for (guint i = 0; i < spool->n_streams; i++)
    self->polled[i].fd = -1;
  for (guint i = 0; i < spool->n_streams; i++)
    {
      self->files[i] = bts_spool_file_new (spool->room, BTS_SPOOL_UNFINISHED, spool->guid, i,
                                           spool->application, error);
      if (self->files[i] == NULL)
        return FALSE;
      self->polled[i] = (struct pollfd){ .fd = spool->streams[i], .events = POLLIN };
    }
  return TRUE;
}

/* Waits for bytes without keeping a stop waiting. */
static gboolean
wait_for_any (Reading *self, GError **error)
{
  GCancellable *cancellable = self->spool->cancellable;
  struct pollfd *stop = &self->polled[self->spool->n_streams];

  *stop = (struct pollfd){ .fd = g_cancellable_get_fd (cancellable), .events = POLLIN };
  /* Interrupted, the reads that follow say so. */
  poll (self->polled, self->spool->n_streams + 1, -1);
  if (stop->fd >= 0)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
end_stream (Reading *self, guint number, GError **error)
{
  self->polled[number].fd = -1;
  self->n_left--;
  return bts_spool_finish (self->spool->guid, number, bts_spool_file_get_fd (self->files[number]),
                           error);
}

/* A file without a name is read from its start, wherever the application has left it. */
static gssize
read_some (Reading *self, guint number, char *buffer)
{
  int fd = self->polled[number].fd;
  gssize n =
      pread (fd, buffer, BUFFER_BYTES, (off_t) bts_spool_file_get_size (self->files[number]));

  return n < 0 && errno == ESPIPE ? read (fd, buffer, BUFFER_BYTES) : n;
}

static gboolean
read_one (Reading *self, guint number, char *buffer, GError **error)
{
  gssize n = read_some (self, number, buffer);

  if (n == 0)
    return end_stream (self, number, error);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return TRUE;
  if (n < 0)
    {
      bts_file_error_set (error, errno, "Cannot read the stream");
      return FALSE;
    }
  if (!bts_spool_file_write (self->files[number], buffer, (gsize) n, error))
    return FALSE;
  *self->spool->n_kept += (guint64) n;
  return TRUE;
}

static gboolean
read_all (Reading *self, GError **error)
{
  const BtsStreamSpool *spool = self->spool;
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);

  while (self->n_left > 0)
    {
      if (!wait_for_any (self, error))
        return FALSE;
      for (guint i = 0; i < spool->n_streams; i++)
        {
          if (self->polled[i].fd >= 0 && self->polled[i].revents != 0 &&
              !read_one (self, i, buffer, error))
            return FALSE;
        }
    }
  return TRUE;
}

gboolean
bts_stream_spool_keep (const BtsStreamSpool *spool, GError **error)
{
  g_auto (Reading) self = {
    .spool = spool,
    .polled = g_new0 (struct pollfd, spool->n_streams + 1),
    .files = g_new0 (BtsSpoolFile *, spool->n_streams),
    .n_left = spool->n_streams,
  };

  *spool->n_kept = 0;
  if (open_files (&self, error) && read_all (&self, error))
    return TRUE;
  bts_stream_spool_empty (spool->guid, spool->n_streams);
  return FALSE;
}
