/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"

#define BUFFER_BYTES (256 * 1024)

/* So much is left to others, and so often is looked. */
#define MIN_FREE_BYTES (16 * 1024 * 1024)
#define CHECK_INTERVAL_BYTES (8 * 1024 * 1024)

static const char *const suffixes[] = {
  [BTS_SPOOL_STREAM] = "stream",
  [BTS_SPOOL_ANSWER] = "answer",
};

static char *
get_folder (void)
{
  return g_build_filename (g_get_user_state_dir (), "background-transfer", "uploads", NULL);
}

static char *
get_path (BtsSpoolKind kind, const char *guid)
{
  g_autofree char *folder = get_folder ();

  return g_strdup_printf ("%s/%s.%s", folder, guid, suffixes[kind]);
}

int
bts_spool_create (BtsSpoolKind kind, const char *guid, GError **error)
{
  g_autofree char *folder = get_folder ();
  g_autofree char *path = get_path (kind, guid);
  int fd = -1;

  if (g_mkdir_with_parents (folder, 0700) == 0)
    fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot make “%s”", path);
  return fd;
}

int
bts_spool_open (BtsSpoolKind kind, const char *guid, GError **error)
{
  g_autofree char *path = get_path (kind, guid);
  int fd = open (path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0)
    bts_file_error_set (error, errno, "Cannot open “%s”", path);
  return fd;
}

gboolean
bts_spool_remove (BtsSpoolKind kind, const char *guid, GError **error)
{
  g_autofree char *path = get_path (kind, guid);

  if (unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  bts_file_error_set (error, errno, "Cannot remove “%s”", path);
  return FALSE;
}

static gboolean
check_space (int fd, GError **error)
{
  struct statvfs status;

  if (fstatvfs (fd, &status) != 0 || (guint64) status.f_bavail * status.f_frsize >= MIN_FREE_BYTES)
    return TRUE;
  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE,
               "The stream does not fit: less than %d MiB would be left where it is kept",
               MIN_FREE_BYTES / (1024 * 1024));
  return FALSE;
}

/* Waits for bytes without keeping a stop waiting. */
static gboolean
wait_for (int stream, GCancellable *cancellable, GError **error)
{
  struct pollfd fds[2] = {
    { .fd = stream, .events = POLLIN },
    { .fd = g_cancellable_get_fd (cancellable), .events = POLLIN },
  };

  /* Interrupted, the read that follows says so. */
  poll (fds, fds[1].fd >= 0 ? 2 : 1, -1);
  if (fds[1].fd >= 0)
    g_cancellable_release_fd (cancellable);
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static gboolean
write_all (int fd, const char *bytes, gsize size, GError **error)
{
  while (size > 0)
    {
      gssize n = write (fd, bytes, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          bts_file_error_set (error, errno, "Cannot keep the stream");
          return FALSE;
        }
      bytes += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static gboolean
finish (int fd, GError **error)
{
  if (fsync (fd) == 0)
    return TRUE;
  bts_file_error_set (error, errno, "Cannot keep the stream");
  return FALSE;
}

gboolean
bts_spool_fill (int fd, int stream, GCancellable *cancellable, GError **error)
{
  g_autofree char *buffer = g_malloc (BUFFER_BYTES);
  gsize unchecked = CHECK_INTERVAL_BYTES;

  if (lseek (fd, 0, SEEK_END) < 0)
    {
      bts_file_error_set (error, errno, "Cannot keep the stream");
      return FALSE;
    }
  for (;;)
    {
      gssize n;

      if (unchecked >= CHECK_INTERVAL_BYTES && !check_space (fd, error))
        return FALSE;
      unchecked = unchecked >= CHECK_INTERVAL_BYTES ? 0 : unchecked;
      if (!wait_for (stream, cancellable, error))
        return FALSE;
      n = read (stream, buffer, BUFFER_BYTES);
      if (n == 0)
        return finish (fd, error);
      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n < 0)
        {
          bts_file_error_set (error, errno, "Cannot read the stream");
          return FALSE;
        }
      if (!write_all (fd, buffer, (gsize) n, error))
        return FALSE;
      unchecked += (gsize) n;
    }
}
