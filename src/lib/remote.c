/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/remote.h"

#include <gio/gunixfdlist.h>

#include "common/bgt-error.h"
#include "common/names.h"

/* A reply and the descriptors that came with it. */
typedef struct
{
  GVariant *values;   /* (owned) */
  GUnixFDList *files; /* (owned) (nullable) */
} Reply;

static void
reply_free (Reply *reply)
{
  g_clear_pointer (&reply->values, g_variant_unref);
  g_clear_object (&reply->files);
  g_free (reply);
}

void
bts_lib_remote_fix_error (GError *error)
{
  g_dbus_error_strip_remote_error (error);
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD))
    {
      error->domain = BGT_ERROR;
      error->code = BGT_ERROR_NOT_FOUND;
    }
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;
  Reply *reply = g_new0 (Reply, 1);

  reply->values = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source),
                                                                   &reply->files, result, &error);
  if (reply->values != NULL)
    {
      g_task_return_pointer (task, reply, (GDestroyNotify) reply_free);
      return;
    }
  reply_free (reply);
  bts_lib_remote_fix_error (error);
  g_task_return_error (task, g_steal_pointer (&error));
}

void
bts_lib_remote_call_async (GDBusConnection *connection,
                           gpointer source_object,
                           gpointer source_tag,
                           const char *path,
                           const char *interface,
                           const char *method,
                           GVariant *parameters,
                           const char *reply_type,
                           GUnixFDList *files,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  GTask *task = g_task_new (source_object, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  /* Registers the names of the service's errors before the first of them can arrive. */
  (void) BGT_ERROR;
  g_dbus_connection_call_with_unix_fd_list (
      connection, BGT_BUS_NAME, path, interface, method, parameters, G_VARIANT_TYPE (reply_type),
      G_DBUS_CALL_FLAGS_NONE, -1, files, cancellable, on_called, task);
}

GVariant *
bts_lib_remote_call_finish (GAsyncResult *result, GUnixFDList **files_out, GError **error)
{
  Reply *reply = g_task_propagate_pointer (G_TASK (result), error);
  GVariant *values;

  if (reply == NULL)
    return NULL;
  values = g_steal_pointer (&reply->values);
  if (files_out != NULL)
    *files_out = g_steal_pointer (&reply->files);
  reply_free (reply);
  return values;
}

GVariant *
bts_lib_remote_call_sync (GDBusConnection *connection,
                          const char *path,
                          const char *interface,
                          const char *method,
                          GVariant *parameters,
                          const char *reply_type,
                          GUnixFDList *files,
                          GUnixFDList **files_out,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) reply = NULL;

  (void) BGT_ERROR;
  reply = g_dbus_connection_call_with_unix_fd_list_sync (
      connection, BGT_BUS_NAME, path, interface, method, parameters, G_VARIANT_TYPE (reply_type),
      G_DBUS_CALL_FLAGS_NONE, -1, files, files_out, cancellable, &local_error);
  if (reply == NULL)
    {
      bts_lib_remote_fix_error (local_error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  return g_steal_pointer (&reply);
}
