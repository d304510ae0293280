/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/orphans.h"

#include "common/names.h"
#include "worker/files/spool.h"

/* The files are listed before the daemon is asked, and no file is made for an operation that it
 * does not know: so none of a new operation can be among them. */
static gpointer
run_thread (gpointer data)
{
  g_autoptr (GDBusConnection) connection = data;
  g_auto (GStrv) kept = bts_spool_list ();
  g_autofree const char **forgotten = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  if (kept[0] == NULL)
    return NULL;
  reply = g_dbus_connection_call_sync (connection, NULL, BTS_WORKER_HOST_PATH,
                                       BTS_INTERFACE_WORKER_HOST, "FindForgotten",
                                       g_variant_new ("(^as)", kept), G_VARIANT_TYPE ("(as)"),
                                       G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, &error);
  if (reply == NULL)
    {
      g_debug ("What is kept for forgotten operations stays: %s", error->message);
      return NULL;
    }
  g_variant_get (reply, "(^a&s)", &forgotten);
  for (gsize i = 0; forgotten[i] != NULL; i++)
    {
      g_message ("Removing what was kept for the forgotten operation %s", forgotten[i]);
      if (g_strv_contains ((const char *const *) kept, forgotten[i]) &&
          !bts_spool_remove_all (forgotten[i], &error))
        g_message ("%s", error->message);
      g_clear_error (&error);
    }
  return NULL;
}

void
bts_orphans_remove (GDBusConnection *connection)
{
  GThread *thread = g_thread_try_new ("orphans", run_thread, g_object_ref (connection), NULL);

  /* The next worker tries again. */
  if (thread != NULL)
    g_thread_unref (thread);
  else
    g_object_unref (connection);
}
