/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-link.h"

#include <unistd.h>

#include "common/closing.h"
#include "common/names.h"
#include "daemon/worker-checks.h"
#include "daemon/worker-gate.h"
#include "introspection/worker-interface-info.h"

struct _BtsWorkerLink
{
  GObject parent;

  uid_t uid;
  GDBusConnection *connection; /* (owned) (nullable) */
  BtsWorkerChecks *checks;     /* (owned) */
  gboolean is_closed;
  gboolean has_warned; /* of what it sends; it may do so all the time */
  guint registration_id;
  guint subscription_id;
};

G_DEFINE_FINAL_TYPE (BtsWorkerLink, bts_worker_link, G_TYPE_OBJECT)

enum
{
  SIGNAL_REPORT,
  SIGNAL_PROGRESS,
  SIGNAL_SERVER_KNOWN,
  SIGNAL_FIND_FORGOTTEN,
  SIGNAL_CLOSED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

/* What comes from the worker */

static void
answer_find_forgotten (BtsWorkerLink *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree const char **guids = NULL;
  g_auto (GStrv) forgotten = NULL;

  g_variant_get (parameters, "(^a&s)", &guids);
  g_signal_emit (self, signals[SIGNAL_FIND_FORGOTTEN], 0, guids, builder);
  forgotten = g_strv_builder_end (builder);
  g_dbus_method_invocation_return_value (invocation, g_variant_new ("(^as)", forgotten));
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
  BtsWorkerLink *self = BTS_WORKER_LINK (user_data);
  gboolean is_final = g_str_equal (method_name, "Finished");
  g_autoptr (BtsWorkerReport) report = NULL;

  if (g_str_equal (method_name, "FindForgotten"))
    {
      answer_find_forgotten (self, parameters, invocation);
      return;
    }
  report = bts_worker_report_new (invocation, is_final);
  g_signal_emit (self, signals[SIGNAL_REPORT], 0, report);
}

static void
take_progress (BtsWorkerLink *self, GVariant *parameters)
{
  const char *guid;
  guint64 received;
  guint64 to_receive;
  guint64 sent;
  guint64 to_send;

  g_variant_get (parameters, "(&stttt)", &guid, &received, &to_receive, &sent, &to_send);
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, guid, received, to_receive, sent, to_send);
}

static void
take_server (BtsWorkerLink *self, GVariant *parameters)
{
  const char *origin;
  const char *protocol;

  g_variant_get (parameters, "(&s&s)", &origin, &protocol);
  g_signal_emit (self, signals[SIGNAL_SERVER_KNOWN], 0, origin, protocol);
}

static void
warn_of_type (BtsWorkerLink *self, const char *signal_name, GVariant *parameters)
{
  if (!self->has_warned)
    g_warning ("The worker of user %u sent %s of type %s", self->uid, signal_name,
               g_variant_get_type_string (parameters));
  self->has_warned = TRUE;
}

/* GDBus checks the types of calls against the interface, but not those of signals. */
static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *object_path,
           const char *interface_name,
           const char *signal_name,
           GVariant *parameters,
           gpointer user_data)
{
  static const struct
  {
    const char *name;
    const char *type;
    void (*take) (BtsWorkerLink *self, GVariant *parameters);
  } rows[] = {
    { "Progress", "(stttt)", take_progress },
    { "ServerKnown", "(ss)", take_server },
  };
  BtsWorkerLink *self = BTS_WORKER_LINK (user_data);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (!g_str_equal (rows[i].name, signal_name))
        continue;
      if (g_variant_is_of_type (parameters, G_VARIANT_TYPE (rows[i].type)))
        rows[i].take (self, parameters);
      else
        warn_of_type (self, signal_name, parameters);
    }
}

static void
on_closed (BtsWorkerLink *self)
{
  if (self->is_closed)
    return;
  self->is_closed = TRUE;
  g_signal_emit (self, signals[SIGNAL_CLOSED], 0);
}

static const GDBusInterfaceVTable host_vtable = { on_method_call, NULL, NULL, { NULL } };

/* Construction */

/* The socket is a pair of the gate's, which says of both ends that they are ours. So a worker of
 * another user cannot prove by EXTERNAL who it is; and it need not, since nobody else was ever
 * given what is beyond the gate. */
static gboolean
on_allow_mechanism (GDBusAuthObserver *observer, const char *mechanism, gpointer user_data)
{
  return g_str_equal (mechanism, "EXTERNAL") || g_str_equal (mechanism, "ANONYMOUS");
}

/* Called in GDBus's thread: only compares values. */
static gboolean
on_authorize_peer (GDBusAuthObserver *observer,
                   GIOStream *stream,
                   GCredentials *credentials,
                   gpointer user_data)
{
  return credentials != NULL && g_credentials_get_unix_user (credentials, NULL) == geteuid ();
}

