/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus-fixture.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/names.h"
#include "common/object-path.h"

static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *member,
           GVariant *parameters,
           gpointer user_data)
{
  BusFixture *self = user_data;
  g_autofree char *text = g_variant_print (parameters, FALSE);

  g_ptr_array_add (self->signals, g_strdup_printf ("%s %s", member, text));
}

GDBusConnection *
bus_fixture_connect (BusFixture *self)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection =
      g_dbus_connection_new_for_address_sync (self->address,
                                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                                  G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
                                              NULL, NULL, &error);

  g_assert_no_error (error);

  return connection;
}

/* Also where the test is aborted. In the child. */
static void
end_with_parent (gpointer user_data)
{
  prctl (PR_SET_PDEATHSIG, SIGKILL);
}

static gboolean
start_bus (BusFixture *self)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autoptr (GDataInputStream) output = NULL;
  g_autoptr (GError) error = NULL;

  g_subprocess_launcher_set_child_setup (launcher, end_with_parent, NULL, NULL);
  self->daemon = g_subprocess_launcher_spawn (launcher, &error, "dbus-daemon", "--session",
                                              "--nofork", "--nopidfile", "--print-address", NULL);
  if (self->daemon == NULL)
    return FALSE;
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->daemon));
  self->address = g_data_input_stream_read_line (output, NULL, NULL, NULL);

  return self->address != NULL;
}

static void
start_service (BusFixture *self, gboolean is_session)
{
  g_autofree char *state = test_folder_get_path (self->folder, "state");
  g_autoptr (GError) error = NULL;
  BtsServiceContext context;

  self->connection = bus_fixture_connect (self);
  self->registry = bts_registry_new ();
  self->store = bts_store_open (state, &error);
  g_assert_no_error (error);
  self->groups = bts_groups_new (self->registry);
  self->files = bts_state_files_open (state, &error);
  g_assert_no_error (error);
  self->plans = bts_data_plans_new ();
  self->clock = bts_clock_fake_new ();
  self->engine = bts_engine_fake_new (self->store, BTS_CLOCK (self->clock));
  self->limits.max_operations_per_application = 3;
  self->limits.max_operations_per_user = 100;
  self->limits.allow_plain_http = TRUE;
  self->conditions.connectivity = BGT_CONNECTIVITY_FULL;
  self->conditions.battery_percentage = 100;

  context = (BtsServiceContext){
    .connection = self->connection,
    .is_session = is_session,
    .registry = self->registry,
    .groups = self->groups,
    .store = self->store,
    .files = self->files,
    .plans = self->plans,
    .engine = BTS_ENGINE (self->engine),
    .clock = BTS_CLOCK (self->clock),
    .limits = &self->limits,
    .conditions = &self->conditions,
  };
  self->service = bts_service_new (&context);
}

static void
set_flag (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
}

BusFixture *
bus_fixture_new (gboolean is_session)
{
  g_autoptr (BusFixture) self = g_new0 (BusFixture, 1);
  gboolean is_acquired = FALSE;

  self->signals = g_ptr_array_new_with_free_func (g_free);
  self->folder = test_folder_new (g_get_tmp_dir ());
  if (self->folder == NULL || !start_bus (self))
    return NULL;

  start_service (self, is_session);
  g_signal_connect_swapped (self->service, "name-acquired", G_CALLBACK (set_flag), &is_acquired);
  bts_service_own_name (self->service);
  while (!is_acquired)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handlers_disconnect_by_func (self->service, set_flag, &is_acquired);

  self->client = bus_fixture_connect (self);
  g_dbus_connection_signal_subscribe (self->client, BGT_BUS_NAME, NULL, NULL, NULL, NULL,
                                      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);

  return g_steal_pointer (&self);
}

