/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* The battery as UPower sees it; while it does not run, the machine counts as one on mains. */

#define BTS_TYPE_POWER_UPOWER (bts_power_upower_get_type ())
G_DECLARE_FINAL_TYPE (BtsPowerUpower, bts_power_upower, BTS, POWER_UPOWER, GObject)

BtsMonitor *bts_power_upower_new (void);
