/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Two D-Bus connections to each other, without a bus; both are (transfer full). */
void connection_pair_new (GDBusConnection **server, GDBusConnection **client);
