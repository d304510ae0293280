/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* Whether the power-saver profile is on, as GPowerProfileMonitor sees it. */

#define BTS_TYPE_POWER_SAVER (bts_power_saver_get_type ())
G_DECLARE_FINAL_TYPE (BtsPowerSaver, bts_power_saver, BTS, POWER_SAVER, GObject)

BtsMonitor *bts_power_saver_new (void);
