/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib-object.h>

#include "policy/conditions.h"

/* Something that watches a part of the machine: the network, the power supply. Signal: changed ().
 */

#define BTS_TYPE_MONITOR (bts_monitor_get_type ())
G_DECLARE_INTERFACE (BtsMonitor, bts_monitor, BTS, MONITOR, GObject)

struct _BtsMonitorInterface
{
  GTypeInterface parent;

  void (*fill) (BtsMonitor *self, BtsConditions *conditions);
  gboolean (*is_ready) (BtsMonitor *self); /* (nullable): always */
};

/* Writes what it knows into its own fields of @conditions and leaves the others alone. What
 * monitors before it have written may be read. */
void bts_monitor_fill (BtsMonitor *self, BtsConditions *conditions);

/* Whether it knows what it can know at first, or that there is nothing to be known; once TRUE it
 * stays so. It says `changed` when it becomes ready. */
gboolean bts_monitor_is_ready (BtsMonitor *self);

/* For implementations. */
void bts_monitor_emit_changed (BtsMonitor *self);
