/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The few small files beside the operations' records: groups, settings. Each is a name and a text,
 * written atomically and durably by a thread of its own; of several texts for one name the newest
 * wins. */

#define BTS_TYPE_STATE_FILES (bts_state_files_get_type ())
G_DECLARE_FINAL_TYPE (BtsStateFiles, bts_state_files, BTS, STATE_FILES, GObject)

/* @folder is there and is this service's alone. */
BtsStateFiles *bts_state_files_open (const char *folder, GError **error);

/* Whether @text is fine; FALSE sets the file aside as NAME.unreadable, with @error in the log. */
typedef gboolean (*BtsStateFileLoad) (
    const char *name, const char *text, gsize length, gpointer user_data, GError **error);

/* Calls @load for every file whose name begins with @prefix; blocks. */
void bts_state_files_load (BtsStateFiles *self,
                           const char *prefix,
                           BtsStateFileLoad load,
                           gpointer user_data);

/* Done once @text (taken), or a newer one, is durable; NULL removes the file. */
void bts_state_files_save_async (BtsStateFiles *self,
                                 const char *name,
                                 char *text,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean bts_state_files_save_finish (BtsStateFiles *self, GAsyncResult *result, GError **error);

/* Whether something of that name is on its way to the disk. */
gboolean bts_state_files_is_saving (BtsStateFiles *self, const char *name);

/* Waits, at most @timeout_ms, for everything that is under way; for a clean exit. */
void bts_state_files_flush (BtsStateFiles *self, guint timeout_ms);
