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
};

/* Writes what it knows into its own fields of @conditions and leaves the others alone. */
void bts_monitor_fill (BtsMonitor *self, BtsConditions *conditions);

/* For implementations. */
void bts_monitor_emit_changed (BtsMonitor *self);
