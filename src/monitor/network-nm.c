/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/network-nm.h"

#include <NetworkManager.h>

struct _BtsNetworkNm
{
  GObject parent;

  BtsMonitor *fallback;      /* (owned) */
  GCancellable *cancellable; /* (owned) */
  NMClient *client;          /* (owned) (nullable): until it is there */
  gboolean is_ready;

  NMActiveConnection *connection; /* (owned) (nullable): the primary one */
  NMDevice *device;               /* (owned) (nullable): that it uses */
  guint64 serial;                 /* counts primary connections */
};

static void bts_network_nm_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsNetworkNm,
                               bts_network_nm,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR,
                                                      bts_network_nm_monitor_init))

/* A client shows the last state of a NetworkManager that has gone. */
static gboolean
has_network_manager (BtsNetworkNm *self)
{
  return self->client != NULL && nm_client_get_nm_running (self->client);
}

static BgtConnectivity
translate_connectivity (NMConnectivityState connectivity)
{
  switch (connectivity)
    {
    case NM_CONNECTIVITY_NONE:
      return BGT_CONNECTIVITY_NONE;
    case NM_CONNECTIVITY_PORTAL:
      return BGT_CONNECTIVITY_PORTAL;
    case NM_CONNECTIVITY_LIMITED:
      return BGT_CONNECTIVITY_LIMITED;
    case NM_CONNECTIVITY_FULL:
      return BGT_CONNECTIVITY_FULL;
    case NM_CONNECTIVITY_UNKNOWN:
    default:
      return BGT_CONNECTIVITY_UNKNOWN;
    }
}

static BgtConnectivity
get_connectivity (BtsNetworkNm *self)
{
  switch (nm_client_get_state (self->client))
    {
    case NM_STATE_ASLEEP:
    case NM_STATE_DISCONNECTED:
    case NM_STATE_DISCONNECTING:
    case NM_STATE_CONNECTING:
      return BGT_CONNECTIVITY_NONE;
    case NM_STATE_UNKNOWN:
    case NM_STATE_CONNECTED_LOCAL:
    case NM_STATE_CONNECTED_SITE:
    case NM_STATE_CONNECTED_GLOBAL:
    default:
      return translate_connectivity (nm_client_get_connectivity (self->client));
    }
}

static void
fill_cost (BtsNetworkNm *self, BtsConditions *conditions)
{
  NMMetered metered = self->device != NULL ? nm_device_get_metered (self->device)
                                           : nm_client_get_metered (self->client);

  conditions->is_cost_guessed = metered != NM_METERED_YES && metered != NM_METERED_NO;
  switch (metered)
    {
    case NM_METERED_YES:
    case NM_METERED_GUESS_YES:
      conditions->cost_type = BGT_COST_TYPE_VARIABLE;
      break;
    case NM_METERED_NO:
    case NM_METERED_GUESS_NO:
      conditions->cost_type = BGT_COST_TYPE_UNRESTRICTED;
      break;
    case NM_METERED_UNKNOWN:
    default:
      conditions->cost_type = BGT_COST_TYPE_UNKNOWN;
      break;
    }
}

static void
fill_connection (BtsNetworkNm *self, BtsConditions *conditions)
{
  const char *uuid, *interface_name, *path, *modem_path;

  conditions->connection_serial = self->serial;
  if (self->connection == NULL)
    return;
  uuid = nm_active_connection_get_uuid (self->connection);
  g_strlcpy (conditions->connection_uuid, uuid != NULL ? uuid : "", BTS_CONDITIONS_UUID_SIZE);
  if (self->device == NULL)
    return;
  interface_name = nm_device_get_ip_iface (self->device);
  if (interface_name == NULL)
    interface_name = nm_device_get_iface (self->device);
  path = nm_object_get_path (NM_OBJECT (self->device));
  /* A modem's device is known by the modem's own object. */
  modem_path = NM_IS_DEVICE_MODEM (self->device) ? nm_device_get_udi (self->device) : NULL;
  g_strlcpy (conditions->interface_name, interface_name != NULL ? interface_name : "",
             BTS_CONDITIONS_UUID_SIZE);
  g_strlcpy (conditions->device_path, path != NULL ? path : "", BTS_CONDITIONS_PATH_SIZE);
  g_strlcpy (conditions->modem_path, modem_path != NULL ? modem_path : "",
             BTS_CONDITIONS_PATH_SIZE);
}

