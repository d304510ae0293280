/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gunixfdlist.h>

#include "transferctl/download-options.h"

/* The options of `transferctl upload`: those of a download that an upload has, and its own. */
typedef struct
{
  BtsDownloadOptions common;
  char **forms;
  gboolean allow_restart;
  char *resumable;
  char *offset;
  char *length;
  char *subtype;
  char *boundary;
} BtsUploadOptions;

void bts_upload_options_clear (BtsUploadOptions *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsUploadOptions, bts_upload_options_clear)

/* For GOption; the caller frees the array, not what it points to. */
GOptionEntry *bts_upload_options_make_entries (BtsUploadOptions *self);

/* a{sv}, floating. Asks for passwords. NULL with @error set: BGT_ERROR_INVALID_ARGUMENT names what
 * is wrong. */
GVariant *
bts_upload_options_make_variant (BtsUploadOptions *self, const char *name, GError **error);

/* @text, a file as typed, as the service wants it: an absolute path without symbolic links, or a
 * file URI; of a pipe, and of “-”, the handle of its descriptor in @files. Not floating. */
GVariant *bts_upload_options_make_source (const char *text, GUnixFDList *files, GError **error);

/* The parts that --form and @sources (element-type GVariant) make; aa{sv}, floating. */
GVariant *bts_upload_options_make_parts (BtsUploadOptions *self,
                                         GPtrArray *sources,
                                         GUnixFDList *files,
                                         GError **error);
