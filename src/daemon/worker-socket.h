/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* The socket in the daemon's runtime folder to which the worker of one user connects. It is there
 * as long as it is not freed; only that user may connect to it, and the kernel says which process
 * does. */
typedef struct _BtsWorkerSocket BtsWorkerSocket;

/* Called for each connection; @socket is lent. */
typedef void (*BtsWorkerSocketConnected) (GSocket *socket, pid_t pid, gpointer user_data);

BtsWorkerSocket *bts_worker_socket_new (const char *folder,
                                        uid_t uid,
                                        BtsWorkerSocketConnected connected,
                                        gpointer user_data,
                                        GError **error);
void bts_worker_socket_free (BtsWorkerSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWorkerSocket, bts_worker_socket_free)
