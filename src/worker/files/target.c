/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/target.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"

/* File systems whose names are counted in other units say more than 255, but the path functions
 * of the C library do not take more. */
#define MAX_NAME_BYTES 255

void
bts_target_free (BtsTarget *self)
{
  g_free (self->folder);
  g_free (self->name);
  g_free (self->file_path);
  g_free (self);
}

/* The bytes of a path, from a path or a file URI. */
static char *
parse_path (const char *destination, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *host = NULL;
  g_autofree char *path = NULL;

  if (destination[0] == '/')
    return g_strdup (destination);

  path = g_filename_from_uri (destination, &host, &local_error);
  if (path == NULL || (host != NULL && g_ascii_strcasecmp (host, "localhost") != 0))
    {
      g_set_error (
          error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
          "destination must be an absolute path or a file:// URI of this machine, not “%s”",
          destination);
      return NULL;
    }

  return g_steal_pointer (&path);
}

static gboolean
take_path (BtsTarget *self, const char *destination, GError **error)
{
  g_autofree char *path = parse_path (destination, error);
  const char *slash;

  if (path == NULL)
    return FALSE;

  slash = strrchr (path, '/');
  g_assert (slash != NULL);
  self->name = g_strdup (slash + 1);
  self->folder = slash == path ? g_strdup ("/") : g_strndup (path, (gsize) (slash - path));
  if (self->name[0] == '\0' || strcmp (self->name, ".") == 0 || strcmp (self->name, "..") == 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "destination must end in the name of a file, not “%s”", destination);
      return FALSE;
    }

  return TRUE;
}

static void
take_file (BtsTarget *self, GVariant *file)
{
  g_autoptr (GVariant) path = g_variant_lookup_value (file, "path", G_VARIANT_TYPE_BYTESTRING);

  self->is_file_readable = TRUE;
  g_variant_lookup (file, "readable", "b", &self->is_file_readable);
  bts_file_identity_take_from (&self->file, file);
  if (path != NULL)
    self->file_path = g_variant_dup_bytestring (path, NULL);
}

BtsTarget *
bts_target_new (GVariant *request, gboolean has_descriptor, GError **error)
{
  g_autoptr (BtsTarget) self = g_new0 (BtsTarget, 1);
  g_autoptr (GVariant) file = NULL;
  const char *destination = NULL;
  const char *overwrite = NULL;

  self->overwrite = BGT_OVERWRITE_FAIL;
  g_variant_lookup (request, "destination", "&s", &destination);
  g_variant_lookup (request, "overwrite", "&s", &overwrite);
  if (overwrite != NULL && !bgt_overwrite_from_string (overwrite, &self->overwrite))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "overwrite must be “fail”, “replace” or “unique”, not “%s”", overwrite);
      return NULL;
    }

  file = g_variant_lookup_value (request, "destination-file", G_VARIANT_TYPE_VARDICT);
  self->is_descriptor = has_descriptor || file != NULL;
  if (file != NULL)
    take_file (self, file);
  if (self->is_descriptor)
    return g_steal_pointer (&self);

  if (destination == NULL)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "destination is missing");
      return NULL;
    }
  if (!take_path (self, destination, error))
    return NULL;

  return g_steal_pointer (&self);
}

char *
bts_target_get_display_name (const BtsTarget *self)
{
  if (self->is_descriptor)
    return g_filename_display_name (self->file_path != NULL ? self->file_path : "descriptor");

  return bts_file_display_name (self->folder, self->name);
}

int
bts_target_open_folder (const BtsTarget *self, GError **error)
{
  int folder_fd = open (self->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);

  if (folder_fd < 0)
    {
      int error_number = errno;
      g_autofree char *name = bts_file_display_name (self->folder, NULL);

      bts_file_error_set (error, error_number, "Cannot use the folder “%s”", name);
    }

  return folder_fd;
}

