/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/file-identity.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

/* File systems whose inode numbers are made up: another after each mount, or sooner. */
static const guint64 unstable_file_systems[] = { MSDOS_SUPER_MAGIC, EXFAT_SUPER_MAGIC };

static gboolean
has_stable_inodes (int fd)
{
  struct statfs status = { 0 };

  if (fstatfs (fd, &status) != 0)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (unstable_file_systems); i++)
    {
      if ((guint64) status.f_type == unstable_file_systems[i])
        return FALSE;
    }

  return TRUE;
}

gboolean
bts_file_info_read (int fd, const char *name, BtsFileInfo *info)
{
  struct statx status = { 0 };
  int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;

  if (name == NULL)
    flags |= AT_EMPTY_PATH;
  if (statx (fd, name != NULL ? name : "", flags, STATX_BASIC_STATS | STATX_BTIME, &status) != 0)
    return FALSE;

  *info = (BtsFileInfo){
    .identity.device = makedev (status.stx_dev_major, status.stx_dev_minor),
    .identity.inode = status.stx_ino,
    .is_regular = S_ISREG (status.stx_mode),
    .is_folder = S_ISDIR (status.stx_mode),
    .is_special =
        !S_ISREG (status.stx_mode) && !S_ISDIR (status.stx_mode) && !S_ISLNK (status.stx_mode),
    .size = status.stx_size,
    .allocated = status.stx_blocks * 512,
    .changed_ns =
        status.stx_mtime.tv_sec * G_GINT64_CONSTANT (1000000000) + status.stx_mtime.tv_nsec,
    .n_links = status.stx_nlink,
  };
  if ((status.stx_mask & STATX_BTIME) != 0)
    info->identity.birth_ns =
        status.stx_btime.tv_sec * G_GINT64_CONSTANT (1000000000) + status.stx_btime.tv_nsec;
  if (info->identity.birth_ns != 0 && !has_stable_inodes (fd))
    info->identity.inode = 0;

  return TRUE;
}

gboolean
bts_file_info_read_path (const char *path, BtsFileInfo *info)
{
  int fd = open (path, O_PATH | O_CLOEXEC);
  gboolean is_read = fd >= 0 && bts_file_info_read (fd, NULL, info);
  int error_number = errno;

  if (fd >= 0)
    g_close (fd, NULL);
  errno = error_number;

  return is_read;
}

/* An inode number alone is soon used again for another file, hence the time of birth. Device
 * numbers change over reboots, so they count only where there is no time of birth. */
gboolean
bts_file_identity_equal (const BtsFileIdentity *a, const BtsFileIdentity *b)
{
  if (a->inode != b->inode || (a->inode == 0 && (a->birth_ns == 0 || b->birth_ns == 0)))
    return FALSE;
  if (a->birth_ns != 0 && b->birth_ns != 0)
    return a->birth_ns == b->birth_ns;

  return a->device == b->device;
}

void
bts_file_identity_add_to (const BtsFileIdentity *self, GVariantDict *dict)
{
  g_variant_dict_insert (dict, "device", "t", self->device);
  g_variant_dict_insert (dict, "inode", "t", self->inode);
  g_variant_dict_insert (dict, "birth-time", "x", self->birth_ns);
}

void
bts_file_identity_take_from (BtsFileIdentity *self, GVariant *dict)
{
  *self = (BtsFileIdentity){ 0 };
  g_variant_lookup (dict, "device", "t", &self->device);
  g_variant_lookup (dict, "inode", "t", &self->inode);
  g_variant_lookup (dict, "birth-time", "x", &self->birth_ns);
}

int
bts_file_reopen (int fd, int flags)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);

  return open (path, flags | O_CLOEXEC | O_NOCTTY);
}
