/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "monitor/monitor.h"

/* What all monitors say, merged into one value. Signal: changed (), at most once a loop turn and
 * only where the value is another. */

#define BTS_TYPE_CONDITIONS_SOURCE (bts_conditions_source_get_type ())
G_DECLARE_FINAL_TYPE (BtsConditionsSource, bts_conditions_source, BTS, CONDITIONS_SOURCE, GObject)

BtsConditionsSource *bts_conditions_source_new (void);

/* Keeps a reference on @monitor and asks it at once. */
void bts_conditions_source_add_monitor (BtsConditionsSource *self, BtsMonitor *monitor);

/* Lent; stays where it is as long as @self lives, its content changes. */
const BtsConditions *bts_conditions_source_get (BtsConditionsSource *self);