static void
bts_network_nm_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  BtsNetworkNm *self = BTS_NETWORK_NM (monitor);

  if (!has_network_manager (self))
    {
      bts_monitor_fill (self->fallback, conditions);
      conditions->connection_serial = self->serial;
      return;
    }
  conditions->connectivity = get_connectivity (self);
  fill_cost (self, conditions);
  fill_connection (self, conditions);
}

static gboolean
bts_network_nm_is_ready (BtsMonitor *monitor)
{
  BtsNetworkNm *self = BTS_NETWORK_NM (monitor);

  return self->is_ready;
}

static void
bts_network_nm_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_network_nm_fill;
  iface->is_ready = bts_network_nm_is_ready;
}

/* Follows @object, or what took its place; TRUE where it is another one. */
static gboolean
follow (BtsNetworkNm *self, GObject **followed, GObject *object)
{
  if (*followed == object)
    return FALSE;
  if (*followed != NULL)
    g_signal_handlers_disconnect_by_data (*followed, self);
  g_set_object (followed, object);
  return TRUE;
}

static void
update (BtsNetworkNm *self)
{
  NMActiveConnection *connection = NULL;
  const GPtrArray *devices = NULL;
  NMDevice *device;

  if (has_network_manager (self))
    connection = nm_client_get_primary_connection (self->client);
  if (follow (self, (GObject **) (gpointer) &self->connection, (GObject *) connection) &&
      connection != NULL)
    {
      self->serial++;
      g_signal_connect_object (connection, "notify::devices", G_CALLBACK (update), self,
                               G_CONNECT_SWAPPED);
    }
  if (connection != NULL)
    devices = nm_active_connection_get_devices (connection);
  device = devices != NULL && devices->len > 0 ? devices->pdata[0] : NULL;
  if (follow (self, (GObject **) (gpointer) &self->device, (GObject *) device) && device != NULL)
    {
      g_signal_connect_object (device, "notify::metered", G_CALLBACK (bts_monitor_emit_changed),
                               self, G_CONNECT_SWAPPED);
      g_signal_connect_object (device, "notify::ip-interface",
                               G_CALLBACK (bts_monitor_emit_changed), self, G_CONNECT_SWAPPED);
    }
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

static void
on_client (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const notifications[] = {
    "notify::nm-running",         "notify::state",   "notify::connectivity",
    "notify::primary-connection", "notify::metered",
  };
  g_autoptr (GError) error = NULL;
  NMClient *client = nm_client_new_finish (result, &error);
  BtsNetworkNm *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = BTS_NETWORK_NM (user_data);
  self->is_ready = TRUE;
  self->client = client;
  if (client == NULL)
    g_message ("NetworkManager cannot be asked: %s", error->message);
  for (gsize i = 0; client != NULL && i < G_N_ELEMENTS (notifications); i++)
    g_signal_connect_object (client, notifications[i], G_CALLBACK (update), self,
                             G_CONNECT_SWAPPED);
  update (self);
}

static void
bts_network_nm_dispose (GObject *object)
{
  BtsNetworkNm *self = BTS_NETWORK_NM (object);

  g_cancellable_cancel (self->cancellable);
  follow (self, (GObject **) (gpointer) &self->device, NULL);
  follow (self, (GObject **) (gpointer) &self->connection, NULL);
  if (self->client != NULL)
    g_signal_handlers_disconnect_by_data (self->client, self);
  g_clear_object (&self->client);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->fallback);
  G_OBJECT_CLASS (bts_network_nm_parent_class)->dispose (object);
}

static void
bts_network_nm_class_init (BtsNetworkNmClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_network_nm_dispose;
}

static void
bts_network_nm_init (BtsNetworkNm *self)
{
  self->cancellable = g_cancellable_new ();
}

BtsMonitor *
bts_network_nm_new (BtsMonitor *fallback)
{
  BtsNetworkNm *self = g_object_new (BTS_TYPE_NETWORK_NM, NULL);

  self->fallback = g_object_ref (fallback);
  g_signal_connect_object (fallback, "changed", G_CALLBACK (bts_monitor_emit_changed), self,
                           G_CONNECT_SWAPPED);
  nm_client_new_async (self->cancellable, on_client, self);
  return BTS_MONITOR (self);
}
