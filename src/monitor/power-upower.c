/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/power-upower.h"

#include <gio/gio.h>

#define UPOWER_NAME "org.freedesktop.UPower"
#define UPOWER_PATH "/org/freedesktop/UPower"
#define DISPLAY_DEVICE_PATH UPOWER_PATH "/devices/DisplayDevice"

/* Of UPower's warning levels the first that means a battery that is low. */
#define WARNING_LEVEL_LOW 3

struct _BtsPowerUpower
{
  GObject parent;

  GCancellable *cancellable; /* (owned) */
  GDBusProxy *upower;        /* (owned) (nullable): until it is there */
  GDBusProxy *display;       /* (owned) (nullable): all batteries as one */
  guint n_pending;
  gboolean has_failed[2]; /* once; by whether it is UPower's own object */
};

static void bts_power_upower_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsPowerUpower,
                               bts_power_upower,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR,
                                                      bts_power_upower_monitor_init))

/* The value of a property; NULL where the service is not there, or says something else. */
static GVariant *
get_property (GDBusProxy *proxy, const char *name, const char *type)
{
  g_autoptr (GVariant) value =
                 proxy != NULL ? g_dbus_proxy_get_cached_property (proxy, name) : NULL;

  if (value == NULL || !g_variant_is_of_type (value, G_VARIANT_TYPE (type)))
    return NULL;
  return g_steal_pointer (&value);
}

static gboolean
get_boolean (GDBusProxy *proxy, const char *name)
{
  g_autoptr (GVariant) value = get_property (proxy, name, "b");

  return value != NULL && g_variant_get_boolean (value);
}

static void
bts_power_upower_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  BtsPowerUpower *self = BTS_POWER_UPOWER (monitor);
  g_autoptr (GVariant) percentage = get_property (self->display, "Percentage", "d");
  g_autoptr (GVariant) level = get_property (self->display, "WarningLevel", "u");

  conditions->is_on_battery = get_boolean (self->upower, "OnBattery");
  if (percentage != NULL && get_boolean (self->display, "IsPresent"))
    {
      /* NaN, too, becomes a number. */
      double value = g_variant_get_double (percentage);

      conditions->battery_percentage = value >= 0 ? MIN (value, 100.0) : 0.0;
    }
  conditions->is_battery_warned =
      level != NULL && g_variant_get_uint32 (level) >= WARNING_LEVEL_LOW;
}

static gboolean
bts_power_upower_is_ready (BtsMonitor *monitor)
{
  return BTS_POWER_UPOWER (monitor)->n_pending == 0;
}

static void
bts_power_upower_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_power_upower_fill;
  iface->is_ready = bts_power_upower_is_ready;
}

static void on_upower_proxy (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_display_proxy (GObject *source, GAsyncResult *result, gpointer user_data);

static void
make_proxy (BtsPowerUpower *self, gboolean is_upower, gboolean may_start)
{
  GDBusProxyFlags flags = G_DBUS_PROXY_FLAGS_GET_INVALIDATED_PROPERTIES;

  if (!may_start)
    flags |= G_DBUS_PROXY_FLAGS_DO_NOT_AUTO_START;
  self->n_pending++;
  g_dbus_proxy_new_for_bus (G_BUS_TYPE_SYSTEM, flags, NULL, UPOWER_NAME,
                            is_upower ? UPOWER_PATH : DISPLAY_DEVICE_PATH,
                            is_upower ? UPOWER_NAME : UPOWER_NAME ".Device", self->cancellable,
                            is_upower ? on_upower_proxy : on_display_proxy, self);
}

static void
take_proxy (GAsyncResult *result, gboolean is_upower, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusProxy) proxy = g_dbus_proxy_new_for_bus_finish (result, &error);
  BtsPowerUpower *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = BTS_POWER_UPOWER (user_data);
  self->n_pending--;
  if (proxy != NULL)
    {
      /* A service that comes or goes changes all properties. */
      g_signal_connect_object (proxy, "g-properties-changed", G_CALLBACK (bts_monitor_emit_changed),
                               self, G_CONNECT_SWAPPED);
      g_set_object (is_upower ? &self->upower : &self->display, proxy);
    }
  else
    {
      g_debug ("UPower cannot be asked: %s", error->message);
      /* One that could not be started may yet come by itself. */
      if (!self->has_failed[is_upower] && error->domain == G_DBUS_ERROR)
        {
          self->has_failed[is_upower] = TRUE;
          make_proxy (self, is_upower, FALSE);
        }
    }
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

static void
on_upower_proxy (GObject *source, GAsyncResult *result, gpointer user_data)
{
  take_proxy (result, TRUE, user_data);
}

static void
on_display_proxy (GObject *source, GAsyncResult *result, gpointer user_data)
{
  take_proxy (result, FALSE, user_data);
}

static void
bts_power_upower_dispose (GObject *object)
{
  BtsPowerUpower *self = BTS_POWER_UPOWER (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->display);
  g_clear_object (&self->upower);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (bts_power_upower_parent_class)->dispose (object);
}

static void
bts_power_upower_class_init (BtsPowerUpowerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_power_upower_dispose;
}

static void
bts_power_upower_init (BtsPowerUpower *self)
{
  self->cancellable = g_cancellable_new ();
  make_proxy (self, TRUE, TRUE);
  make_proxy (self, FALSE, TRUE);
}

BtsMonitor *
bts_power_upower_new (void)
{
  return g_object_new (BTS_TYPE_POWER_UPOWER, NULL);
}
