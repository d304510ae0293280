/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/partial-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "worker/files/file-error.h"
#include "worker/files/unique-name.h"

static gboolean
holds (int folder_fd, const char *name, const BtsFileCheckpoint *checkpoint)
{
  BtsFileInfo info;

  return name != NULL && bts_file_info_read (folder_fd, name, &info) &&
         bts_file_identity_equal (&info.identity, &checkpoint->identity);
}

void
bts_partial_file_follow (BtsTarget *target, const BtsFileCheckpoint *checkpoint)
{
  int folder_fd;

  if (target->is_descriptor || checkpoint->folder == NULL)
    return;
  folder_fd = open (checkpoint->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder_fd < 0)
    return;

  if (holds (folder_fd, checkpoint->partial_name, checkpoint) ||
      holds (folder_fd, checkpoint->published_name, checkpoint))
    {
      g_free (target->folder);
      target->folder = g_strdup (checkpoint->folder);
      target->is_moved = TRUE;
    }
  g_close (folder_fd, NULL);
}

char *
bts_partial_file_get_name (const BtsTarget *target,
                           int folder_fd,
                           const BtsFileCheckpoint *checkpoint,
                           const char *guid)
{
  if (checkpoint->partial_name != NULL)
    return g_strdup (checkpoint->partial_name);

  return bts_partial_name_new (target->name, guid, bts_target_get_max_name (folder_fd));
}

int
bts_partial_file_open (int folder_fd,
                       const char *name,
                       const BtsFileCheckpoint *checkpoint,
                       GError **error)
{
  BtsFileInfo info;
  int path_fd = openat (folder_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  int fd;

  if (path_fd < 0)
    {
      if (errno != ENOENT)
        bts_file_error_set (error, errno, "Cannot open the partial file");
      return -1;
    }
  if (!bts_file_info_read (path_fd, NULL, &info) || !info.is_regular ||
      !bts_file_identity_equal (&info.identity, &checkpoint->identity))
    {
      g_close (path_fd, NULL);
      return -1;
    }

  fd = bts_file_reopen (path_fd, O_RDWR);
  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot open the partial file");
  g_close (path_fd, NULL);

  return fd;
}

int
bts_partial_file_create (int folder_fd, const char *name, GError **error)
{
  const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (folder_fd, name, flags, 0666);

  /* Of a run that died before it could be written down; the name is this operation's alone. */
  if (fd < 0 && errno == EEXIST)
    {
      if (!bts_partial_file_remove (folder_fd, name, error))
        return -1;
      fd = openat (folder_fd, name, flags, 0666);
    }
  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot make a file in the folder of the destination");

  return fd;
}

gboolean
bts_partial_file_remove (int folder_fd, const char *name, GError **error)
{
  if (unlinkat (folder_fd, name, 0) == 0 || errno == ENOENT)
    return TRUE;

  bts_file_error_set (error, errno, "Cannot remove the partial file");
  return FALSE;
}