char *
bts_target_dup_moved_folder (const BtsTarget *self, int folder_fd)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", folder_fd);
  BtsFileInfo asked;
  BtsFileInfo ours;

  if (self->is_descriptor)
    return NULL;
  if (!bts_file_info_read_path (self->folder, &asked) ||
      !bts_file_info_read (folder_fd, NULL, &ours) ||
      !bts_file_identity_equal (&asked.identity, &ours.identity))
    return g_file_read_link (link, NULL);

  return self->is_moved ? g_strdup (self->folder) : NULL;
}

gsize
bts_target_get_max_name (int folder_fd)
{
  struct statfs status = { 0 };

  if (fstatfs (folder_fd, &status) != 0 || status.f_namelen <= 0)
    return MAX_NAME_BYTES;

  return MIN ((gsize) status.f_namelen, MAX_NAME_BYTES);
}

gboolean
bts_target_check_name (const BtsTarget *self, int folder_fd, GError **error)
{
  g_autofree char *name = NULL;
  BtsFileInfo info;

  if (self->overwrite == BGT_OVERWRITE_UNIQUE || !bts_file_info_read (folder_fd, self->name, &info))
    return TRUE;

  name = bts_target_get_display_name (self);
  if (info.is_folder)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_ALREADY_EXISTS,
                   "“%s” is a folder: give the name of a file in it", name);
      return FALSE;
    }
  /* Nobody means to have /dev/null, say, replaced by a file. */
  if (info.is_special)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_ALREADY_EXISTS,
                   "“%s” is a device, pipe or socket: give the name of a file", name);
      return FALSE;
    }
  if (self->overwrite == BGT_OVERWRITE_FAIL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_ALREADY_EXISTS,
                   "“%s” already exists: choose another name, or overwrite “replace” or “unique”",
                   name);
      return FALSE;
    }

  return TRUE;
}

/* A folder that may be written but not read cannot be opened for fsync; then all of its file
 * system is synced. */
gboolean
bts_target_sync_folder (int folder_fd, int fd)
{
  int folder = openat (folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error_number;
  int result;

  if (folder < 0)
    return errno == EACCES && syncfs (fd) == 0;

  result = fsync (folder);
  error_number = errno;
  g_close (folder, NULL);
  errno = error_number;

  return result == 0;
}

gboolean
bts_target_check_descriptor (int fd, GError **error)
{
  BtsFileInfo info;
  int flags = fcntl (fd, F_GETFL);

  if (flags < 0 || !bts_file_info_read (fd, NULL, &info) || !info.is_regular ||
      (flags & O_PATH) != 0)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "destination must be the descriptor of a regular file");
      return FALSE;
    }
  if ((flags & O_ACCMODE) == O_RDONLY)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                           "destination must be a descriptor that is open for writing");
      return FALSE;
    }
  if ((flags & (O_APPEND | O_DIRECT)) != 0)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "destination must be a descriptor without O_APPEND and O_DIRECT");
      return FALSE;
    }

  return TRUE;
}

int
bts_target_reopen_file (const BtsTarget *self, int flags, GError **error)
{
  g_autofree char *name = bts_target_get_display_name (self);
  BtsFileInfo info;
  int error_number;
  int path_fd;
  int fd;

  if (self->file_path == NULL || self->file_path[0] != '/')
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND,
                           "The application's descriptor is gone, and its file has no name");
      return -1;
    }

  path_fd = open (self->file_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (path_fd < 0)
    {
      bts_file_error_set (error, errno, "Cannot open “%s” again", name);
      return -1;
    }
  if (!bts_file_info_read (path_fd, NULL, &info) || !info.is_regular ||
      !bts_file_identity_equal (&info.identity, &self->file))
    {
      g_close (path_fd, NULL);
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED,
                   "“%s” is not the file any more that the application had opened", name);
      return -1;
    }

  fd = bts_file_reopen (path_fd, flags);
  error_number = errno;
  g_close (path_fd, NULL);
  if (fd < 0)
    bts_file_error_set (error, error_number, "Cannot open “%s” again", name);

  return fd;
}
