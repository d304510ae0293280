/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/clock.h"

/* A clock that stands still until it is told to go on. Where it begins, both of its times are
 * positive and differ. */

#define BTS_TYPE_CLOCK_FAKE (bts_clock_fake_get_type ())
G_DECLARE_FINAL_TYPE (BtsClockFake, bts_clock_fake, BTS, CLOCK_FAKE, GObject)

BtsClockFake *bts_clock_fake_new (void);

/* Goes on by @duration_us and calls what becomes due on the way, the earliest first, each at its
 * own time; also what an alarm adds. 0 calls what is due already. */
void bts_clock_fake_advance (BtsClockFake *self, gint64 duration_us);

/* The user sets the clock: boot time and alarms stay as they are. */
void bts_clock_fake_set_wall_time (BtsClockFake *self, gint64 wall_time);

guint bts_clock_fake_get_n_alarms (BtsClockFake *self);
