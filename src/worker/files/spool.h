/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* What the service keeps itself for an upload, in a folder of the user: a stream, so that it can be
 * sent again, and the server's answer. Errors are BGT_WEB_ERROR, or G_IO_ERROR_CANCELLED. */

typedef enum
{
  BTS_SPOOL_STREAM,
  BTS_SPOOL_ANSWER,
} BtsSpoolKind;

/* A new and empty file, for reading and writing; -1 on error. */
int bts_spool_create (BtsSpoolKind kind, const char *guid, GError **error);

/* The file that is there, for reading and writing; -1 and FILE_NOT_FOUND. */
int bts_spool_open (BtsSpoolKind kind, const char *guid, GError **error);

/* Missing is fine. */
gboolean bts_spool_remove (BtsSpoolKind kind, const char *guid, GError **error);

/* Appends what comes out of @stream to @fd until its end, and makes it durable. Leaves the other
 * files of that file system room to live. */
gboolean bts_spool_fill (int fd, int stream, GCancellable *cancellable, GError **error);
