/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* The network as NetworkManager sees it, while it runs: its word counts for every host. While it
 * does not, and where there is no system bus, another monitor is asked. */

#define BTS_TYPE_NETWORK_NM (bts_network_nm_get_type ())
G_DECLARE_FINAL_TYPE (BtsNetworkNm, bts_network_nm, BTS, NETWORK_NM, GObject)

BtsMonitor *bts_network_nm_new (BtsMonitor *fallback);
