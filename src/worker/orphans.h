/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Removes what is kept for operations that the daemon, at the other end of @connection, knows no
 * more: where one was forgotten while no worker could remove its files. In a thread of its own. */
void bts_orphans_remove (GDBusConnection *connection);
