/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/clock.h"
#include "monitor/monitor.h"
#include "policy/limits.h"

/* What all monitors say, merged into one value, and steadied so that nothing flaps. Signals
 *   changed ()   at most once a loop turn, and only where the value is another
 *   ready ()     once: every monitor knows what it can know at first */

#define BTS_TYPE_CONDITIONS_SOURCE (bts_conditions_source_get_type ())
G_DECLARE_FINAL_TYPE (BtsConditionsSource, bts_conditions_source, BTS, CONDITIONS_SOURCE, GObject)

/* @limits stays valid; its values may change. */
BtsConditionsSource *bts_conditions_source_new (BtsClock *clock, const BtsLimits *limits);

/* Keeps a reference on @monitor. They are asked in the order in which they are added. */
void bts_conditions_source_add_monitor (BtsConditionsSource *self, BtsMonitor *monitor);

/* All monitors are there: asks them, now and whenever they say so. */
void bts_conditions_source_start (BtsConditionsSource *self);

/* Asks again: the limits are others now. */
void bts_conditions_source_queue (BtsConditionsSource *self);

/* Lent; stays where it is as long as @self lives, its content changes. */
const BtsConditions *bts_conditions_source_get (BtsConditionsSource *self);
