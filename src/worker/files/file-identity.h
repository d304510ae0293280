/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Which file it is, whatever its name: so that only what was ours is taken up again. */

typedef struct
{
  guint64 device;
  guint64 inode;   /* 0 where the file system makes up another one at each mount */
  gint64 birth_ns; /* 0 where the file system keeps no time of birth */
} BtsFileIdentity;

typedef struct
{
  BtsFileIdentity identity;
  gboolean is_regular;
  gboolean is_special; /* a device, pipe or socket */
  gboolean is_folder;
  guint64 size;
  guint64 allocated; /* bytes */
  gint64 changed_ns; /* last change of what is in it */
  guint n_links;
} BtsFileInfo;

/* @name in the folder @fd, not followed where it is a symlink; NULL: @fd itself. FALSE: errno. */
gboolean bts_file_info_read (int fd, const char *name, BtsFileInfo *info);

/* What @path leads to, symlinks followed. FALSE: errno. */
gboolean bts_file_info_read_path (const char *path, BtsFileInfo *info);

/* An unknown identity (all 0) is equal to nothing. */
gboolean bts_file_identity_equal (const BtsFileIdentity *a, const BtsFileIdentity *b);

/* Keys device t, inode t, birth-time x. What is missing stays 0. */
void bts_file_identity_add_to (const BtsFileIdentity *self, GVariantDict *dict);
void bts_file_identity_take_from (BtsFileIdentity *self, GVariant *dict);

/* Opens the very file of @fd (which may be O_PATH) anew; -1: errno. */
int bts_file_reopen (int fd, int flags);