void
bus_fixture_free (BusFixture *self)
{
  if (self->service != NULL)
    {
      bts_service_stop (self->service);
      bts_store_flush (self->store, 5000);
    }
  g_clear_object (&self->service);
  /* What is on its way back to the main loop. */
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_object (&self->engine);
  g_clear_object (&self->plans);
  g_clear_object (&self->files);
  g_clear_object (&self->store);
  g_clear_object (&self->groups);
  g_clear_object (&self->registry);
  g_clear_object (&self->clock);
  if (self->client != NULL)
    g_dbus_connection_close_sync (self->client, NULL, NULL);
  if (self->connection != NULL)
    g_dbus_connection_close_sync (self->connection, NULL, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_clear_object (&self->client);
  g_clear_object (&self->connection);
  if (self->daemon != NULL)
    {
      g_subprocess_force_exit (self->daemon);
      g_subprocess_wait (self->daemon, NULL, NULL);
    }
  g_clear_object (&self->daemon);
  g_free (self->address);
  g_ptr_array_unref (self->signals);
  g_clear_pointer (&self->folder, test_folder_free);
  g_free (self);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **out = user_data;

  *out = g_object_ref (result);
}

GVariant *
bus_fixture_call_from (BusFixture *self,
                       GDBusConnection *client,
                       const char *path,
                       const char *interface,
                       const char *method,
                       GVariant *parameters,
                       GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_dbus_connection_call (client, BGT_BUS_NAME, path, interface, method, parameters, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_called, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return g_dbus_connection_call_finish (client, result, error);
}

GVariant *
bus_fixture_call (BusFixture *self,
                  const char *path,
                  const char *interface,
                  const char *method,
                  GVariant *parameters,
                  GError **error)
{
  return bus_fixture_call_from (self, self->client, path, interface, method, parameters, error);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GVariant **answer = user_data;
  GError *error = NULL;

  *answer = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (*answer == NULL)
    *answer = g_variant_new_take_string (g_dbus_error_get_remote_error (error));
  g_variant_take_ref (*answer);
  g_clear_error (&error);
}

void
bus_fixture_send (BusFixture *self,
                  const char *path,
                  const char *interface,
                  const char *method,
                  const char *arguments,
                  GVariant **answer)
{
  g_dbus_connection_call (self->client, g_dbus_connection_get_unique_name (self->connection), path,
                          interface, method,
                          arguments != NULL ? g_variant_new_parsed (arguments) : NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answer, answer);
}

GVariant *
bus_fixture_wait_for (GVariant **answer)
{
  while (*answer == NULL)
    g_main_context_iteration (NULL, TRUE);

  return *answer;
}

static void
on_activity (BtsService *service, gboolean *is_active)
{
  *is_active = TRUE;
}

void
bus_fixture_turn (BusFixture *self, guint n_turns)
{
  gboolean is_active = FALSE;
  gulong id = g_signal_connect (self->service, "activity", G_CALLBACK (on_activity), &is_active);

  while (!is_active)
    g_main_context_iteration (NULL, TRUE);
  g_signal_handler_disconnect (self->service, id);
  for (guint i = 0; i < n_turns; i++)
    g_main_context_iteration (NULL, FALSE);
}

BtsOperation *
bus_fixture_create (BusFixture *self, const char *destination, char **path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *guid = NULL;

  reply = bus_fixture_call (
      self, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateDownload",
      g_variant_new ("(ssa{sv})", "http://example.org/file", destination, NULL), &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(o)", path);
  guid = bts_object_path_to_operation_guid (*path);

  return bts_registry_lookup (self->registry, guid);
}

GVariant *
bus_fixture_get (BusFixture *self, const char *path, const char *property)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  GVariant *value;

  reply = bus_fixture_call (self, path, "org.freedesktop.DBus.Properties", "Get",
                            g_variant_new ("(ss)", BGT_INTERFACE_OPERATION, property), &error);
  g_assert_no_error (error);
  g_variant_get (reply, "(v)", &value);

  return value;
}

void
bus_fixture_sync (BusFixture *self)
{
  g_autoptr (GVariant) reply = bus_fixture_call (self, BGT_OBJECT_PATH, "org.freedesktop.DBus.Peer",
                                                 "Ping", NULL, NULL);

  g_assert_nonnull (reply);
}

guint
bus_fixture_count_signals (BusFixture *self, const char *text)
{
  guint n = 0;

  for (guint i = 0; i < self->signals->len; i++)
    n += strstr (self->signals->pdata[i], text) != NULL;

  return n;
}

void
bus_fixture_wait_for_signal (BusFixture *self, const char *text)
{
  while (bus_fixture_count_signals (self, text) == 0)
    g_main_context_iteration (NULL, TRUE);
}
