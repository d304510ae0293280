/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/monitor.h"

G_DEFINE_INTERFACE (BtsMonitor, bts_monitor, G_TYPE_OBJECT)

static guint changed_signal;

static void
bts_monitor_default_init (BtsMonitorInterface *iface)
{
  changed_signal = g_signal_new ("changed", BTS_TYPE_MONITOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
}

void
bts_monitor_fill (BtsMonitor *self, BtsConditions *conditions)
{
  BTS_MONITOR_GET_IFACE (self)->fill (self, conditions);
}

gboolean
bts_monitor_is_ready (BtsMonitor *self)
{
  BtsMonitorInterface *iface = BTS_MONITOR_GET_IFACE (self);

  return iface->is_ready == NULL || iface->is_ready (self);
}

void
bts_monitor_emit_changed (BtsMonitor *self)
{
  g_signal_emit (self, changed_signal, 0);
}
