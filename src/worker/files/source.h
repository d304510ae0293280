/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/files/file-identity.h"

/* A file that is sent, and whether it is still what it was: by size, time of change and inode.
 * Errors are BGT_WEB_ERROR, but for what only an application can do wrong: BGT_ERROR. */

typedef struct
{
  int fd;     /* (owned) */
  char *path; /* (owned) (nullable) (type filename): by which the file is meant */
  BtsFileInfo info;
} BtsSource;

/* What @text, a path or a file URI, names; never what a symlink leads to. */
BtsSource *bts_source_open (const char *text, GError **error);

/* The application's own descriptor, which stays as it is. */
BtsSource *bts_source_open_fd (int fd, GError **error);

/* The file that bts_source_describe_fd() described, without the descriptor. */
BtsSource *bts_source_open_found (GVariant *found, GError **error);

void bts_source_free (BtsSource *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsSource, bts_source_free)

/* Whether the application may have its descriptor sent. BGT_ERROR. */
gboolean bts_source_check_fd (int fd, GError **error);

/* Whether @fd is to be read once, to its end: a pipe, a socket of a connection, or a regular file
 * without a name, such as a memfd, which nobody could open again. */
gboolean bts_source_is_stream (int fd);

/* What is needed to find the file of @fd again; a{sv}, not floating. */
GVariant *bts_source_describe_fd (int fd);

/* FILE_CHANGED where the file is no longer as it was when it was opened. */
gboolean bts_source_verify (BtsSource *self, GError **error);

/* As it is; a{sv}, not floating. _matches: FILE_CHANGED where @state says otherwise. */
GVariant *bts_source_to_state (BtsSource *self);
gboolean bts_source_matches (BtsSource *self, GVariant *state, GError **error);
