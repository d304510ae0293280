/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* Between a worker's socket and GDBus, in two threads. A worker is the user's process and may send
 * anything, and GDBus, whose one thread serves everybody, takes it all: messages of 128 MiB, which
 * become gigabytes of values, and any number of descriptors with a message that never ends. So what
 * a worker sends is looked at before: a message that is too long, or comes with more than one
 * descriptor, or that GDBus could not read, where that would cost it much, closes the connection;
 * one who sends much is read more slowly, and one who does not read what it is sent not at all. */

/* The end of a new pair of sockets that GDBus is to have instead of @worker, of which a copy is
 * kept. When one of both is closed, so is the other. @worker has to be connected by a process of
 * @uid, or made as a pair by this one. */
GSocketConnection *bts_worker_gate_new (GSocketConnection *worker, uid_t uid, GError **error);
