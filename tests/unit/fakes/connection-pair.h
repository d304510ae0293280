/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Two D-Bus connections to each other, without a bus; both are (transfer full). */
void connection_pair_new (GDBusConnection **server, GDBusConnection **client);

/* Calls of the one interface of @xml on @path of @connection are handed to @call, which takes
 * @invocation. */
void connection_pair_serve (GDBusConnection *connection,
                            const char *path,
                            const char *xml,
                            void (*call) (GDBusMethodInvocation *invocation, gpointer user_data),
                            gpointer user_data);

/* Takes both. */
void connection_pair_free (GDBusConnection *server, GDBusConnection *client);
