/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/modem.h"

#include <gio/gio.h>

#define MODEM_MANAGER_NAME "org.freedesktop.ModemManager1"
#define MODEM_MANAGER_PATH "/org/freedesktop/ModemManager1"
#define MODEM_3GPP_INTERFACE MODEM_MANAGER_NAME ".Modem.Modem3gpp"

struct _BtsModem
{
  GObject parent;

  guint watch_id;
  GCancellable *cancellable;   /* (owned) (nullable): of the look at a ModemManager that is there */
  GDBusObjectManager *objects; /* (owned) (nullable): while it is there */
  gboolean is_ready;
};

static void bts_modem_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsModem,
                               bts_modem,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR, bts_modem_monitor_init))

/* MMModem3gppRegistrationState: at home are 1, 6 and 9 */
static gboolean
is_roaming_state (guint32 state)
{
  static const guint32 roaming[] = { 5, 7, 10 }; /* all; SMS only; without circuit switching */

  for (gsize i = 0; i < G_N_ELEMENTS (roaming); i++)
    {
      if (state == roaming[i])
        return TRUE;
    }

  return FALSE;
}

static void
bts_modem_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  BtsModem *self = BTS_MODEM (monitor);
  g_autoptr (GDBusInterface) modem = NULL;
  g_autoptr (GVariant) state = NULL;

  if (self->objects == NULL || !g_variant_is_object_path (conditions->modem_path))
    return;
  modem = g_dbus_object_manager_get_interface (self->objects, conditions->modem_path,
                                               MODEM_3GPP_INTERFACE);
  if (modem != NULL)
    state = g_dbus_proxy_get_cached_property (G_DBUS_PROXY (modem), "RegistrationState");
  if (state != NULL && g_variant_is_of_type (state, G_VARIANT_TYPE_UINT32))
    conditions->is_roaming = is_roaming_state (g_variant_get_uint32 (state));
}

static gboolean
bts_modem_is_ready (BtsMonitor *monitor)
{
  return BTS_MODEM (monitor)->is_ready;
}

static void
bts_modem_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_modem_fill;
  iface->is_ready = bts_modem_is_ready;
}

static void
on_objects (GObject *source, GAsyncResult *result, gpointer user_data)
{
  static const char *const signals[] = {
    "object-added",      "object-removed",     "interface-added",
    "interface-removed", "notify::name-owner", "interface-proxy-properties-changed",
  };
  g_autoptr (GError) error = NULL;
  GDBusObjectManager *objects = g_dbus_object_manager_client_new_finish (result, &error);
  BtsModem *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = BTS_MODEM (user_data);
  g_clear_object (&self->objects);
  self->objects = objects;
  self->is_ready = TRUE;
  if (objects == NULL)
    g_debug ("ModemManager cannot be asked: %s", error->message);
  for (gsize i = 0; objects != NULL && i < G_N_ELEMENTS (signals); i++)
    g_signal_connect_object (objects, signals[i], G_CALLBACK (bts_monitor_emit_changed), self,
                             G_CONNECT_SWAPPED);
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

static void
forget (BtsModem *self)
{
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->objects);
}

static void
on_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  BtsModem *self = BTS_MODEM (user_data);

  forget (self);
  self->cancellable = g_cancellable_new ();
  g_dbus_object_manager_client_new (
      connection, G_DBUS_OBJECT_MANAGER_CLIENT_FLAGS_DO_NOT_AUTO_START, MODEM_MANAGER_NAME,
      MODEM_MANAGER_PATH, NULL, NULL, NULL, self->cancellable, on_objects, self);
}

/* Also where there is no system bus. */
static void
on_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BtsModem *self = BTS_MODEM (user_data);

  forget (self);
  self->is_ready = TRUE;
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

static void
bts_modem_dispose (GObject *object)
{
  BtsModem *self = BTS_MODEM (object);

  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  forget (self);
  G_OBJECT_CLASS (bts_modem_parent_class)->dispose (object);
}

static void
bts_modem_class_init (BtsModemClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_modem_dispose;
}

static void
bts_modem_init (BtsModem *self)
{
  self->watch_id =
      g_bus_watch_name (G_BUS_TYPE_SYSTEM, MODEM_MANAGER_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                        on_appeared, on_vanished, self, NULL);
}

BtsMonitor *
bts_modem_new (void)
{
  return g_object_new (BTS_TYPE_MODEM, NULL);
}
