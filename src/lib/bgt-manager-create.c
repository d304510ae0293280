/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-manager.h"

#include "common/bgt-error.h"
#include "common/names.h"
#include "lib/manager-private.h"
#include "lib/operation-private.h"
#include "lib/remote.h"

/* The calls that create operations. Each first gets object paths, and then makes sure that the
 * objects are known: InterfacesAdded may have been faster, or not. */

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

/* The paths that a creation has returned; those before @next are known. */
typedef struct
{
  char **paths; /* (owned) */
  guint next;
} Created;

static void
created_free (Created *created)
{
  g_strfreev (created->paths);
  g_free (created);
}

static GVariant *
make_options (GVariant *options)
{
  return options != NULL ? options : g_variant_new ("a{sv}", NULL);
}

static void learn_next (GTask *task);

static void
on_learned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BgtManager *self = BGT_MANAGER (source);
  g_autoptr (GTask) task = user_data;
  Created *created = g_task_get_task_data (task);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GError) error = NULL;

  reply = bts_lib_remote_call_finish (result, NULL, &error);
  if (reply == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  values = g_variant_get_child_value (reply, 0);
  bts_lib_manager_take_operation (self, created->paths[created->next], values);
  created->next++;
  learn_next (g_steal_pointer (&task));
}

/* Asks for the next object that is not known yet, or ends @task, which is taken. */
static void
learn_next (GTask *task)
{
  BgtManager *self = g_task_get_source_object (task);
  Created *created = g_task_get_task_data (task);

  while (created->paths[created->next] != NULL &&
         bts_lib_manager_lookup_path (self, created->paths[created->next]) != NULL)
    created->next++;
  if (created->paths[created->next] == NULL)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  bts_lib_remote_call_async (bgt_manager_get_connection (self), self, learn_next,
                             created->paths[created->next], PROPERTIES_INTERFACE, "GetAll",
                             g_variant_new ("(s)", BGT_INTERFACE_OPERATION), "(a{sv})", NULL,
                             g_task_get_cancellable (task), on_learned, task);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) value = NULL;
  g_autoptr (GError) error = NULL;
  Created *created;

  reply = bts_lib_remote_call_finish (result, NULL, &error);
  if (reply == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  created = g_new0 (Created, 1);
  value = g_variant_get_child_value (reply, 0);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_OBJECT_PATH))
    {
      created->paths = g_new0 (char *, 2);
      created->paths[0] = g_variant_dup_string (value, NULL);
    }
  else
    created->paths = g_variant_dup_objv (value, NULL);
  g_task_set_task_data (task, created, (GDestroyNotify) created_free);
  learn_next (g_steal_pointer (&task));
}

static void
start_create (BgtManager *self,
              gpointer source_tag,
              const char *method,
              GVariant *parameters,
              const char *reply_type,
              GUnixFDList *files,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  bts_lib_remote_call_async (bgt_manager_get_connection (self), self, source_tag, BGT_OBJECT_PATH,
                             BGT_INTERFACE_MANAGER, method, parameters, reply_type, files,
                             cancellable, on_created, task);
}

void
bts_lib_manager_create_async (BgtManager *self,
                              gpointer source_tag,
                              const char *method,
                              GVariant *parameters,
                              GUnixFDList *files,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  start_create (self, source_tag, method, parameters, "(o)", files, cancellable, callback,
                user_data);
}

/* The operation at @path, or NULL with @error set where it is not of @type. */
static BgtOperation *
ref_operation (BgtManager *self, const char *path, GType type, GError **error)
{
  BgtOperation *operation = bts_lib_manager_lookup_path (self, path);

  if (operation != NULL && G_TYPE_CHECK_INSTANCE_TYPE (operation, type))
    return g_object_ref (operation);
  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The service answered with “%s”, which is no %s",
               path, g_type_name (type));
  return NULL;
}

BgtOperation *
bts_lib_manager_create_finish (BgtManager *self, GAsyncResult *result, GType type, GError **error)
{
  Created *created = g_task_get_task_data (G_TASK (result));

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  return ref_operation (self, created->paths[0], type, error);
}

static gboolean
learn_sync (BgtManager *self,
            const char *path,
            const char *interface,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) values = NULL;

  reply = bts_lib_remote_call_sync (bgt_manager_get_connection (self), path, PROPERTIES_INTERFACE,
                                    "GetAll", g_variant_new ("(s)", interface), "(a{sv})", NULL,
                                    NULL, cancellable, error);
  if (reply == NULL)
    return FALSE;
  values = g_variant_get_child_value (reply, 0);
  bts_lib_manager_take_operation (self, path, values);
  return TRUE;
}

BgtOperation *
bts_lib_manager_create_sync (BgtManager *self,
                             const char *method,
                             GVariant *parameters,
                             GUnixFDList *files,
                             GType type,
                             GCancellable *cancellable,
                             GError **error)
{
  const char *interface = type == BGT_TYPE_UPLOAD ? BGT_INTERFACE_UPLOAD : BGT_INTERFACE_DOWNLOAD;
  g_autoptr (GVariant) reply = bts_lib_remote_call_sync (
      bgt_manager_get_connection (self), BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, method, parameters,
      "(o)", files, NULL, cancellable, error);
  const char *path;

  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(&o)", &path);
  if (!learn_sync (self, path, BGT_INTERFACE_OPERATION, cancellable, error) ||
      !learn_sync (self, path, interface, cancellable, error))
    return NULL;
  return ref_operation (self, path, type, error);
}

