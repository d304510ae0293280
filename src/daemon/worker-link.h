/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

#include "daemon/worker-checks.h"
#include "daemon/worker-report.h"

/* The private connection to one worker, and what it reports; its calls are in worker-call.h. What
 * the worker says is data from a stranger: types are checked here, meaning by whoever takes the
 * report.
 *
 * Signals
 *   report (BtsWorkerReport *report)   a checkpoint or an end, which has to be answered
 *   progress (const char *guid, guint64 bytes_received, guint64 total_to_receive,
 *             guint64 bytes_sent, guint64 total_to_send)
 *   server-known (const char *origin, const char *protocol)
 *   find-forgotten (const char *const *guids, GStrvBuilder *forgotten)   to be filled by whoever
 *             knows all operations
 *   closed ()                          once; the worker has gone, or talks nonsense */

#define BTS_TYPE_WORKER_LINK (bts_worker_link_get_type ())
G_DECLARE_FINAL_TYPE (BtsWorkerLink, bts_worker_link, BTS, WORKER_LINK, GObject)

/* Talks to whoever is at the other end of @socket, provided that it was connected by a process of
 * @uid, or made as a pair by this one. */
void bts_worker_link_new_async (GSocketConnection *socket,
                                uid_t uid,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
BtsWorkerLink *bts_worker_link_new_finish (GAsyncResult *result, GError **error);

uid_t bts_worker_link_get_uid (BtsWorkerLink *self);
gboolean bts_worker_link_is_closed (BtsWorkerLink *self);
GDBusConnection *bts_worker_link_get_connection (BtsWorkerLink *self); /* lends */
BtsWorkerChecks *bts_worker_link_get_checks (BtsWorkerLink *self);     /* lends */

/* Closes the socket, upon which the worker exits. */
void bts_worker_link_close (BtsWorkerLink *self);
