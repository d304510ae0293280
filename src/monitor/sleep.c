/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/sleep.h"

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#define LOGIND_NAME "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define LOGIND_INTERFACE LOGIND_NAME ".Manager"

struct _BtsSleep
{
  GObject parent;

  GCancellable *cancellable;   /* (owned) */
  GDBusConnection *connection; /* (owned) (nullable): until it is there */
  guint watch_id;
  guint signal_id;
  int inhibitor; /* (owned): a descriptor, -1 without */
  gboolean is_asking;
  gboolean is_suspending;
};

static void bts_sleep_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsSleep,
                               bts_sleep,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR, bts_sleep_monitor_init))

static void
bts_sleep_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  conditions->is_suspending = BTS_SLEEP (monitor)->is_suspending;
}

static void
bts_sleep_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_sleep_fill;
}

static void
drop_inhibitor (BtsSleep *self)
{
  if (self->inhibitor >= 0)
    close (self->inhibitor);
  self->inhibitor = -1;
}

static void
on_inhibited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  BtsSleep *self;
  gint32 handle;

  reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result,
                                                           &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = BTS_SLEEP (user_data);
  self->is_asking = FALSE;
  if (reply != NULL)
    {
      g_variant_get (reply, "(h)", &handle);
      drop_inhibitor (self);
      if (fds != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (fds))
        self->inhibitor = g_unix_fd_list_get (fds, handle, &error);
    }
  if (error != NULL)
    g_message ("The machine will not wait for us before it sleeps: %s", error->message);
}

static void
inhibit (BtsSleep *self)
{
  if (self->inhibitor >= 0 || self->is_asking)
    return;
  self->is_asking = TRUE;
  g_dbus_connection_call_with_unix_fd_list (
      self->connection, LOGIND_NAME, LOGIND_PATH, LOGIND_INTERFACE, "Inhibit",
      g_variant_new ("(ssss)", "sleep", "background-transfer",
                     "Transfers write down how far they are", "delay"),
      G_VARIANT_TYPE ("(h)"), G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, self->cancellable,
      on_inhibited, self);
}

static void
set_suspending (BtsSleep *self, gboolean is_suspending)
{
  if (self->is_suspending == is_suspending)
    return;
  self->is_suspending = is_suspending;
  g_message (is_suspending ? "The machine is about to sleep" : "The machine is awake");
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

static void
on_prepare_for_sleep (GDBusConnection *connection,
                      const char *sender,
                      const char *path,
                      const char *interface,
                      const char *name,
                      GVariant *parameters,
                      gpointer user_data)
{
  BtsSleep *self = BTS_SLEEP (user_data);
  gboolean is_suspending;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &is_suspending);
  set_suspending (self, is_suspending);
  if (!is_suspending)
    inhibit (self);
}

static void
on_logind_appeared (GDBusConnection *connection,
                    const char *name,
                    const char *owner,
                    gpointer user_data)
{
  inhibit (BTS_SLEEP (user_data));
}

/* Nobody would tell us of the awakening. */
static void
on_logind_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BtsSleep *self = BTS_SLEEP (user_data);

  drop_inhibitor (self);
  set_suspending (self, FALSE);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_bus_get_finish (result, &error);
  BtsSleep *self;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self = BTS_SLEEP (user_data);
  if (connection == NULL)
    {
      g_debug ("logind cannot be asked: %s", error->message);
      return;
    }
  self->connection = connection;
  self->signal_id = g_dbus_connection_signal_subscribe (
      connection, LOGIND_NAME, LOGIND_INTERFACE, "PrepareForSleep", LOGIND_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_prepare_for_sleep, self, NULL);
  self->watch_id =
      g_bus_watch_name_on_connection (connection, LOGIND_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                      on_logind_appeared, on_logind_vanished, self, NULL);
}

static void
bts_sleep_dispose (GObject *object)
{
  BtsSleep *self = BTS_SLEEP (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->watch_id, g_bus_unwatch_name);
  if (self->signal_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->signal_id);
  self->signal_id = 0;
  drop_inhibitor (self);
  g_clear_object (&self->connection);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (bts_sleep_parent_class)->dispose (object);
}

static void
bts_sleep_class_init (BtsSleepClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_sleep_dispose;
}

static void
bts_sleep_init (BtsSleep *self)
{
  self->inhibitor = -1;
  self->cancellable = g_cancellable_new ();
  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, on_bus, self);
}

BtsMonitor *
bts_sleep_new (void)
{
  return g_object_new (BTS_TYPE_SLEEP, NULL);
}

void
bts_sleep_let (BtsSleep *self)
{
  if (!self->is_suspending || self->inhibitor < 0)
    return;
  g_debug ("Everything is at rest: the machine may sleep");
  drop_inhibitor (self);
}
