/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/files/spool.h"

/* Files of the spool while they are written, within what a user and an application may have kept.
 * Errors are BGT_WEB_ERROR. */

/* The room that all of a worker's threads share; reference-counted. */
typedef struct _BtsSpoolRoom BtsSpoolRoom;

BtsSpoolRoom *bts_spool_room_new (void);
BtsSpoolRoom *bts_spool_room_ref (BtsSpoolRoom *self);
void bts_spool_room_unref (BtsSpoolRoom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsSpoolRoom, bts_spool_room_unref)

/* For what is written from now on; 0 before the first call. */
void
bts_spool_room_set_limits (BtsSpoolRoom *self, guint64 max_per_user, guint64 max_per_application);

/* One file; of one thread only. */
typedef struct _BtsSpoolFile BtsSpoolFile;

/* As bts_spool_create(). @application: the ID of whose it is. */
BtsSpoolFile *bts_spool_file_new (BtsSpoolRoom *room,
                                  BtsSpoolKind kind,
                                  const char *guid,
                                  guint number,
                                  const char *application,
                                  GError **error);

/* Closes it. */
void bts_spool_file_free (BtsSpoolFile *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsSpoolFile, bts_spool_file_free)

int bts_spool_file_get_fd (BtsSpoolFile *self);
guint64 bts_spool_file_get_size (BtsSpoolFile *self);

/* Appends. NO_SPACE where the user or the application would have more than they may, or where
 * little would be left to others on the file system; then nothing is written. */
gboolean bts_spool_file_write (BtsSpoolFile *self, const char *bytes, gsize size, GError **error);
