/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "common/byte-ranges.h"

/* One stream of bytes into a file, through one aligned buffer. Past the page cache where the file
 * is large and the file system lets it, else with write-back and dropping behind the stream, so
 * that the user's cache is left alone and a sync has little to do. Several writers may write to
 * one file, each in its own thread. */

#define BTS_WRITER_BUFFER_BYTES (1024 * 1024)
#define BTS_WRITER_LARGE_BYTES (4 * 1024 * 1024)

typedef struct _BtsWriter BtsWriter;

/* [offset, offset + length) has been given to the kernel, not more. */
typedef void (*BtsWriterFunc) (guint64 offset, guint64 length, gpointer user_data);

/* @fd and @user_data are lent for the writer's life. Begins at 0. */
BtsWriter *bts_writer_new (int fd, BtsWriterFunc on_written, gpointer user_data);

/* What is buffered is lost. */
void bts_writer_free (BtsWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWriter, bts_writer_free)

/* How large the file will be, 0 where that is not known. */
void bts_writer_expect (BtsWriter *self, guint64 total);

/* Errors are BGT_WEB_ERROR. After one the stream has a hole: commits fail until a seek. */
gboolean bts_writer_seek (BtsWriter *self, guint64 offset, GError **error);
gpointer bts_writer_get_buffer (BtsWriter *self, gsize *size);
gboolean bts_writer_commit (BtsWriter *self, gsize size, GError **error);
gboolean bts_writer_flush (BtsWriter *self, GError **error);

/* For any thread: puts a copy of what is buffered into the file, for those who read it; the stream
 * goes on as if nothing had happened. Returns what of it is in the file now. */
BtsByteRange bts_writer_show (BtsWriter *self);

/* Drops what is buffered and goes to @offset. */
void bts_writer_reset (BtsWriter *self, guint64 offset);
