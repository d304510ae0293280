/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"
#include "worker/files/file-identity.h"
#include "worker/files/unique-name.h"

gboolean
bts_publish_cut (int fd, guint64 total, GError **error)
{
  BtsFileInfo info;

  if (!bts_file_info_read (fd, NULL, &info) || info.size < total)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED,
                           "The file has become shorter than what was written");
      return FALSE;
    }
  if (ftruncate (fd, (off_t) total) == 0)
    return TRUE;

  bts_file_error_set (error, errno, "Cannot cut the file to its size");
  return FALSE;
}

#define MAX_UNIQUE_NAMES 100000

/* 0, or errno: EEXIST where @to is taken. */
static int
rename_without_replacing (int folder_fd, const char *from, const char *to)
{
  BtsFileInfo info;

  if (renameat2 (folder_fd, from, folder_fd, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
    return errno;

  /* A file system that cannot rename so. A crash between the two leaves both names, which is
   * noticed by the number of links. */
  if (linkat (folder_fd, from, folder_fd, to, 0) == 0)
    return unlinkat (folder_fd, from, 0) == 0 ? 0 : errno;
  if (errno != EPERM && errno != ENOSYS && errno != EOPNOTSUPP && errno != EMLINK)
    return errno;

  /* Nor has it links (some FUSE file systems): then nothing better than looking first is to be
   * had. */
  if (bts_file_info_read (folder_fd, to, &info))
    return EEXIST;

  return renameat (folder_fd, from, folder_fd, to) == 0 ? 0 : errno;
}

static int
rename_by_mode (const BtsTarget *target, int folder_fd, const char *from, char **name)
{
  gsize max_bytes = bts_target_get_max_name (folder_fd);
  int error_number = EEXIST;

  if (target->overwrite == BGT_OVERWRITE_REPLACE)
    {
      *name = g_strdup (target->name);
      return renameat (folder_fd, from, folder_fd, *name) == 0 ? 0 : errno;
    }

  for (guint n = 0; error_number == EEXIST && n < MAX_UNIQUE_NAMES; n++)
    {
      g_free (*name);
      *name = bts_unique_name_get_nth (target->name, n, max_bytes);
      error_number = rename_without_replacing (folder_fd, from, *name);
      if (target->overwrite == BGT_OVERWRITE_FAIL)
        break;
    }

  return error_number;
}

/* Whoever has put another file under the hidden name shall not have that published. */
static gboolean
check_is_ours (int folder_fd, const char *partial_name, int fd, GError **error)
{
  BtsFileInfo named;
  BtsFileInfo ours;

  if (!bts_file_info_read (fd, NULL, &ours) ||
      !bts_file_info_read (folder_fd, partial_name, &named))
    {
      bts_file_error_set (error, errno, "The partial file is gone");
      return FALSE;
    }
  if (!bts_file_identity_equal (&ours.identity, &named.identity))
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED,
                           "The partial file has been replaced by another one");
      return FALSE;
    }

  return TRUE;
}

char *
bts_publish_rename (
    const BtsTarget *target, int folder_fd, const char *partial_name, int fd, GError **error)
{
  g_autofree char *name = NULL;
  g_autofree char *display_name = bts_target_get_display_name (target);
  int error_number;

  if (!check_is_ours (folder_fd, partial_name, fd, error))
    return NULL;

  error_number = rename_by_mode (target, folder_fd, partial_name, &name);
  if (error_number == EEXIST)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR,
                   "“%s” already exists: choose another name, or overwrite “replace” or “unique”",
                   display_name);
      return NULL;
    }
  if (error_number != 0)
    {
      bts_file_error_set (error, error_number, "Cannot name the file “%s”", display_name);
      return NULL;
    }
  if (!bts_target_sync_folder (folder_fd, fd))
    {
      bts_file_error_set (error, errno, "Cannot make the name “%s” durable", display_name);
      return NULL;
    }

  return g_steal_pointer (&name);
}

static gboolean
is_published_as (int folder_fd, const char *name, const BtsFileCheckpoint *checkpoint)
{
  BtsFileInfo info;

  return bts_file_info_read (folder_fd, name, &info) && info.is_regular &&
         bts_file_identity_equal (&info.identity, &checkpoint->identity) &&
         (checkpoint->total == 0 || info.size == checkpoint->total);
}

/* All names are looked at, since those before ours may have gone meanwhile. */
static char *
find_unique (const BtsTarget *target, int folder_fd, const BtsFileCheckpoint *checkpoint)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", folder_fd);
  g_autoptr (GDir) folder = g_dir_open (path, 0, NULL);
  gsize max_bytes = bts_target_get_max_name (folder_fd);
  const char *name;

  while (folder != NULL && (name = g_dir_read_name (folder)) != NULL)
    {
      if (bts_unique_name_matches (target->name, name, max_bytes) &&
          is_published_as (folder_fd, name, checkpoint))
        return g_strdup (name);
    }

  return NULL;
}

char *
bts_publish_find (const BtsTarget *target, int folder_fd, const BtsFileCheckpoint *checkpoint)
{
  if (checkpoint->published_name != NULL &&
      is_published_as (folder_fd, checkpoint->published_name, checkpoint))
    return g_strdup (checkpoint->published_name);
  if (is_published_as (folder_fd, target->name, checkpoint))
    return g_strdup (target->name);
  if (target->overwrite == BGT_OVERWRITE_UNIQUE)
    return find_unique (target, folder_fd, checkpoint);

  return NULL;
}

void
bts_publish_set_origin (int fd, const char *origin_uri)
{
  g_autoptr (GUri) uri = g_uri_parse (
      origin_uri, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_PARSE_RELAXED, NULL);
  g_autofree char *origin = NULL;

  if (uri == NULL)
    return;

  /* Many file systems have no extended attributes or no room for this one, and the file is as
   * good without. */
  origin = g_uri_to_string_partial (uri, G_URI_HIDE_USERINFO | G_URI_HIDE_FRAGMENT);
  if (fsetxattr (fd, "user.xdg.origin.url", origin, strlen (origin), 0) != 0)
    g_debug ("Cannot set the origin attribute: %s", g_strerror (errno));
}

static char *
read_fd_path (int fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);

  return g_file_read_link (link, NULL);
}

static char *
make_folder_path (const BtsTarget *target, int folder_fd)
{
  char *moved = bts_target_dup_moved_folder (target, folder_fd);

  return moved != NULL ? moved : g_strdup (target->folder);
}

char *
bts_publish_make_path (const BtsTarget *target, int fd, const char *name)
{
  g_autofree char *folder = name != NULL ? make_folder_path (target, fd) : NULL;
  g_autofree char *path = NULL;

  path = name != NULL ? g_build_filename (folder, name, NULL) : read_fd_path (fd);
  if (path != NULL && path[0] == '/' && !g_utf8_validate (path, -1, NULL))
    return g_filename_to_uri (path, NULL, NULL);

  return path != NULL ? g_steal_pointer (&path) : g_strdup ("");
}
