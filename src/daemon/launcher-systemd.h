/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/worker-launcher.h"

/* Workers as units background-transfer-worker@UID.service, started by systemd: neither the daemon
 * nor the worker ever has a privilege. The worker connects to a socket in the daemon's runtime
 * folder, which is there only while somebody is awaited, and is taken for the worker only if it is
 * the main process of that unit. There is no worker of root. */

#define BTS_TYPE_LAUNCHER_SYSTEMD (bts_launcher_systemd_get_type ())
G_DECLARE_FINAL_TYPE (BtsLauncherSystemd, bts_launcher_systemd, BTS, LAUNCHER_SYSTEMD, GObject)

/* @bus is where systemd is; @folder, the runtime folder, can be written by this process only, and
 * entered by everyone. */
BtsWorkerLauncher *bts_launcher_systemd_new (GDBusConnection *bus, const char *folder);
