/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* Whether the modem that a monitor before this one has named (modem_path) roams, as ModemManager
 * says. */

#define BTS_TYPE_MODEM (bts_modem_get_type ())
G_DECLARE_FINAL_TYPE (BtsModem, bts_modem, BTS, MODEM, GObject)

BtsMonitor *bts_modem_new (void);
