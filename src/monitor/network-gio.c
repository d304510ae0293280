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

/* The one that reads the routing table, whatever else may be there: where this monitor is asked,
 * there is no NetworkManager, and GNetworkMonitor's own view of it would be an old one. */
static GNetworkMonitor *
new_network_monitor (void)
{
  GIOExtensionPoint *point;
  GIOExtension *extension;
  GObject *monitor = NULL;

  /* Makes GIO register its extensions. */
  g_vfs_get_default ();
  point = g_io_extension_point_lookup (G_NETWORK_MONITOR_EXTENSION_POINT_NAME);
  extension = point != NULL ? g_io_extension_point_get_extension_by_name (point, "netlink") : NULL;
  if (extension != NULL)
    monitor = g_initable_new (g_io_extension_get_type (extension), NULL, NULL, NULL);
  if (monitor != NULL)
    return G_NETWORK_MONITOR (monitor);
  return g_object_ref (g_network_monitor_get_default ());
}

static BgtConnectivity
get_connectivity (BtsNetworkGio *self)
{
  if (!g_network_monitor_get_network_available (self->monitor))
    return BGT_CONNECTIVITY_UNKNOWN;

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
  return BGT_COST_TYPE_UNKNOWN;
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

  self->monitor = new_network_monitor ();
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (self->monitor, signals[i], G_CALLBACK (bts_monitor_emit_changed), self,
                             G_CONNECT_SWAPPED);
}

BtsMonitor *
bts_network_gio_new (void)
{
  return g_object_new (BTS_TYPE_NETWORK_GIO, NULL);
}
