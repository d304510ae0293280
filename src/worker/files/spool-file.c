/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/spool-file.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"

/* So much is left to others. */
#define MIN_FREE_BYTES (16 * 1024 * 1024)
/* Granted at once where there is room, so that not each write looks at all files. */
#define GRANT_BYTES (1024 * 1024)

struct _BtsSpoolRoom
{
  GMutex lock;
  guint64 max_per_user;
  guint64 max_per_application;
  GHashTable *files; /* (owned) (element-type guint64 BtsSpoolFile): being written, by inode */
};

struct _BtsSpoolFile
{
  BtsSpoolRoom *room; /* (owned) */
  char *tag;          /* (owned): of its application */
  int fd;             /* (owned) */
  guint64 inode;
  guint64 size;
  guint64 granted; /* it may become so large; under the room's lock */
};

BtsSpoolRoom *
bts_spool_room_new (void)
{
  BtsSpoolRoom *self = g_atomic_rc_box_new0 (BtsSpoolRoom);

  g_mutex_init (&self->lock);
  self->files = g_hash_table_new (g_int64_hash, g_int64_equal);
  return self;
}

BtsSpoolRoom *
bts_spool_room_ref (BtsSpoolRoom *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
room_clear (gpointer data)
{
  BtsSpoolRoom *self = data;

  g_hash_table_unref (self->files);
  g_mutex_clear (&self->lock);
}

void
bts_spool_room_unref (BtsSpoolRoom *self)
{
  g_atomic_rc_box_release_full (self, room_clear);
}

void
bts_spool_room_set_limits (BtsSpoolRoom *self, guint64 max_per_user, guint64 max_per_application)
{
  g_mutex_lock (&self->lock);
  self->max_per_user = max_per_user;
  self->max_per_application = max_per_application;
  g_mutex_unlock (&self->lock);
}

/* What all files but one have, or may still get. */
typedef struct
{
  BtsSpoolFile *file; /* (unowned) */
  guint64 user;
  guint64 application;
} Use;

static gboolean
add_use (const char *path, const char *name, gpointer user_data)
{
  Use *use = user_data;
  BtsSpoolFile *written;
  struct stat status;
  guint64 inode, size;

  if (lstat (path, &status) != 0)
    return TRUE;
  inode = status.st_ino;
  written = g_hash_table_lookup (use->file->room->files, &inode);
  if (written == use->file)
    return TRUE;
  size = written != NULL ? written->granted : (guint64) status.st_size;
  use->user += size;
  if (bts_spool_name_has_tag (name, use->file->tag))
    use->application += size;
  return TRUE;
}

static gboolean
fail (GError **error, const char *whose, const char *key, guint64 maximum)
{
  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE,
               "What is kept for this %s would exceed %s, %" G_GUINT64_FORMAT " bytes", whose, key,
               maximum);
  return FALSE;
}

static gboolean
grant (BtsSpoolFile *self, guint64 wanted, GError **error)
{
  BtsSpoolRoom *room = self->room;
  Use use = { .file = self };
  guint64 user, application;

  bts_spool_visit (add_use, &use);
  user = room->max_per_user - MIN (room->max_per_user, use.user);
  application = room->max_per_application - MIN (room->max_per_application, use.application);
  if (wanted > application)
    return fail (error, "application", "MaxSpoolBytesPerApplication", room->max_per_application);
  if (wanted > user)
    return fail (error, "user", "MaxSpoolBytesPerUser", room->max_per_user);
  self->granted = MIN (wanted + GRANT_BYTES, MIN (application, user));
  return TRUE;
}

static gboolean
reserve (BtsSpoolFile *self, gsize size, GError **error)
{
  guint64 wanted = self->size + size;
  struct statvfs status;
  gboolean is_granted;

  if (wanted <= self->granted)
    return TRUE;
  if (fstatvfs (self->fd, &status) == 0 &&
      (guint64) status.f_bavail * status.f_frsize < MIN_FREE_BYTES)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE,
                   "Less than %d MiB would be left where it is kept",
                   MIN_FREE_BYTES / (1024 * 1024));
      return FALSE;
    }
  g_mutex_lock (&self->room->lock);
  is_granted = grant (self, wanted, error);
  g_mutex_unlock (&self->room->lock);
  return is_granted;
}

gboolean
bts_spool_file_write (BtsSpoolFile *self, const char *bytes, gsize size, GError **error)
{
  if (!reserve (self, size, error))
    return FALSE;
  while (size > 0)
    {
      gssize n = write (self->fd, bytes, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          bts_file_error_set (error, errno, "Cannot keep what has come");
          return FALSE;
        }
      bytes += n;
      size -= (gsize) n;
      self->size += (guint64) n;
    }
  return TRUE;
}

BtsSpoolFile *
bts_spool_file_new (BtsSpoolRoom *room,
                    BtsSpoolKind kind,
                    const char *guid,
                    guint number,
                    const char *application,
                    GError **error)
{
  g_autofree char *tag = bts_spool_dup_application_tag (application);
  int fd = bts_spool_create (kind, guid, number, tag, error);
  BtsSpoolFile *self;
  struct stat status;

  if (fd < 0)
    return NULL;
  if (fstat (fd, &status) != 0)
    {
      bts_file_error_set (error, errno, "Cannot look at what is kept");
      close (fd);
      return NULL;
    }
  self = g_new0 (BtsSpoolFile, 1);
  self->room = bts_spool_room_ref (room);
  self->tag = g_steal_pointer (&tag);
  self->fd = fd;
  self->inode = status.st_ino;
  g_mutex_lock (&room->lock);
  g_hash_table_replace (room->files, &self->inode, self);
  g_mutex_unlock (&room->lock);
  return self;
}

void
bts_spool_file_free (BtsSpoolFile *self)
{
  g_mutex_lock (&self->room->lock);
  /* Another link to the same file, which only the user can have made, has taken its place. */
  if (g_hash_table_lookup (self->room->files, &self->inode) == self)
    g_hash_table_remove (self->room->files, &self->inode);
  g_mutex_unlock (&self->room->lock);
  close (self->fd);
  bts_spool_room_unref (self->room);
  g_free (self->tag);
  g_free (self);
}

int
bts_spool_file_get_fd (BtsSpoolFile *self)
{
  return self->fd;
}

guint64
bts_spool_file_get_size (BtsSpoolFile *self)
{
  return self->size;
}
