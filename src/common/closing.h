/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gunixfdlist.h>

G_BEGIN_DECLS

/* Closes @fd in another thread: the file system it is on may take as long as it likes for that
 * (FUSE, NFS), and no signal ends the waiting. What is on the same file system is closed in turn,
 * sockets are each on their own (SO_LINGER). */
void bts_close_elsewhere (int fd);

/* Lets whatever is in @fds when the last reference goes be closed so. */
void bts_fd_list_close_elsewhere (GUnixFDList *fds);

/* The same of all that comes by @connection, whoever lets go of it. */
void bts_connection_close_elsewhere (GDBusConnection *connection);

G_END_DECLS
