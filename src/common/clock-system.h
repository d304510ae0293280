/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/clock.h"

/* The machine's own clock: CLOCK_REALTIME, CLOCK_BOOTTIME and a timerfd on it, so that alarms
 * are right after a suspend. */

#define BTS_TYPE_CLOCK_SYSTEM (bts_clock_system_get_type ())
G_DECLARE_FINAL_TYPE (BtsClockSystem, bts_clock_system, BTS, CLOCK_SYSTEM, GObject)

BtsClock *bts_clock_system_new (void);
