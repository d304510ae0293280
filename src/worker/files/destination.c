/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/files/checkpoint.h"
#include "worker/files/file-error.h"
#include "worker/files/held-ranges.h"
#include "worker/files/partial-file.h"
#include "worker/files/preallocate.h"
#include "worker/files/publish.h"
#include "worker/files/target.h"
#include "worker/files/writer-set.h"

struct _BtsDestination
{
  GObject parent;

  BtsTarget *target;    /* (owned) */
  int folder_fd;        /* O_PATH, so that a folder that is renamed is followed; -1: descriptor */
  int fd;               /* -1 once published in an earlier process */
  char *partial_name;   /* (owned) (nullable) */
  char *published_name; /* (owned) (nullable) */
  char *published_path; /* (owned) (nullable) as _publish returns it */
  BtsFileIdentity identity;
  guint64 total; /* 0: not known */
  gboolean is_name_durable;
  BtsWriter *writer; /* (unowned) (nullable): the main stream, one of @writers */
  BtsWriterSet writers;
  GMutex lock; /* of changes of @fd, for those who read in other threads */

  BtsHeldRanges ranges;
};

G_DEFINE_FINAL_TYPE (BtsDestination, bts_destination, G_TYPE_OBJECT)

static void
bts_destination_init (BtsDestination *self)
{
  self->folder_fd = -1;
  self->fd = -1;
  g_mutex_init (&self->lock);
  bts_writer_set_init (&self->writers);
  bts_held_ranges_init (&self->ranges);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    g_close (g_steal_fd (fd), NULL);
}

static void
bts_destination_finalize (GObject *object)
{
  BtsDestination *self = BTS_DESTINATION (object);

  bts_writer_set_clear (&self->writers);
  g_clear_pointer (&self->target, bts_target_free);
  close_fd (&self->fd);
  close_fd (&self->folder_fd);
  g_free (self->partial_name);
  g_free (self->published_name);
  g_free (self->published_path);
  bts_held_ranges_clear (&self->ranges);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (bts_destination_parent_class)->finalize (object);
}

static void
bts_destination_class_init (BtsDestinationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_destination_finalize;
}

static void
on_written (guint64 offset, guint64 length, gpointer user_data)
{
  BtsDestination *self = user_data;

  bts_held_ranges_add_written (&self->ranges, offset, length);
}

/* The data, and what is needed to find it again. */
static gboolean
sync_data (BtsDestination *self, GError **error)
{
  g_autoptr (BtsByteRanges) pending = bts_held_ranges_steal_written (&self->ranges);

  if (fdatasync (self->fd) != 0)
    {
      bts_file_error_set (error, errno, "Cannot write the file to its disk");
      return FALSE;
    }
  if (!self->target->is_descriptor && !self->is_name_durable &&
      !bts_target_sync_folder (self->folder_fd, self->fd))
    {
      bts_file_error_set (error, errno, "Cannot make the name of the partial file durable");
      return FALSE;
    }

  self->is_name_durable = TRUE;
  bts_held_ranges_confirm (&self->ranges, pending);

  return TRUE;
}

/* ---- opening ---- */

/* Takes @fd over, and sets @info. */
static gboolean
take_fd (BtsDestination *self, int fd, BtsFileInfo *info, GError **error)
{
  if (!bts_file_info_read (fd, NULL, info))
    {
      bts_file_error_set (error, errno, "Cannot look at the file");
      g_close (fd, NULL);
      return FALSE;
    }

  g_mutex_lock (&self->lock);
  if (self->writer != NULL)
    bts_writer_set_drop (&self->writers, self->writer);
  close_fd (&self->fd);
  self->fd = fd;
  self->identity = info->identity;
  self->writer = bts_destination_add_writer (self);
  g_mutex_unlock (&self->lock);

  return TRUE;
}

static gboolean
take_up (BtsDestination *self, int fd, const BtsFileCheckpoint *checkpoint, GError **error)
{
  BtsFileInfo info;

  if (!take_fd (self, fd, &info, error))
    return FALSE;
  if (!bts_file_identity_equal (&info.identity, &checkpoint->identity))
    return TRUE;

  self->total = checkpoint->total;
  bts_writer_expect (self->writer, self->total);
  bts_held_ranges_set (&self->ranges, checkpoint->ranges, info.size);

  return TRUE;
}

static gboolean
open_descriptor (BtsDestination *self, GVariant *checkpoint_variant, int fd, GError **error)
{
  g_autoptr (BtsFileCheckpoint) checkpoint = bts_file_checkpoint_new (checkpoint_variant, "");
  int own_fd;

  if (fd < 0)
    own_fd = bts_target_reopen_file (self->target, O_RDWR, error);
  else if (!bts_target_check_descriptor (fd, error))
    return FALSE;
  else
    {
      own_fd = fcntl (fd, F_DUPFD_CLOEXEC, 0);
      if (own_fd < 0)
        bts_file_error_set (error, errno, "Cannot use the descriptor");
    }
  if (own_fd < 0)
    return FALSE;

  return take_up (self, own_fd, checkpoint, error);
}