static BgtDownload *
finish_create_download (BgtManager *self, GAsyncResult *result, GError **error)
{
  return (BgtDownload *) bts_lib_manager_create_finish (self, result, BGT_TYPE_DOWNLOAD, error);
}

/**
 * bgt_manager_create_download_async:
 * @self: a manager
 * @uri: what to get
 * @destination: an absolute path, or a `file://` URI for a name that is not UTF-8
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @files: (nullable): the descriptors that handles in @options mean
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the operation is there
 * @user_data: data for @callback
 *
 * Creates a download, which moves once it is started. %BGT_ERROR_INVALID_ARGUMENT names what is
 * wrong with the arguments.
 *
 * Since: 1.0
 */
void
bgt_manager_create_download_async (BgtManager *self,
                                   const char *uri,
                                   const char *destination,
                                   GVariant *options,
                                   GUnixFDList *files,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  g_return_if_fail (BGT_IS_MANAGER (self));
  g_return_if_fail (uri != NULL);
  g_return_if_fail (destination != NULL);

  start_create (self, bgt_manager_create_download_async, "CreateDownload",
                g_variant_new ("(ss@a{sv})", uri, destination, make_options (options)), "(o)",
                files, cancellable, callback, user_data);
}

/**
 * bgt_manager_create_download_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_create_download_async().
 *
 * Returns: (transfer full): the download, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtDownload *
bgt_manager_create_download_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return finish_create_download (self, result, error);
}

/**
 * bgt_manager_create_download_sync:
 * @self: a manager
 * @uri: what to get
 * @destination: an absolute path, or a `file://` URI for a name that is not UTF-8
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @files: (nullable): the descriptors that handles in @options mean
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Like bgt_manager_create_download_async(), but waits for the answer.
 *
 * Returns: (transfer full): the download, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtDownload *
bgt_manager_create_download_sync (BgtManager *self,
                                  const char *uri,
                                  const char *destination,
                                  GVariant *options,
                                  GUnixFDList *files,
                                  GCancellable *cancellable,
                                  GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (destination != NULL, NULL);

  return (BgtDownload *) bts_lib_manager_create_sync (
      self, "CreateDownload",
      g_variant_new ("(ss@a{sv})", uri, destination, make_options (options)), files,
      BGT_TYPE_DOWNLOAD, cancellable, error);
}

/**
 * bgt_manager_create_download_to_fd_async:
 * @self: a manager
 * @uri: what to get
 * @fd: a regular file, open for writing; it stays the caller's
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the operation is there
 * @user_data: data for @callback
 *
 * Creates a download into an open file, which is written in place.
 *
 * Since: 1.0
 */
void
bgt_manager_create_download_to_fd_async (BgtManager *self,
                                         const char *uri,
                                         int fd,
                                         GVariant *options,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  g_autoptr (GVariant) checked = g_variant_ref_sink (make_options (options));
  g_autoptr (GError) error = NULL;
  int handle;

  g_return_if_fail (BGT_IS_MANAGER (self));
  g_return_if_fail (uri != NULL);

  handle = g_unix_fd_list_append (files, fd, &error);
  if (handle < 0)
    {
      g_task_report_new_error (self, callback, user_data, bgt_manager_create_download_to_fd_async,
                               BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                               "The destination cannot be sent: %s", error->message);
      return;
    }
  start_create (self, bgt_manager_create_download_to_fd_async, "CreateDownloadToFd",
                g_variant_new ("(sh@a{sv})", uri, handle, checked), "(o)", files, cancellable,
                callback, user_data);
}

/**
 * bgt_manager_create_download_to_fd_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_create_download_to_fd_async().
 *
 * Returns: (transfer full): the download, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtDownload *
bgt_manager_create_download_to_fd_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return finish_create_download (self, result, error);
}

/**
 * bgt_manager_create_operations_async:
 * @self: a manager
 * @specs: aa{sv}: options, and `kind`, `uri`, `destination`, and `start` to start them
 * @files: (nullable): the descriptors that handles in @specs mean
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the operations are there
 * @user_data: data for @callback
 *
 * Creates several operations, all or none.
 *
 * Since: 1.0
 */
void
bgt_manager_create_operations_async (BgtManager *self,
                                     GVariant *specs,
                                     GUnixFDList *files,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (BGT_IS_MANAGER (self));
  g_return_if_fail (specs != NULL && g_variant_is_of_type (specs, G_VARIANT_TYPE ("aa{sv}")));

  start_create (self, bgt_manager_create_operations_async, "CreateOperations",
                g_variant_new ("(@aa{sv})", specs), "(ao)", files, cancellable, callback,
                user_data);
}

/**
 * bgt_manager_create_operations_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_create_operations_async().
 *
 * Returns: (transfer full) (element-type BgtOperation): the operations in the order of the specs
 *
 * Since: 1.0
 */
GList *
bgt_manager_create_operations_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  Created *created = g_task_get_task_data (G_TASK (result));
  GList *list = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  for (guint i = 0; created->paths[i] != NULL; i++)
    {
      BgtOperation *operation = bts_lib_manager_lookup_path (self, created->paths[i]);

      if (operation != NULL)
        list = g_list_prepend (list, g_object_ref (operation));
    }
  return g_list_reverse (list);
}
