/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "tests/unit/fakes/connection-pair.h"

#include <sys/socket.h>

static void
on_connected (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusConnection **connection = user_data;
  g_autoptr (GError) error = NULL;

  *connection = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static void
connect_end (int fd, GDBusConnectionFlags flags, GDBusConnection **connection)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autofree char *guid = g_dbus_generate_guid ();

  g_dbus_connection_new (G_IO_STREAM (stream),
                         (flags & G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER) != 0 ? guid : NULL,
                         flags, NULL, NULL, on_connected, connection);
}

void
connection_pair_new (GDBusConnection **server, GDBusConnection **client)
{
  int ends[2];

  *server = NULL;
  *client = NULL;
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), ==, 0);
  connect_end (ends[0], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER, server);
  connect_end (ends[1], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, client);
  while (*server == NULL || *client == NULL)
    g_main_context_iteration (NULL, TRUE);
}

typedef struct
{
  void (*call) (GDBusMethodInvocation *invocation, gpointer user_data);
  gpointer user_data; /* (unowned) */
} Served;

static void
on_call (GDBusConnection *connection,
         const char *sender,
         const char *path,
         const char *interface,
         const char *method,
         GVariant *parameters,
         GDBusMethodInvocation *invocation,
         gpointer user_data)
{
  Served *served = user_data;

  served->call (invocation, served->user_data);
}

void
connection_pair_serve (GDBusConnection *connection,
                       const char *path,
                       const char *xml,
                       void (*call) (GDBusMethodInvocation *invocation, gpointer user_data),
                       gpointer user_data)
{
  static const GDBusInterfaceVTable vtable = { on_call, NULL, NULL };
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr (GError) error = NULL;
  Served *served = g_new0 (Served, 1);

  served->call = call;
  served->user_data = user_data;
  g_dbus_connection_register_object (connection, path, node->interfaces[0], &vtable, served, g_free,
                                     &error);
  g_assert_no_error (error);
}

void
connection_pair_free (GDBusConnection *server, GDBusConnection *client)
{
  g_dbus_connection_close_sync (client, NULL, NULL);
  g_object_unref (client);
  g_object_unref (server);
}
