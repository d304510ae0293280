/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "common/byte-ranges.h"
#include "worker/files/checksum.h"
#include "worker/files/writer.h"

/* Where a download goes: a hidden partial file beside the destination, given its name only when
 * whole; or the application's own descriptor, written in place. Opened as the user, so that the
 * kernel decides. Errors are BGT_WEB_ERROR_FILE_*, BGT_WEB_ERROR_NO_SPACE; those of _check,
 * _discard and _open_result are BGT_ERROR. Blocking: only for the transfer's own thread. Not
 * thread-safe but for what says so. */

#define BTS_TYPE_DESTINATION (bts_destination_get_type ())
G_DECLARE_FINAL_TYPE (BtsDestination, bts_destination, BTS, DESTINATION, GObject)

/* Whether @request's destination could be made now. For a descriptor (@fd not -1) the result has
 * `destination-file`: path ay, device t, inode t, birth-time x, readable b. Errors are BGT_ERROR:
 * ACCESS_DENIED, NOT_FOUND (no such folder), ALREADY_EXISTS, INVALID_ARGUMENT. Returns a{sv}, not
 * floating. */
GVariant *bts_destination_check (GVariant *request, int fd, GError **error);

/* Opens what @checkpoint (nullable) describes, if it is still there and still the same file, or
 * makes a new partial file. @fd (-1: none) is duplicated. Fails at once where the destination
 * exists and may not be replaced. */
BtsDestination *bts_destination_open (
    GVariant *request, const char *guid, GVariant *checkpoint, int fd, GError **error);

/* The process died between publishing and saying so: nothing is left to do but to report it.
 * _publish then returns the path again, and nothing may be written. */
gboolean bts_destination_is_published (BtsDestination *self);

/* What is held and durable. Thread-safe: a copy. */
BtsByteRanges *bts_destination_dup_held (BtsDestination *self);

/* The size is known now: checks the free space, preallocates. */
gboolean bts_destination_expect (BtsDestination *self, guint64 total, GError **error);

/* Forgets all that is held: the file on the server is another one. The partial file is a new one
 * from here on, so an old checkpoint claims nothing of it; a descriptor's file is the same, so
 * there a checkpoint must be saved before the next commit. */
gboolean bts_destination_restart (BtsDestination *self, GError **error);

/* Where the next bytes go. What is buffered for another place is written first. */
gboolean bts_destination_seek (BtsDestination *self, guint64 offset, GError **error);

/* An aligned buffer's free part, at most 1 MiB, at least 1 byte. */
gpointer bts_destination_get_buffer (BtsDestination *self, gsize *size);
gboolean bts_destination_commit (BtsDestination *self, gsize size, GError **error);

/* Another stream into the file, for one other thread; dropped before _restart, _publish and the end
 * of @self. What it has taken is made durable by _sync. */
BtsWriter *bts_destination_add_writer (BtsDestination *self);
void bts_destination_drop_writer (BtsDestination *self, BtsWriter *writer);

/* Makes all that has been committed durable; only then is it held. After an error of _commit it
 * still keeps what was written before. FILE_NOT_FOUND where the partial file was removed. */
gboolean bts_destination_sync (BtsDestination *self, GError **error);

/* Reads [what @checksum has seen, @end) back from the file, as far as it has been committed. */
gboolean bts_destination_update_checksum (BtsDestination *self,
                                          BtsChecksum *checksum,
                                          guint64 end,
                                          GCancellable *cancellable,
                                          GError **error);

/* Describes the partial file for a later _open; a{sv}, not floating. Says only what is durable. */
GVariant *bts_destination_to_checkpoint (BtsDestination *self);

/* The file is whole: cut to @total, synced, origin attribute set, given its name, folder synced.
 * Returns the path it has now (`name (1).ext` with overwrite=unique); a file URI where it is not
 * UTF-8. @cancellable (nullable) counts until it is to get its name. */
char *bts_destination_publish (BtsDestination *self,
                               guint64 total,
                               const char *origin_uri,
                               GCancellable *cancellable,
                               GError **error);

/* Removes the partial file of an operation that is not running; missing is fine. */
gboolean
bts_destination_discard (GVariant *request, const char *guid, GVariant *checkpoint, GError **error);

/* For any thread: a read-only descriptor at @position on what has arrived until now, on disk or
 * not; -1 where that byte has not. */
int bts_destination_open_now (BtsDestination *self, guint64 position);

/* A read-only descriptor on what has arrived, or on the published file; -1 on error:
 * NOT_YET_AVAILABLE where @position is not held, NOT_FOUND where the file is gone. */
int bts_destination_open_result (
    GVariant *request, const char *guid, GVariant *checkpoint, guint64 position, GError **error);
