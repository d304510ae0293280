/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A file that is either the old one or the new one, whole, whatever happens: the steps one by
 * one, for whoever writes many at once. All names are in one folder; a file that is being written
 * is called BTS_ATOMIC_FILE_TEMPORARY and its name. Every failure is returned as
 * BGT_ERROR_FAILED. */

#define BTS_ATOMIC_FILE_TEMPORARY ".tmp-"
#define BTS_ATOMIC_FILE_UNREADABLE ".unreadable"

/* Writes the temporary file, mode 0600; its descriptor, or -1. */
int bts_atomic_file_write (
    int folder, const char *name, const char *text, gsize length, GError **error);

/* Adds to a file that is open; after a failure some of it may be there. */
gboolean
bts_atomic_file_append (int file, const char *name, const char *text, gsize length, GError **error);

gboolean bts_atomic_file_sync (int file, const char *name, GError **error);

/* Gives the temporary file its name; the file that had it may stay as the temporary one. */
gboolean bts_atomic_file_publish (int folder, const char *name, GError **error);

/* Removes the temporary file, after a failure. */
void bts_atomic_file_discard (int folder, const char *name);

/* Removes the file and its temporary one; that there is none is fine. */
gboolean bts_atomic_file_remove (int folder, const char *name, GError **error);

/* Adds BTS_ATOMIC_FILE_UNREADABLE to the name of a file that makes no sense, which @error says, so
 * that nothing overwrites it; the log tells of it. @path: of @folder */
void
bts_atomic_file_set_aside (int folder, const char *path, const char *name, const GError *error);

/* Makes all names durable. */
gboolean bts_atomic_file_sync_folder (int folder, GError **error);
