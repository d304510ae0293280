/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/network-gio.h"

#include <gio/gio.h>

struct _BtsNetworkGio
{
  GObject parent;

  GNetworkMonitor *monitor; /* (owned) */
};

static void bts_network_gio_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsNetworkGio,
                               bts_network_gio,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR,
                                                      bts_network_gio_monitor_init))

/* Whether what the monitor says comes from NetworkManager and not from the routing table. */
static gboolean
sees_network_manager (BtsNetworkGio *self)
{
  return g_str_equal (G_OBJECT_TYPE_NAME (self->monitor), "GNetworkMonitorNM");
}

static BgtConnectivity
get_connectivity (BtsNetworkGio *self)
{
  if (!g_network_monitor_get_network_available (self->monitor))
    return sees_network_manager (self) ? BGT_CONNECTIVITY_NONE : BGT_CONNECTIVITY_UNKNOWN;

  switch (g_network_monitor_get_connectivity (self->monitor))
    {
    case G_NETWORK_CONNECTIVITY_LOCAL:
      return BGT_CONNECTIVITY_UNKNOWN;
    case G_NETWORK_CONNECTIVITY_LIMITED:
      return BGT_CONNECTIVITY_LIMITED;
    case G_NETWORK_CONNECTIVITY_PORTAL:
      return BGT_CONNECTIVITY_PORTAL;
    case G_NETWORK_CONNECTIVITY_FULL:
      return BGT_CONNECTIVITY_FULL;
    default:
      return BGT_CONNECTIVITY_UNKNOWN;
    }
}

static BgtCostType
get_cost_type (BtsNetworkGio *self)
{
  if (g_network_monitor_get_network_metered (self->monitor))
    return BGT_COST_TYPE_VARIABLE;
  return sees_network_manager (self) ? BGT_COST_TYPE_UNRESTRICTED : BGT_COST_TYPE_UNKNOWN;
}

static void
bts_network_gio_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  BtsNetworkGio *self = BTS_NETWORK_GIO (monitor);

  conditions->connectivity = get_connectivity (self);
  conditions->cost_type = get_cost_type (self);
}

static void
bts_network_gio_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_network_gio_fill;
}

static void
bts_network_gio_dispose (GObject *object)
{
  BtsNetworkGio *self = BTS_NETWORK_GIO (object);

  g_clear_object (&self->monitor);
  G_OBJECT_CLASS (bts_network_gio_parent_class)->dispose (object);
}

static void
bts_network_gio_class_init (BtsNetworkGioClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_network_gio_dispose;
}

static void
bts_network_gio_init (BtsNetworkGio *self)
{
  static const char *const signals[] = {
    "network-changed",
    "notify::connectivity",
    "notify::network-metered",
  };

  self->monitor = g_object_ref (g_network_monitor_get_default ());
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (self->monitor, signals[i], G_CALLBACK (bts_monitor_emit_changed), self,
                             G_CONNECT_SWAPPED);
}

BtsMonitor *
bts_network_gio_new (void)
{
  return g_object_new (BTS_TYPE_NETWORK_GIO, NULL);
}
