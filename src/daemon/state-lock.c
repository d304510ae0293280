/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/state-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/bgt-error.h"

int
bts_state_lock_take (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "lock", NULL);
  int fd;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The state folder %s cannot be made: %s",
                   folder, g_strerror (errno));
      return -1;
    }
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The state folder cannot be written: %s: %s",
                   path, g_strerror (errno));
      return -1;
    }
  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED,
                   "The state folder %s is in use by another service: %s", folder,
                   g_strerror (errno));
      close (fd);
      return -1;
    }
  return fd;
}