/* As it would have been at the end of _publish. The partial name is still there where the file was
 * renamed by a link. Takes @name over. */
static gboolean
take_published (BtsDestination *self, char *name, GError **error)
{
  g_autoptr (BtsByteRanges) all = bts_byte_ranges_new ();
  BtsFileInfo info;
  int fd = openat (self->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

  self->published_name = name;
  if (fd < 0 || !bts_partial_file_remove (self->folder_fd, self->partial_name, NULL) ||
      !bts_file_info_read (fd, NULL, &info) || fsync (fd) != 0 ||
      !bts_target_sync_folder (self->folder_fd, fd))
    {
      bts_file_error_set (error, errno, "Cannot make the finished file durable");
      if (fd >= 0)
        g_close (fd, NULL);
      return FALSE;
    }

  self->fd = fd;
  self->identity = info.identity;
  self->total = info.size;
  bts_byte_ranges_add (all, 0, info.size);
  bts_held_ranges_set (&self->ranges, all, info.size);

  return TRUE;
}

static gboolean
open_new (BtsDestination *self, GError **error)
{
  int fd = bts_partial_file_create (self->folder_fd, self->partial_name, error);
  BtsFileInfo info;

  return fd >= 0 && take_fd (self, fd, &info, error);
}

static gboolean
open_beside (BtsDestination *self, const char *guid, GVariant *variant, GError **error)
{
  g_autoptr (BtsFileCheckpoint) checkpoint = bts_file_checkpoint_new (variant, guid);
  g_autoptr (GError) local_error = NULL;
  char *published_name;
  int fd;

  bts_partial_file_follow (self->target, checkpoint);
  self->folder_fd = bts_target_open_folder (self->target, error);
  if (self->folder_fd < 0)
    return FALSE;

  self->partial_name = bts_partial_file_get_name (self->target, self->folder_fd, checkpoint, guid);
  published_name = bts_publish_find (self->target, self->folder_fd, checkpoint);
  if (published_name != NULL)
    return take_published (self, published_name, error);

  if (!bts_target_check_name (self->target, self->folder_fd, error))
    return FALSE;

  fd = bts_partial_file_open (self->folder_fd, self->partial_name, checkpoint, &local_error);
  if (fd >= 0)
    return take_up (self, fd, checkpoint, error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }

  return open_new (self, error);
}

BtsDestination *
bts_destination_open (
    GVariant *request, const char *guid, GVariant *checkpoint, int fd, GError **error)
{
  g_autoptr (BtsDestination) self = g_object_new (BTS_TYPE_DESTINATION, NULL);
  g_autoptr (GError) local_error = NULL;
  gboolean is_open = FALSE;

  self->target = bts_target_new (request, fd >= 0, &local_error);
  if (self->target != NULL && self->target->is_descriptor)
    is_open = open_descriptor (self, checkpoint, fd, &local_error);
  else if (self->target != NULL)
    is_open = open_beside (self, guid, checkpoint, &local_error);
  if (is_open)
    return g_steal_pointer (&self);

  bts_file_error_make_web (&local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
bts_destination_is_published (BtsDestination *self)
{
  return self->published_name != NULL || self->published_path != NULL;
}

BtsByteRanges *
bts_destination_dup_held (BtsDestination *self)
{
  return bts_held_ranges_dup (&self->ranges);
}

/* ---- writing ---- */

gboolean
bts_destination_expect (BtsDestination *self, guint64 total, GError **error)
{
  if (!bts_preallocate (self->fd, total, error))
    return FALSE;

  self->total = total;
  bts_writer_expect (self->writer, total);
  return TRUE;
}

gboolean
bts_destination_restart (BtsDestination *self, GError **error)
{
  g_autoptr (BtsByteRanges) none = bts_byte_ranges_new ();

  bts_held_ranges_set (&self->ranges, none, 0);
  self->total = 0;
  if (self->target->is_descriptor)
    {
      bts_writer_reset (self->writer, 0);
      bts_writer_expect (self->writer, 0);
      if (ftruncate (self->fd, 0) == 0 && fdatasync (self->fd) == 0)
        return TRUE;

      bts_file_error_set (error, errno, "Cannot empty the file");
      return FALSE;
    }

  /* Another file, so that no checkpoint written before can claim bytes that come now. */
  self->is_name_durable = FALSE;
  return open_new (self, error);
}

gboolean
bts_destination_seek (BtsDestination *self, guint64 offset, GError **error)
{
  return bts_writer_seek (self->writer, offset, error);
}

gpointer
bts_destination_get_buffer (BtsDestination *self, gsize *size)
{
  return bts_writer_get_buffer (self->writer, size);
}

gboolean
bts_destination_commit (BtsDestination *self, gsize size, GError **error)
{
  return bts_writer_commit (self->writer, size, error);
}

BtsWriter *
bts_destination_add_writer (BtsDestination *self)
{
  BtsWriter *writer = bts_writer_new (self->fd, on_written, self);

  bts_writer_expect (writer, self->total);
  return bts_writer_set_add (&self->writers, writer);
}

void
bts_destination_drop_writer (BtsDestination *self, BtsWriter *writer)
{
  bts_writer_set_drop (&self->writers, writer);
}

int
bts_destination_open_now (BtsDestination *self, guint64 position)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  int fd = -1;

  /* What is buffered is shown also where the byte itself is written: what follows it may not be. */
  if ((bts_writer_set_show (&self->writers, position) ||
       bts_held_ranges_is_written (&self->ranges, position)) &&
      (!self->target->is_descriptor || self->target->is_file_readable))
    fd = bts_file_reopen (self->fd, O_RDONLY);
  if (fd >= 0 && lseek (fd, (off_t) position, SEEK_SET) < 0)
    close_fd (&fd);

  return fd;
}

/* Whoever deletes the hidden file or its folder ends the transfer: nothing would be found again. */
static gboolean
check_has_name (BtsDestination *self, GError **error)
{
  BtsFileInfo info;

  if (self->target->is_descriptor ||
      (bts_file_info_read (self->fd, NULL, &info) && info.n_links > 0))
    return TRUE;

  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND,
                       "The partial file has been removed while the transfer was running");
  return FALSE;
}

gboolean
bts_destination_sync (BtsDestination *self, GError **error)
{
  g_autoptr (GError) flush_error = NULL;
  gboolean is_flushed;

  if (bts_destination_is_published (self))
    return TRUE;

  /* What could be written before the disk was full is still worth keeping. */
  is_flushed = bts_writer_flush (self->writer, &flush_error);
  /* The other streams may be waiting for more. */
  bts_writer_set_write (&self->writers, on_written, self);
  if (!check_has_name (self, error) || !sync_data (self, error))
    return FALSE;
  if (is_flushed)
    return TRUE;

  g_propagate_error (error, g_steal_pointer (&flush_error));
  return FALSE;
}

gboolean
bts_destination_update_checksum (BtsDestination *self,
                                 BtsChecksum *checksum,
                                 guint64 end,
                                 GCancellable *cancellable,
                                 GError **error)
{
  if (self->writer != NULL && !bts_writer_flush (self->writer, error))
    return FALSE;

  return bts_checksum_update_from_file (checksum, self->fd, end, cancellable, error);
}

GVariant *
bts_destination_to_checkpoint (BtsDestination *self)
{
  g_autoptr (BtsByteRanges) held = bts_destination_dup_held (self);
  g_autofree char *folder = bts_target_dup_moved_folder (self->target, self->folder_fd);
  BtsFileCheckpoint checkpoint = {
    .partial_name = self->partial_name,
    .published_name = self->published_name,
    .folder = folder,
    .identity = self->identity,
    .ranges = held,
    .total = self->total,
  };

  return bts_file_checkpoint_to_variant (&checkpoint);
}

/* ---- publishing ---- */

static gboolean
finish_file (BtsDestination *self, guint64 total, const char *origin_uri, GError **error)
{
  g_autoptr (BtsByteRanges) pending = NULL;

  if (!bts_writer_flush (self->writer, error) || !check_has_name (self, error) ||
      !bts_publish_cut (self->fd, total, error))
    return FALSE;
  if (origin_uri != NULL)
    bts_publish_set_origin (self->fd, origin_uri);

  pending = bts_held_ranges_steal_written (&self->ranges);
  if (fsync (self->fd) != 0)
    {
      bts_file_error_set (error, errno, "Cannot write the file to its disk");
      return FALSE;
    }
  bts_held_ranges_confirm (&self->ranges, pending);
  bts_held_ranges_truncate (&self->ranges, total);

  return bts_held_ranges_check_whole (&self->ranges, total, error);
}

char *
bts_destination_publish (BtsDestination *self,
                         guint64 total,
                         const char *origin_uri,
                         GCancellable *cancellable,
                         GError **error)
{
  if (!bts_destination_is_published (self))
    {
      if (total > G_MAXINT64)
        {
          bts_file_error_set (error, EFBIG, "Cannot finish the file");
          return NULL;
        }
      /* The disk may have taken long. */
      if (!finish_file (self, total, origin_uri, error) ||
          g_cancellable_set_error_if_cancelled (cancellable, error))
        return NULL;

      self->total = total;
      if (!self->target->is_descriptor)
        {
          self->published_name = bts_publish_rename (self->target, self->folder_fd,
                                                     self->partial_name, self->fd, error);
          if (self->published_name == NULL)
            return NULL;
        }
    }
  if (self->published_path == NULL)
    self->published_path = bts_publish_make_path (
        self->target, self->target->is_descriptor ? self->fd : self->folder_fd,
        self->published_name);

  return g_strdup (self->published_path);
}
