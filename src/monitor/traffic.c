/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/traffic.h"

#include <gio/gio.h>

#define NM_NAME "org.freedesktop.NetworkManager"
#define STATISTICS_INTERFACE NM_NAME ".Device.Statistics"
#define REFRESH_RATE_MS 1000

struct _BtsTraffic
{
  GObject parent;

  char *device_path;         /* (owned) */
  GCancellable *cancellable; /* (owned) (nullable): of what is under way for that device */
  GDBusProxy *proxy;         /* (owned) (nullable) */
};

G_DEFINE_FINAL_TYPE (BtsTraffic, bts_traffic, G_TYPE_OBJECT)

static guint counted_signal;

static gboolean
get_bytes (GDBusProxy *proxy, const char *name, guint64 *bytes)
{
  g_autoptr (GVariant) value = g_dbus_proxy_get_cached_property (proxy, name);

  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    return FALSE;
  *bytes = g_variant_get_uint64 (value);
  return TRUE;
}

static void
on_counted (BtsTraffic *self)
{
  guint64 received, sent;

  if (get_bytes (self->proxy, "RxBytes", &received) && get_bytes (self->proxy, "TxBytes", &sent))
    g_signal_emit (self, counted_signal, 0, received + sent);
}

static void
on_rate_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);

  if (reply == NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_warning ("NetworkManager does not count for us, so that data plans stand still: %s",
               error->message);
}

static void
set_rate (BtsTraffic *self)
{
  g_dbus_proxy_call (self->proxy, "org.freedesktop.DBus.Properties.Set",
                     g_variant_new ("(ssv)", STATISTICS_INTERFACE, "RefreshRateMs",
                                    g_variant_new_uint32 (REFRESH_RATE_MS)),
                     G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, self->cancellable, on_rate_set, NULL);
}

static void
on_proxy (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GDBusProxy *proxy = g_dbus_proxy_new_for_bus_finish (result, &error);
  BtsTraffic *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = BTS_TRAFFIC (user_data);
  if (proxy == NULL)
    {
      g_message ("NetworkManager cannot be asked what is used: %s", error->message);
      return;
    }
  self->proxy = proxy;
  g_signal_connect_object (proxy, "g-properties-changed", G_CALLBACK (on_counted), self,
                           G_CONNECT_SWAPPED);
  set_rate (self);
  on_counted (self);
}

static void
forget (BtsTraffic *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->proxy);
  g_clear_pointer (&self->device_path, g_free);
}

static void
bts_traffic_dispose (GObject *object)
{
  forget (BTS_TRAFFIC (object));
  G_OBJECT_CLASS (bts_traffic_parent_class)->dispose (object);
}

static void
bts_traffic_class_init (BtsTrafficClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_traffic_dispose;
  counted_signal = g_signal_new ("counted", BTS_TYPE_TRAFFIC, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 1, G_TYPE_UINT64);
}

static void
bts_traffic_init (BtsTraffic *self)
{
}

BtsTraffic *
bts_traffic_new (void)
{
  return g_object_new (BTS_TYPE_TRAFFIC, NULL);
}

void
bts_traffic_watch (BtsTraffic *self, const char *device_path)
{
  if (g_strcmp0 (self->device_path != NULL ? self->device_path : "", device_path) == 0)
    return;
  forget (self);
  if (!g_variant_is_object_path (device_path))
    return;
  self->device_path = g_strdup (device_path);
  self->cancellable = g_cancellable_new ();
  g_dbus_proxy_new_for_bus (G_BUS_TYPE_SYSTEM, G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START, NULL, NM_NAME,
                            device_path, STATISTICS_INTERFACE, self->cancellable, on_proxy, self);
}
