/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/worker-launcher.h"

/* Workers as child processes on a socket pair: for --session, and where there is no systemd. A
 * daemon that runs as root tells the worker which user to become; any other can only launch workers
 * of its own user. */

#define BTS_TYPE_LAUNCHER_CHILD (bts_launcher_child_get_type ())
G_DECLARE_FINAL_TYPE (BtsLauncherChild, bts_launcher_child, BTS, LAUNCHER_CHILD, GObject)

/* With @is_session the workers get the user's own settings (home, XDG folders, proxies) too.
 * @program is NULL for the worker that belongs to this daemon. */
BtsWorkerLauncher *bts_launcher_child_new (const char *program, gboolean is_session);
