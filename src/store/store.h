/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "model/operation.h"

/* One key file an operation, in a folder of mode 0700, and a journal of what is newer than the
 * files (store/journal.h). All writing is done by one thread, for each user in turn. */

#define BTS_TYPE_STORE (bts_store_get_type ())
G_DECLARE_FINAL_TYPE (BtsStore, bts_store, BTS, STORE, GObject)

/* Makes the folder where it is missing. FAILED where it cannot be written. */
BtsStore *bts_store_open (const char *folder, GError **error);

/* Reads every operation; blocks, so it is called before the service is on the bus. A file that
 * cannot be read is renamed to NAME.unreadable and named in the log. */
GPtrArray *bts_store_load (BtsStore *self); /* (element-type BtsOperation) (transfer container) */

/* Done once the operation's present version, or a newer one, is durable. A failed save is tried
 * again by itself with growing delays, besides being reported here. */
void bts_store_save_async (BtsStore *self,
                           BtsOperation *operation,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data);

/* The same for all of @operations (element-type BtsOperation): where none of them has been saved
 * before, a crash leaves all or none. */
void bts_store_save_all_async (BtsStore *self,
                               GPtrArray *operations,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data);

/* Of both. */
gboolean bts_store_save_finish (BtsStore *self, GAsyncResult *result, GError **error);

/* Where the record cannot be deleted, the operation is saved as it is, again and again if need be.
 */
void bts_store_delete_async (BtsStore *self,
                             BtsOperation *operation,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
gboolean bts_store_delete_finish (BtsStore *self, GAsyncResult *result, GError **error);

/* Deletes what was never created, and tries that again by itself. */
void bts_store_drop (BtsStore *self, BtsOperation *operation);

/* Waits, at most @timeout_ms, for everything that is under way; for a clean exit. */
void bts_store_flush (BtsStore *self, guint timeout_ms);
