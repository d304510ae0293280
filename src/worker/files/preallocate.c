/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/preallocate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"
#include "worker/files/file-identity.h"
#include "worker/files/writer.h"

static void
set_no_space (GError **error, guint64 needed, guint64 available)
{
  g_autofree char *needed_text = g_format_size (needed);
  g_autofree char *available_text = g_format_size (available);

  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE,
               "The file needs %s more on its disk, and %s are free", needed_text, available_text);
}

/* 0 and FALSE where the file system does not know. */
static gboolean
get_available (int fd, guint64 *available)
{
  struct statvfs status = { 0 };

  *available = 0;
  if (fstatvfs (fd, &status) != 0 || status.f_blocks == 0)
    return FALSE;

  *available = (guint64) status.f_bavail * status.f_frsize;
  return TRUE;
}

/* In memory nothing is gained: it costs as much as the writing itself, and takes the memory before
 * it is needed. */
static gboolean
is_worth_keeping (int fd, guint64 total)
{
  struct statfs status = { 0 };

  return total >= BTS_WRITER_LARGE_BYTES &&
         (fstatfs (fd, &status) != 0 || status.f_type != TMPFS_MAGIC);
}

/* KEEP_SIZE, so that the size of the file never says more than has been written. */
static int
allocate (int fd, guint64 total)
{
  while (fallocate (fd, FALLOC_FL_KEEP_SIZE, 0, (off_t) total) != 0)
    {
      if (errno != EINTR)
        return errno;
    }

  return 0;
}

gboolean
bts_preallocate (int fd, guint64 total, GError **error)
{
  BtsFileInfo info;
  guint64 available;
  guint64 needed;
  int error_number;

  if (total > G_MAXINT64 || !bts_file_info_read (fd, NULL, &info))
    {
      bts_file_error_set (error, total > G_MAXINT64 ? EFBIG : errno, "Cannot keep space");
      return FALSE;
    }

  /* Before fallocate, which would take all that is left before it fails. */
  needed = total > info.allocated ? total - info.allocated : 0;
  if (get_available (fd, &available) && available < needed)
    {
      set_no_space (error, needed, available);
      return FALSE;
    }
  if (needed == 0 || !is_worth_keeping (fd, total))
    return TRUE;

  error_number = allocate (fd, total);
  if (error_number == 0 || error_number == EOPNOTSUPP || error_number == ENOSYS ||
      error_number == EINVAL)
    return TRUE;

  /* Gives back what lies beyond the end; if that fails, it goes with the partial file. */
  if (ftruncate (fd, (off_t) info.size) != 0)
    g_debug ("Cannot give back the space of a file: %s", g_strerror (errno));
  if (error_number == ENOSPC || error_number == EDQUOT)
    set_no_space (error, needed, available);
  else
    bts_file_error_set (error, error_number, "Cannot keep space");

  return FALSE;
}
