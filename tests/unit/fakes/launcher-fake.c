/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "tests/unit/fakes/launcher-fake.h"

#include <sys/socket.h>

#include "common/bgt-error.h"
#include "common/names.h"
#include "introspection/worker-interface-info.h"

struct _BtsLauncherFake
{
  GObject parent;

  gboolean refuses;
  char *mute; /* (owned) (nullable) */
  guint n_launches;
  GDBusConnection *connection; /* (owned) (nullable): the worker's end */
  guint registration_id;
  GHashTable *jobs;      /* (owned): GUIDs */
  GHashTable *calls;     /* (owned): method to an array of arguments */
  GPtrArray *unanswered; /* (owned) (element-type GDBusMethodInvocation) */
};

static void bts_launcher_fake_launcher_init (BtsWorkerLauncherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsLauncherFake,
                               bts_launcher_fake,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_WORKER_LAUNCHER,
                                                      bts_launcher_fake_launcher_init))

/* The worker */

static GVariant *
build_answer (const char *method)
{
  return g_str_equal (method, "Check") ? g_variant_new ("(a{sv})", NULL) : NULL;
}

static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *object_path,
                const char *interface_name,
                const char *method_name,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (user_data);
  GPtrArray *calls = g_hash_table_lookup (self->calls, method_name);

  if (calls == NULL)
    {
      calls = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
      g_hash_table_insert (self->calls, g_strdup (method_name), calls);
    }
  g_ptr_array_add (calls, g_variant_ref (parameters));
  if (g_strcmp0 (self->mute, method_name) == 0)
    {
      g_ptr_array_add (self->unanswered, invocation);
      return;
    }
  if (g_str_equal (method_name, "Start") || g_str_equal (method_name, "Stop"))
    {
      g_autofree char *guid = NULL;

      g_variant_get_child (parameters, 0, "s", &guid);
      if (g_str_equal (method_name, "Start"))
        g_hash_table_add (self->jobs, g_steal_pointer (&guid));
      else
        g_hash_table_remove (self->jobs, guid);
    }
  g_dbus_method_invocation_return_value (invocation, build_answer (method_name));
}

static const GDBusInterfaceVTable worker_vtable = { on_method_call, NULL, NULL, { NULL } };

static void
on_connection_new (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsLauncherFake) self = BTS_LAUNCHER_FAKE (user_data);
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->connection);
  self->connection = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
  self->registration_id = g_dbus_connection_register_object (
      self->connection, BTS_WORKER_PATH, (GDBusInterfaceInfo *) &bts_dbus_worker_interface,
      &worker_vtable, self, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_start_message_processing (self->connection);
}

static GSocketConnection *
connection_from_fd (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return g_socket_connection_factory_create_connection (socket);
}

static void
close_worker (BtsLauncherFake *self)
{
  g_hash_table_remove_all (self->jobs);
  g_ptr_array_set_size (self->unanswered, 0);
  if (self->connection == NULL)
    return;
  g_dbus_connection_unregister_object (self->connection, self->registration_id);
  if (!g_dbus_connection_is_closed (self->connection))
    g_dbus_connection_close_sync (self->connection, NULL, NULL);
  g_clear_object (&self->connection);
}

/* The launcher */

static void
bts_launcher_fake_launch_async (BtsWorkerLauncher *launcher,
                                uid_t uid,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (launcher);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GSocketConnection) theirs = NULL;
  int fds[2];

  self->n_launches++;
  if (self->refuses)
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_FAILED, "Refused by the test");
      return;
    }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  theirs = connection_from_fd (fds[1]);
  g_dbus_connection_new (G_IO_STREAM (theirs), NULL,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                             G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         NULL, NULL, on_connection_new, g_object_ref (self));
  g_task_return_pointer (task, connection_from_fd (fds[0]), g_object_unref);
}

static GSocketConnection *
bts_launcher_fake_launch_finish (BtsWorkerLauncher *launcher,
                                 GAsyncResult *result,
                                 guint *worker_id,
                                 GError **error)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (launcher);

  *worker_id = self->n_launches;
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
on_exit_turn (gpointer user_data)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (user_data);

  bts_worker_launcher_emit_exited (BTS_WORKER_LAUNCHER (self), self->n_launches);
  return G_SOURCE_REMOVE;
}

static void
bts_launcher_fake_stop (BtsWorkerLauncher *launcher, guint worker_id)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (launcher);

  if (worker_id != self->n_launches)
    return;
  close_worker (self);
  g_idle_add_full (G_PRIORITY_DEFAULT, on_exit_turn, g_object_ref (self), g_object_unref);
}