static gboolean
set_up (BtsWorkerLink *self, GError **error)
{
  GDBusInterfaceInfo *info = (GDBusInterfaceInfo *) &bts_dbus_worker_host_interface;

  g_signal_connect_object (self->connection, "closed", G_CALLBACK (on_closed), self,
                           G_CONNECT_SWAPPED);
  self->registration_id = g_dbus_connection_register_object (self->connection, BTS_WORKER_HOST_PATH,
                                                             info, &host_vtable, self, NULL, error);
  if (self->registration_id == 0)
    return FALSE;
  self->subscription_id = g_dbus_connection_signal_subscribe (
      self->connection, NULL, BTS_INTERFACE_WORKER_HOST, NULL, BTS_WORKER_HOST_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
  bts_connection_close_elsewhere (self->connection);
  g_dbus_connection_start_message_processing (self->connection);
  return TRUE;
}

static void
on_connection_new (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  g_autoptr (BtsWorkerLink) self = g_object_new (BTS_TYPE_WORKER_LINK, NULL);
  g_autoptr (GError) error = NULL;

  self->uid = (uid_t) GPOINTER_TO_UINT (g_task_get_task_data (task));
  self->connection = g_dbus_connection_new_finish (result, &error);
  if (self->connection == NULL || !set_up (self, &error))
    {
      g_prefix_error (&error, "No connection with the worker of user %u: ", self->uid);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  self->checks = bts_worker_checks_new (self->connection);
  g_task_return_pointer (task, g_steal_pointer (&self), g_object_unref);
}

static void
bts_worker_link_dispose (GObject *object)
{
  BtsWorkerLink *self = BTS_WORKER_LINK (object);

  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      if (self->registration_id != 0)
        g_dbus_connection_unregister_object (self->connection, self->registration_id);
      if (self->subscription_id != 0)
        g_dbus_connection_signal_unsubscribe (self->connection, self->subscription_id);
      self->registration_id = 0;
      self->subscription_id = 0;
      bts_worker_link_close (self);
      g_clear_pointer (&self->checks, bts_worker_checks_free);
      g_clear_object (&self->connection);
    }
  G_OBJECT_CLASS (bts_worker_link_parent_class)->dispose (object);
}

static void
bts_worker_link_class_init (BtsWorkerLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_worker_link_dispose;

  signals[SIGNAL_REPORT] = g_signal_new ("report", BTS_TYPE_WORKER_LINK, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_PROGRESS] = g_signal_new (
      "progress", BTS_TYPE_WORKER_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 5,
      G_TYPE_STRING, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_UINT64, G_TYPE_UINT64);
  signals[SIGNAL_SERVER_KNOWN] =
      g_signal_new ("server-known", BTS_TYPE_WORKER_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[SIGNAL_FIND_FORGOTTEN] =
      g_signal_new ("find-forgotten", BTS_TYPE_WORKER_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_POINTER, G_TYPE_POINTER);
  signals[SIGNAL_CLOSED] = g_signal_new ("closed", BTS_TYPE_WORKER_LINK, G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
}

static void
bts_worker_link_init (BtsWorkerLink *self)
{
}

void
bts_worker_link_new_async (GSocketConnection *socket,
                           uid_t uid,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  g_autoptr (GDBusAuthObserver) observer = g_dbus_auth_observer_new ();
  g_autofree char *guid = g_dbus_generate_guid ();
  GError *error = NULL;
  g_autoptr (GSocketConnection) gated = bts_worker_gate_new (socket, uid, &error);

  g_task_set_source_tag (task, bts_worker_link_new_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (uid), NULL);
  if (gated == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  g_signal_connect (observer, "allow-mechanism", G_CALLBACK (on_allow_mechanism), NULL);
  g_signal_connect (observer, "authorize-authenticated-peer", G_CALLBACK (on_authorize_peer), NULL);
  g_dbus_connection_new (G_IO_STREAM (gated), guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                             G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_ALLOW_ANONYMOUS |
                             G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         observer, cancellable, on_connection_new, g_object_ref (task));
}

BtsWorkerLink *
bts_worker_link_new_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

uid_t
bts_worker_link_get_uid (BtsWorkerLink *self)
{
  return self->uid;
}

gboolean
bts_worker_link_is_closed (BtsWorkerLink *self)
{
  return self->is_closed || g_dbus_connection_is_closed (self->connection);
}

GDBusConnection *
bts_worker_link_get_connection (BtsWorkerLink *self)
{
  return self->connection;
}

BtsWorkerChecks *
bts_worker_link_get_checks (BtsWorkerLink *self)
{
  return self->checks;
}

void
bts_worker_link_close (BtsWorkerLink *self)
{
  if (!g_dbus_connection_is_closed (self->connection))
    g_dbus_connection_close (self->connection, NULL, NULL, NULL);
}
