/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/power-saver.h"

#include <gio/gio.h>

struct _BtsPowerSaver
{
  GObject parent;

  GPowerProfileMonitor *monitor; /* (owned) */
};

static void bts_power_saver_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsPowerSaver,
                               bts_power_saver,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR,
                                                      bts_power_saver_monitor_init))

static void
bts_power_saver_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  BtsPowerSaver *self = BTS_POWER_SAVER (monitor);

  conditions->is_battery_saver = g_power_profile_monitor_get_power_saver_enabled (self->monitor);
}

static void
bts_power_saver_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_power_saver_fill;
}

static void
bts_power_saver_dispose (GObject *object)
{
  BtsPowerSaver *self = BTS_POWER_SAVER (object);

  g_clear_object (&self->monitor);
  G_OBJECT_CLASS (bts_power_saver_parent_class)->dispose (object);
}

static void
bts_power_saver_class_init (BtsPowerSaverClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_power_saver_dispose;
}

static void
bts_power_saver_init (BtsPowerSaver *self)
{
  self->monitor = g_power_profile_monitor_dup_default ();
  g_signal_connect_object (self->monitor, "notify::power-saver-enabled",
                           G_CALLBACK (bts_monitor_emit_changed), self, G_CONNECT_SWAPPED);
}

BtsMonitor *
bts_power_saver_new (void)
{
  return g_object_new (BTS_TYPE_POWER_SAVER, NULL);
}