static void
bts_launcher_fake_launcher_init (BtsWorkerLauncherInterface *iface)
{
  iface->launch_async = bts_launcher_fake_launch_async;
  iface->launch_finish = bts_launcher_fake_launch_finish;
  iface->stop = bts_launcher_fake_stop;
}

static void
bts_launcher_fake_finalize (GObject *object)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (object);

  close_worker (self);
  g_clear_pointer (&self->mute, g_free);
  g_clear_pointer (&self->jobs, g_hash_table_unref);
  g_clear_pointer (&self->calls, g_hash_table_unref);
  g_clear_pointer (&self->unanswered, g_ptr_array_unref);
  G_OBJECT_CLASS (bts_launcher_fake_parent_class)->finalize (object);
}

static void
bts_launcher_fake_class_init (BtsLauncherFakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_launcher_fake_finalize;
}

static void
bts_launcher_fake_init (BtsLauncherFake *self)
{
  self->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->calls =
      g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  self->unanswered = g_ptr_array_new_with_free_func (g_object_unref);
}

BtsLauncherFake *
bts_launcher_fake_new (void)
{
  return g_object_new (BTS_TYPE_LAUNCHER_FAKE, NULL);
}

void
bts_launcher_fake_set_refuses (BtsLauncherFake *self, gboolean refuses)
{
  self->refuses = refuses;
}

void
bts_launcher_fake_set_mute (BtsLauncherFake *self, const char *method)
{
  g_free (self->mute);
  self->mute = g_strdup (method);
}

guint
bts_launcher_fake_get_n_launches (BtsLauncherFake *self)
{
  return self->n_launches;
}

gboolean
bts_launcher_fake_is_alive (BtsLauncherFake *self)
{
  return self->connection != NULL && !g_dbus_connection_is_closed (self->connection);
}

guint
bts_launcher_fake_get_n_calls (BtsLauncherFake *self, const char *method)
{
  GPtrArray *calls = g_hash_table_lookup (self->calls, method);

  return calls != NULL ? calls->len : 0;
}

GVariant *
bts_launcher_fake_get_last_call (BtsLauncherFake *self, const char *method)
{
  GPtrArray *calls = g_hash_table_lookup (self->calls, method);

  g_assert_nonnull (calls);
  return calls->pdata[calls->len - 1];
}

gboolean
bts_launcher_fake_has_job (BtsLauncherFake *self, const char *guid)
{
  return g_hash_table_contains (self->jobs, guid);
}

guint
bts_launcher_fake_get_n_jobs (BtsLauncherFake *self)
{
  return g_hash_table_size (self->jobs);
}

void
bts_launcher_fake_crash (BtsLauncherFake *self)
{
  close_worker (self);
  bts_worker_launcher_emit_exited (BTS_WORKER_LAUNCHER (self), self->n_launches);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

gboolean
bts_launcher_fake_report (BtsLauncherFake *self,
                          const char *method,
                          const char *guid,
                          GVariant *update)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) answer = NULL;

  if (g_str_equal (method, "Finished"))
    g_hash_table_remove (self->jobs, guid);
  g_dbus_connection_call (self->connection, NULL, BTS_WORKER_HOST_PATH, BTS_INTERFACE_WORKER_HOST,
                          method, g_variant_new ("(s@a{sv})", guid, update), NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answered, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  answer = g_dbus_connection_call_finish (self->connection, result, NULL);
  return answer != NULL;
}

void
bts_launcher_fake_progress (BtsLauncherFake *self, const char *guid, guint64 bytes_received)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (
      self->connection, NULL, BTS_WORKER_HOST_PATH, BTS_INTERFACE_WORKER_HOST, "Progress",
      g_variant_new ("(stttt)", guid, bytes_received, G_GUINT64_CONSTANT (0),
                     G_GUINT64_CONSTANT (0), G_GUINT64_CONSTANT (0)),
      &error);
  g_assert_no_error (error);
}

void
bts_launcher_fake_know_server (BtsLauncherFake *self, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (self->connection, NULL, BTS_WORKER_HOST_PATH,
                                 BTS_INTERFACE_WORKER_HOST, "ServerKnown", parameters, &error);
  g_assert_no_error (error);
}

gboolean
bts_launcher_fake_end_job (BtsLauncherFake *self, const char *guid, const char *web_error)
{
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&update, "web-error-status", "s", web_error);
  g_variant_dict_insert (&update, "error-message", "s", "Said by the test");
  return bts_launcher_fake_report (self, "Finished", guid, g_variant_dict_end (&update));
}
