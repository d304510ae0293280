/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* The network as GNetworkMonitor sees it in the routing table, for a machine without
 * NetworkManager. One without a default route may well reach the server that is asked for, so the
 * connectivity is unknown then, never none. */

#define BTS_TYPE_NETWORK_GIO (bts_network_gio_get_type ())
G_DECLARE_FINAL_TYPE (BtsNetworkGio, bts_network_gio, BTS, NETWORK_GIO, GObject)

BtsMonitor *bts_network_gio_new (void);
