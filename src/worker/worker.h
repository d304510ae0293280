/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Serves introspection/org.example.BackgroundTransfer.Worker.xml to the daemon. Its main loop
 * only talks: whatever may block is done in threads. */

#define BTS_TYPE_WORKER (bts_worker_get_type ())
G_DECLARE_FINAL_TYPE (BtsWorker, bts_worker, BTS, WORKER, GObject)

/* Registers itself on @connection, whose messages should not be processed before that. */
BtsWorker *bts_worker_new (GDBusConnection *connection, GError **error);
