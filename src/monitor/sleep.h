/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* Whether the machine is about to sleep, as logind says, which waits a few seconds for us while
 * we hold its delay inhibitor. */

#define BTS_TYPE_SLEEP (bts_sleep_get_type ())
G_DECLARE_FINAL_TYPE (BtsSleep, bts_sleep, BTS, SLEEP, GObject)

BtsMonitor *bts_sleep_new (void);

/* Everything is at rest and on disk: as far as we are concerned the machine may sleep now. Nothing
 * happens where it is not about to. */
void bts_sleep_let (BtsSleep *self);
