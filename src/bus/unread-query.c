/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/unread-query.h"

#include "common/bgt-error.h"

static void
on_stats (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) stats = NULL;
  GError *error = NULL;
  guint32 n_bytes;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  stats = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (stats, "OutgoingBytes", "u", &n_bytes))
    g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                             "The bus does not count what it keeps for a connection");
  else
    g_task_return_int (task, n_bytes);
}

void
bts_unread_query_async (GDBusConnection *connection,
                        const char *name,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, NULL, callback, user_data);

  g_task_set_source_tag (task, bts_unread_query_async);
  g_task_set_task_data (task, g_strdup (name), g_free);
  g_dbus_connection_call (connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus.Debug.Stats", "GetConnectionStats",
                          g_variant_new ("(s)", name), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_stats, g_steal_pointer (&task));
}

gboolean
bts_unread_query_finish (GAsyncResult *result, char **name, gsize *n_bytes, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize value = g_task_propagate_int (G_TASK (result), &local_error);

  *name = g_strdup (g_task_get_task_data (G_TASK (result)));
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  *n_bytes = value;

  return TRUE;
}
