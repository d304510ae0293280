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
  gboolean is_undying;
  char *mute; /* (owned) (nullable) */
  guint n_launches;
  guint n_opening;       /* connections that are being made */
  GHashTable *workers;   /* (owned): ID of a launch to the worker's end of its connection */
  GHashTable *jobs;      /* (owned): GUID to the connection (lent) of who has it */
  GHashTable *calls;     /* (owned): method to an array of arguments */
  GPtrArray *unanswered; /* (owned) (element-type GDBusMethodInvocation) */
};

static void bts_launcher_fake_launcher_init (BtsWorkerLauncherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsLauncherFake,
                               bts_launcher_fake,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_WORKER_LAUNCHER,
                                                      bts_launcher_fake_launcher_init))

/* What has passed to and from all workers; counted in GDBus's thread. */
static guint n_messages;

/* The worker */

static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage *message,
            gboolean is_incoming,
            gpointer user_data)
{
  g_atomic_int_inc (&n_messages);
  return message;
}

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
        g_hash_table_insert (self->jobs, g_steal_pointer (&guid), connection);
      else
        g_hash_table_remove (self->jobs, guid);
    }
  g_dbus_method_invocation_return_value (invocation, build_answer (method_name));
}

static const GDBusInterfaceVTable worker_vtable = { on_method_call, NULL, NULL, { NULL } };

static void
on_connection_new (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) launch = G_TASK (user_data);
  BtsLauncherFake *self = g_task_get_source_object (launch);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_finish (result, &error);

  g_assert_no_error (error);
  self->n_opening--;
  g_dbus_connection_add_filter (connection, on_message, NULL, NULL);
  g_dbus_connection_register_object (connection, BTS_WORKER_PATH,
                                     (GDBusInterfaceInfo *) &bts_dbus_worker_interface,
                                     &worker_vtable, self, NULL, &error);
  g_assert_no_error (error);
  g_dbus_connection_start_message_processing (connection);
  g_hash_table_insert (self->workers, g_task_get_task_data (launch), g_object_ref (connection));
}

static GSocketConnection *
connection_from_fd (int fd)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);

  g_assert_no_error (error);
  return g_socket_connection_factory_create_connection (socket);
}

static gboolean
is_job_of (gpointer guid, gpointer connection, gpointer worker)
{
  return connection == worker;
}

static void
close_worker (BtsLauncherFake *self, guint worker_id)
{
  GDBusConnection *worker = g_hash_table_lookup (self->workers, GUINT_TO_POINTER (worker_id));

  if (worker == NULL)
    return;
  g_hash_table_foreach_remove (self->jobs, is_job_of, worker);
  g_ptr_array_set_size (self->unanswered, 0);
  if (!g_dbus_connection_is_closed (worker))
    g_dbus_connection_close_sync (worker, NULL, NULL);
  g_hash_table_remove (self->workers, GUINT_TO_POINTER (worker_id));
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

  g_task_set_task_data (task, GUINT_TO_POINTER (++self->n_launches), NULL);
  if (self->refuses)
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_FAILED, "Refused by the test");
      return;
    }
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
  theirs = connection_from_fd (fds[1]);
  self->n_opening++;
  g_dbus_connection_new (G_IO_STREAM (theirs), NULL,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                             G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         NULL, NULL, on_connection_new, g_object_ref (task));
  g_task_return_pointer (task, connection_from_fd (fds[0]), g_object_unref);
}

static GSocketConnection *
bts_launcher_fake_launch_finish (BtsWorkerLauncher *launcher,
                                 GAsyncResult *result,
                                 guint *worker_id,
                                 GError **error)
{
  *worker_id = GPOINTER_TO_UINT (g_task_get_task_data (G_TASK (result)));
  return g_task_propagate_pointer (G_TASK (result), error);
}

typedef struct
{
  BtsLauncherFake *launcher; /* (owned) */
  guint worker_id;
} Exit;

static void
exit_free (gpointer data)
{
  Exit *exit = data;

  g_object_unref (exit->launcher);
  g_free (exit);
}

static gboolean
on_exit_turn (gpointer user_data)
{
  Exit *exit = user_data;

  bts_worker_launcher_emit_exited (BTS_WORKER_LAUNCHER (exit->launcher), exit->worker_id);
  return G_SOURCE_REMOVE;
}

