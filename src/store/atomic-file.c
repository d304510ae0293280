/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/atomic-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/bgt-error.h"

static gboolean
fail (GError **error, int number, const char *action, const char *name)
{
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "%s %s: %s", action, name, g_strerror (number));
  return FALSE;
}

static char *
make_temporary_name (const char *name)
{
  return g_strconcat (BTS_ATOMIC_FILE_TEMPORARY, name, NULL);
}

static gboolean
write_all (int file, const char *text, gsize length)
{
  while (length > 0)
    {
      gssize written = write (file, text, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        {
          errno = written == 0 ? EIO : errno;
          return FALSE;
        }

      text += written;
      length -= (gsize) written;
    }

  return TRUE;
}

int
bts_atomic_file_write (int folder, const char *name, const char *text, gsize length, GError **error)
{
  g_autofree char *temporary = make_temporary_name (name);
  int file =
      openat (folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  int number;

  if (file < 0)
    {
      fail (error, errno, "creating", temporary);
      return -1;
    }

  if (write_all (file, text, length))
    return file;

  number = errno;
  close (file);
  bts_atomic_file_discard (folder, name);
  fail (error, number, "writing", temporary);
  return -1;
}

gboolean
bts_atomic_file_append (int file, const char *name, const char *text, gsize length, GError **error)
{
  return write_all (file, text, length) || fail (error, errno, "writing", name);
}

gboolean
bts_atomic_file_sync (int file, const char *name, GError **error)
{
  int result;

  do
    result = fdatasync (file);
  while (result < 0 && errno == EINTR);

  return result == 0 || fail (error, errno, "syncing", name);
}

gboolean
bts_atomic_file_publish (int folder, const char *name, GError **error)
{
  g_autofree char *temporary = make_temporary_name (name);

  /* The old file is kept as the temporary one of the next save: making and deleting an inode for
   * every save is what a busy store would spend its time on. */
  if (renameat2 (folder, temporary, folder, name, RENAME_EXCHANGE) == 0)
    return TRUE;

  /* The first save, or a file system that cannot exchange. */
  return renameat (folder, temporary, folder, name) == 0 ||
         fail (error, errno, "renaming", temporary);
}

void
bts_atomic_file_discard (int folder, const char *name)
{
  g_autofree char *temporary = make_temporary_name (name);

  /* What cannot be removed now is removed when the service starts again. */
  unlinkat (folder, temporary, 0);
}

gboolean
bts_atomic_file_remove (int folder, const char *name, GError **error)
{
  if (unlinkat (folder, name, 0) < 0 && errno != ENOENT)
    return fail (error, errno, "removing", name);

  bts_atomic_file_discard (folder, name);
  return TRUE;
}

void
bts_atomic_file_set_aside (int folder, const char *path, const char *name, const GError *error)
{
  g_autofree char *new_name = g_strconcat (name, BTS_ATOMIC_FILE_UNREADABLE, NULL);

  if (renameat (folder, name, folder, new_name) == 0)
    g_message ("%s/%s is set aside as %s: %s", path, name, new_name, error->message);
  else
    g_message ("%s/%s is left out: %s", path, name, error->message);
}

gboolean
bts_atomic_file_sync_folder (int folder, GError **error)
{
  int result;

  do
    result = fsync (folder);
  while (result < 0 && errno == EINTR);

  return result == 0 || fail (error, errno, "syncing", "the folder");
}
