/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Asks the bus how many bytes it keeps for the connection @name, sent before this by anybody. */
void bts_unread_query_async (GDBusConnection *connection,
                             const char *name,
                             GAsyncReadyCallback callback,
                             gpointer user_data);

/* FALSE where the bus does not say: not every bus can, and dbus-broker, which keeps its users apart
 * by itself, need not. @name is the one that was asked about. */
gboolean
bts_unread_query_finish (GAsyncResult *result, char **name, gsize *n_bytes, GError **error);