static void
bts_launcher_fake_stop (BtsWorkerLauncher *launcher, guint worker_id)
{
  BtsLauncherFake *self = BTS_LAUNCHER_FAKE (launcher);
  Exit *exit;

  if (self->is_undying)
    return;
  close_worker (self, worker_id);
  exit = g_new0 (Exit, 1);
  exit->launcher = g_object_ref (self);
  exit->worker_id = worker_id;
  g_idle_add_full (G_PRIORITY_DEFAULT, on_exit_turn, exit, exit_free);
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

  for (guint i = 1; i <= self->n_launches; i++)
    close_worker (self, i);
  g_clear_pointer (&self->workers, g_hash_table_unref);
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
  self->workers = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
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
bts_launcher_fake_set_undying (BtsLauncherFake *self, gboolean is_undying)
{
  self->is_undying = is_undying;
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

/* NULL: it has ended, or has not begun. */
static GDBusConnection *
get_newest (BtsLauncherFake *self)
{
  return g_hash_table_lookup (self->workers, GUINT_TO_POINTER (self->n_launches));
}

gboolean
bts_launcher_fake_is_alive (BtsLauncherFake *self)
{
  GDBusConnection *newest = get_newest (self);

  return newest != NULL && !g_dbus_connection_is_closed (newest);
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
  close_worker (self, self->n_launches);
  bts_worker_launcher_emit_exited (BTS_WORKER_LAUNCHER (self), self->n_launches);
}

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/* Messages keep their order, so the answer comes after all that either side had sent before. */
static gboolean
ping (GDBusConnection *worker)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) answer = NULL;

  g_dbus_connection_call (worker, NULL, "/", "org.freedesktop.DBus.Peer", "Ping", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_answered, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  answer = g_dbus_connection_call_finish (worker, result, NULL);
  return answer != NULL;
}

gboolean
bts_launcher_fake_exchange (BtsLauncherFake *self)
{
  guint n_expected = (guint) g_atomic_int_get (&n_messages);
  gboolean was_opening = self->n_opening > 0;

  while (self->n_opening > 0)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 1; i <= self->n_launches; i++)
    {
      GDBusConnection *worker = g_hash_table_lookup (self->workers, GUINT_TO_POINTER (i));
      g_autoptr (GDBusConnection) held = worker != NULL ? g_object_ref (worker) : NULL;

      if (held != NULL && !g_dbus_connection_is_closed (held))
        n_expected += ping (held) ? 2 : 0;
    }
  return was_opening || (guint) g_atomic_int_get (&n_messages) != n_expected;
}

gboolean
bts_launcher_fake_report (BtsLauncherFake *self,
                          const char *method,
                          const char *guid,
                          GVariant *update)
{
  g_autoptr (GDBusConnection) worker = g_object_ref (get_newest (self));
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) answer = NULL;

  if (g_str_equal (method, "Finished"))
    g_hash_table_remove (self->jobs, guid);
  g_dbus_connection_call (worker, NULL, BTS_WORKER_HOST_PATH, BTS_INTERFACE_WORKER_HOST, method,
                          g_variant_new ("(s@a{sv})", guid, update), NULL, G_DBUS_CALL_FLAGS_NONE,
                          -1, NULL, on_answered, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  answer = g_dbus_connection_call_finish (worker, result, NULL);
  return answer != NULL;
}

void
bts_launcher_fake_progress (BtsLauncherFake *self, const char *guid, guint64 bytes_received)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (
      get_newest (self), NULL, BTS_WORKER_HOST_PATH, BTS_INTERFACE_WORKER_HOST, "Progress",
      g_variant_new ("(stttt)", guid, bytes_received, G_GUINT64_CONSTANT (0),
                     G_GUINT64_CONSTANT (0), G_GUINT64_CONSTANT (0)),
      &error);
  g_assert_no_error (error);
}

void
bts_launcher_fake_know_server (BtsLauncherFake *self, GVariant *parameters)
{
  g_autoptr (GError) error = NULL;

  g_dbus_connection_emit_signal (get_newest (self), NULL, BTS_WORKER_HOST_PATH,
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
