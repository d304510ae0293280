/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* The socket in the daemon's runtime folder to which workers connect. It is there only while it is
 * open; everybody may connect to it, and the kernel says who does. */
typedef struct _BtsWorkerSocket BtsWorkerSocket;

/* Called for each connection; @socket is lent. */
typedef void (*BtsWorkerSocketConnected) (GSocket *socket,
                                          uid_t uid,
                                          pid_t pid,
                                          gpointer user_data);

BtsWorkerSocket *
bts_worker_socket_new (const char *folder, BtsWorkerSocketConnected connected, gpointer user_data);
void bts_worker_socket_free (BtsWorkerSocket *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWorkerSocket, bts_worker_socket_free)

/* Opening what is open, and closing what is closed, changes nothing. */
gboolean bts_worker_socket_open (BtsWorkerSocket *self, GError **error);
void bts_worker_socket_close (BtsWorkerSocket *self);
