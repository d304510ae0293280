/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "worker/files/checkpoint.h"
#include "worker/files/file-error.h"
#include "worker/files/partial-file.h"
#include "worker/files/publish.h"
#include "worker/files/target.h"

/* What is asked about a destination while no job has it open. */

static GVariant *
check_descriptor (int fd, GError **error)
{
  g_auto (GVariantDict) found = G_VARIANT_DICT_INIT (NULL);
  g_auto (GVariantDict) file = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = NULL;
  BtsFileInfo info;

  if (!bts_target_check_descriptor (fd, error))
    return NULL;

  path = g_file_read_link (link, NULL);
  if (path == NULL || !bts_file_info_read (fd, NULL, &info))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_FAILED, "Cannot look at the descriptor");
      return NULL;
    }

  g_variant_dict_insert (&file, "path", "^ay", path);
  g_variant_dict_insert (&file, "readable", "b", (fcntl (fd, F_GETFL) & O_ACCMODE) == O_RDWR);
  bts_file_identity_add_to (&info.identity, &file);
  g_variant_dict_insert_value (&found, "destination-file", g_variant_dict_end (&file));

  return g_variant_ref_sink (g_variant_dict_end (&found));
}

static gboolean
check_folder (const BtsTarget *target, int folder_fd, GError **error)
{
  g_autofree char *name = bts_file_display_name (target->folder, NULL);

  if (strlen (target->name) > bts_target_get_max_name (folder_fd))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "destination has a name of more than %" G_GSIZE_FORMAT
                   " bytes, which the folder “%s” cannot hold",
                   bts_target_get_max_name (folder_fd), name);
      return FALSE;
    }
  if (faccessat (folder_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
    {
      bts_file_error_set (error, errno, "Cannot make files in the folder “%s”", name);
      return FALSE;
    }

  return bts_target_check_name (target, folder_fd, error);
}

GVariant *
bts_destination_check (GVariant *request, int fd, GError **error)
{
  g_autoptr (BtsTarget) target = NULL;
  gboolean is_fine;
  int folder_fd;

  if (fd >= 0)
    return check_descriptor (fd, error);

  target = bts_target_new (request, FALSE, error);
  if (target == NULL)
    return NULL;
  if (target->is_descriptor)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "destination is a missing descriptor");
      return NULL;
    }

  folder_fd = bts_target_open_folder (target, error);
  is_fine = folder_fd >= 0 && check_folder (target, folder_fd, error);
  if (folder_fd >= 0)
    g_close (folder_fd, NULL);
  if (!is_fine)
    {
      bts_file_error_make_public (error);
      return NULL;
    }

  return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

gboolean
bts_destination_discard (GVariant *request,
                         const char *guid,
                         GVariant *checkpoint_variant,
                         GError **error)
{
  g_autoptr (BtsFileCheckpoint) checkpoint = bts_file_checkpoint_new (checkpoint_variant, guid);
  g_autoptr (BtsTarget) target = bts_target_new (request, FALSE, error);
  g_autofree char *name = NULL;
  gboolean is_removed;
  int folder_fd;

  if (target == NULL)
    return FALSE;
  if (target->is_descriptor)
    return TRUE;

  bts_partial_file_follow (target, checkpoint);
  folder_fd = open (target->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return TRUE;
  if (folder_fd < 0)
    {
      bts_file_error_set (error, errno, "Cannot use the folder of the partial file");
      bts_file_error_make_public (error);
      return FALSE;
    }

  name = bts_partial_file_get_name (target, folder_fd, checkpoint, guid);
  is_removed = bts_partial_file_remove (folder_fd, name, error);
  /* If this fails, a power cut may bring the file back, which only costs space. */
  if (is_removed && !bts_target_sync_folder (folder_fd, folder_fd))
    g_debug ("Cannot sync the folder of a removed file: %s", g_strerror (errno));
  g_close (folder_fd, NULL);
  bts_file_error_make_public (error);

  return is_removed;
}

/* The file under one of its two names, read-only; -1 and errno. */
static int
open_stored (const BtsTarget *target,
             int folder_fd,
             const char *name,
             const BtsFileCheckpoint *checkpoint)
{
  BtsFileInfo info;
  int error_number = ENOENT;
  int fd = -1;
  int path_fd = openat (folder_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

  if (path_fd < 0)
    return -1;

  if (bts_file_info_read (path_fd, NULL, &info) && info.is_regular &&
      bts_file_identity_equal (&info.identity, &checkpoint->identity))
    {
      fd = bts_file_reopen (path_fd, O_RDONLY);
      error_number = errno;
    }
  g_close (path_fd, NULL);
  errno = error_number;

  return fd;
}

static int
open_beside (const BtsTarget *target,
             const char *guid,
             const BtsFileCheckpoint *checkpoint,
             GError **error)
{
  g_autofree char *display_name = bts_target_get_display_name (target);
  g_autofree char *name = NULL;
  int folder_fd = bts_target_open_folder (target, error);
  int error_number;
  int fd;

  if (folder_fd < 0)
    return -1;

  /* The checkpoint may be older than the name. */
  name = bts_publish_find (target, folder_fd, checkpoint);
  if (name == NULL)
    name = bts_partial_file_get_name (target, folder_fd, checkpoint, guid);
  fd = open_stored (target, folder_fd, name, checkpoint);
  error_number = errno;
  g_close (folder_fd, NULL);
  if (fd < 0)
    bts_file_error_set (error, error_number, "Cannot open the file of “%s”", display_name);

  return fd;
}

static int
open_descriptor_file (const BtsTarget *target, GError **error)
{
  if (!target->is_file_readable)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                           "The application's descriptor of the destination is not for reading");
      return -1;
    }

  return bts_target_reopen_file (target, O_RDONLY, error);
}

/* At the end of a file whose size is known there is nothing to wait for. */
static gboolean
has_arrived (const BtsFileCheckpoint *checkpoint, guint64 position)
{
  return bts_byte_ranges_get_held_from (checkpoint->ranges, position) > 0 ||
         (checkpoint->published_name != NULL && position == checkpoint->total) ||
         (checkpoint->total > 0 && position == checkpoint->total &&
          bts_byte_ranges_get_total (checkpoint->ranges) == checkpoint->total);
}

int
bts_destination_open_result (GVariant *request,
                             const char *guid,
                             GVariant *checkpoint_variant,
                             guint64 position,
                             GError **error)
{
  g_autoptr (BtsFileCheckpoint) checkpoint = bts_file_checkpoint_new (checkpoint_variant, guid);
  g_autoptr (BtsTarget) target = bts_target_new (request, FALSE, error);
  int fd;

  if (target == NULL)
    return -1;
  if (position > G_MAXINT64 || !has_arrived (checkpoint, position))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_NOT_YET_AVAILABLE,
                   "The byte at %" G_GUINT64_FORMAT " has not arrived yet", position);
      return -1;
    }

  if (target->is_descriptor)
    fd = open_descriptor_file (target, error);
  else
    {
      bts_partial_file_follow (target, checkpoint);
      fd = open_beside (target, guid, checkpoint, error);
    }
  if (fd >= 0 && lseek (fd, (off_t) position, SEEK_SET) < 0)
    {
      bts_file_error_set (error, errno, "Cannot go to %" G_GUINT64_FORMAT, position);
      g_close (fd, NULL);
      fd = -1;
    }
  if (fd < 0)
    bts_file_error_make_public (error);

  return fd;
}
