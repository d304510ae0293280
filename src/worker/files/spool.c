/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"

/* So much is left to others. */
#define MIN_FREE_BYTES (16 * 1024 * 1024)

static const char *const suffixes[] = {
  [BTS_SPOOL_STREAM] = "stream",
  [BTS_SPOOL_UNFINISHED] = "unfinished",
  [BTS_SPOOL_ANSWER] = "answer",
};

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_state_dir (), "background-transfer", "uploads", NULL);
}

static char *
get_path (BtsSpoolKind kind, const char *guid, guint number)
{
  g_autofree char *folder = get_folder ();

  return g_strdup_printf ("%s/%s.%u.%s", folder, guid, number, suffixes[kind]);
}

int
bts_spool_create (BtsSpoolKind kind, const char *guid, guint number, GError **error)
{
  g_autofree char *folder = get_folder ();
  g_autofree char *path = get_path (kind, guid, number);
  int fd = -1;

  if (g_mkdir_with_parents (folder, 0700) == 0)
    fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot make “%s”", path);
  return fd;
}

int
bts_spool_open (BtsSpoolKind kind, const char *guid, guint number, GError **error)
{
  g_autofree char *path = get_path (kind, guid, number);
  int fd = open (path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot open “%s”", path);
  return fd;
}

gboolean
bts_spool_exists (BtsSpoolKind kind, const char *guid, guint number)
{
  g_autofree char *path = get_path (kind, guid, number);

  return access (path, F_OK) == 0;
}

static gboolean
sync_folder (void)
{
  g_autofree char *folder = get_folder ();
  int fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean is_synced = fd >= 0 && fsync (fd) == 0;
  int saved_errno = errno;

  if (fd >= 0)
    close (fd);
  errno = saved_errno;
  return is_synced;
}

gboolean
bts_spool_finish (const char *guid, guint number, int fd, GError **error)
{
  g_autofree char *unfinished = get_path (BTS_SPOOL_UNFINISHED, guid, number);
  g_autofree char *path = get_path (BTS_SPOOL_STREAM, guid, number);

  if (fsync (fd) == 0 && rename (unfinished, path) == 0 && sync_folder ())
    return TRUE;
  bts_file_error_set (error, errno, "Cannot keep the stream");
  return FALSE;
}

/* All that is kept */

/* FALSE: it ends there. */
typedef gboolean (*Visit) (const char *folder, const char *name, gpointer user_data);

static gboolean
visit_all (Visit visit, gpointer user_data)
{
  g_autofree char *folder = get_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      if (!visit (folder, name, user_data))
        return FALSE;
    }
  return TRUE;
}

typedef struct
{
  const char *guid;
  gboolean keeps_answer;
  GError **error;
} Removal;

static gboolean
remove_one (const char *folder, const char *name, gpointer user_data)
{
  Removal *self = user_data;
  gsize length = strlen (self->guid);
  g_autofree char *path = g_build_filename (folder, name, NULL);

  if (strncmp (name, self->guid, length) != 0 || name[length] != '.' ||
      (self->keeps_answer && g_str_has_suffix (name, suffixes[BTS_SPOOL_ANSWER])) ||
      unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  bts_file_error_set (self->error, errno, "Cannot remove “%s”", path);
  return FALSE;
}

gboolean
bts_spool_remove_streams (const char *guid, GError **error)
{
  return visit_all (remove_one, &(Removal){ guid, TRUE, error });
}

void
bts_spool_remove_answer (const char *guid)
{
  g_autofree char *path = get_path (BTS_SPOOL_ANSWER, guid, 0);

  unlink (path);
}

gboolean
bts_spool_remove_all (const char *guid, GError **error)
{
  return visit_all (remove_one, &(Removal){ guid, FALSE, error });
}

static gboolean
add_size (const char *folder, const char *name, gpointer user_data)
{
  guint64 *total = user_data;
  g_autofree char *path = g_build_filename (folder, name, NULL);
  struct stat status;

  if (lstat (path, &status) == 0)
    *total += (guint64) status.st_size;
  return TRUE;
}

gboolean
bts_spool_check_space (int fd, guint64 max_bytes, GError **error)
{
  guint64 total = 0;
  struct statvfs status;

  visit_all (add_size, &total);
  if (total + BTS_SPOOL_CHECK_BYTES > max_bytes)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE,
                   "What is kept for this user would exceed MaxSpoolBytesPerUser, "
                   "%" G_GUINT64_FORMAT " bytes",
                   max_bytes);
      return FALSE;
    }
  if (fstatvfs (fd, &status) == 0 && (guint64) status.f_bavail * status.f_frsize < MIN_FREE_BYTES)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE,
                   "Less than %d MiB would be left where it is kept",
                   MIN_FREE_BYTES / (1024 * 1024));
      return FALSE;
    }
  return TRUE;
}

static gboolean
add_guid (const char *folder, const char *name, gpointer user_data)
{
  const char *dot = strchr (name, '.');

  if (dot != NULL)
    g_hash_table_add (user_data, g_strndup (name, (gsize) (dot - name)));
  return TRUE;
}

GStrv
bts_spool_list (void)
{
  g_autoptr (GHashTable) guids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GHashTableIter iter;
  gpointer guid;

  visit_all (add_guid, guids);
  g_hash_table_iter_init (&iter, guids);
  while (g_hash_table_iter_next (&iter, &guid, NULL))
    g_strv_builder_add (builder, guid);
  return g_strv_builder_end (builder);
}
