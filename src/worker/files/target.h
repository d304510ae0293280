/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "common/bgt-enums.h"
#include "worker/files/file-identity.h"

/* What a request says about where its file goes, taken apart. */

typedef struct
{
  char *folder; /* (owned) (nullable) path bytes; NULL for a descriptor whose path is not known */
  char *name;   /* (owned) (nullable) the last part of the path */
  gboolean is_moved; /* @folder is another one than the request says */
  BgtOverwrite overwrite;

  gboolean is_descriptor; /* written in place, and only the file below is meant */
  char *file_path;        /* (owned) (nullable) */
  BtsFileIdentity file;
  gboolean is_file_readable; /* the application could read it through its descriptor */
} BtsTarget;

/* @has_descriptor: the application's descriptor comes with the request. BGT_ERROR. */
BtsTarget *bts_target_new (GVariant *request, gboolean has_descriptor, GError **error);
void bts_target_free (BtsTarget *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsTarget, bts_target_free)

/* The path as it is shown in messages. */
char *bts_target_get_display_name (const BtsTarget *self);

/* O_PATH; -1 and a BGT_WEB_ERROR. */
int bts_target_open_folder (const BtsTarget *self, GError **error);

/* The path of the folder @folder_fd where that is not what the request says; else NULL, and for a
 * descriptor. */
char *bts_target_dup_moved_folder (const BtsTarget *self, int folder_fd);

/* The longest name in bytes that fits the folder's file system. */
gsize bts_target_get_max_name (int folder_fd);

/* Is @name free for the file, or may it be replaced? BGT_ERROR_ALREADY_EXISTS. */
gboolean bts_target_check_name (const BtsTarget *self, int folder_fd, GError **error);

/* Makes changes of names in the folder durable; @fd is a file in it. errno. */
gboolean bts_target_sync_folder (int folder_fd, int fd);

/* What must be true of a descriptor of the application. BGT_ERROR. */
gboolean bts_target_check_descriptor (int fd, GError **error);

/* Opens the descriptor's file again, if it is the same; -1 and a BGT_WEB_ERROR. */
int bts_target_reopen_file (const BtsTarget *self, int flags, GError **error);
