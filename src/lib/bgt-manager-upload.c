/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/bgt-error.h"
#include "lib/bgt-manager.h"
#include "lib/manager-private.h"

/* The calls that create uploads. */

static GVariant *
make_options (GVariant *options)
{
  return options != NULL ? options : g_variant_new ("a{sv}", NULL);
}

/**
 * bgt_manager_create_upload_async:
 * @self: a manager
 * @uri: where to send it
 * @source: what to send: an absolute path, or a `file://` URI for a name that is not UTF-8
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the operation is there
 * @user_data: data for @callback
 *
 * Creates an upload of one file, which moves once it is started. %BGT_ERROR_INVALID_ARGUMENT names
 * what is wrong with the arguments.
 *
 * Since: 1.0
 */
void
bgt_manager_create_upload_async (BgtManager *self,
                                 const char *uri,
                                 const char *source,
                                 GVariant *options,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (BGT_IS_MANAGER (self));
  g_return_if_fail (uri != NULL);
  g_return_if_fail (source != NULL);

  bts_lib_manager_create_async (self, bgt_manager_create_upload_async, "CreateUpload",
                                g_variant_new ("(ss@a{sv})", uri, source, make_options (options)),
                                NULL, cancellable, callback, user_data);
}

/**
 * bgt_manager_create_upload_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_create_upload_async().
 *
 * Returns: (transfer full): the upload, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtUpload *
bgt_manager_create_upload_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return (BgtUpload *) bts_lib_manager_create_finish (self, result, BGT_TYPE_UPLOAD, error);
}

/**
 * bgt_manager_create_upload_sync:
 * @self: a manager
 * @uri: where to send it
 * @source: what to send: an absolute path, or a `file://` URI for a name that is not UTF-8
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Like bgt_manager_create_upload_async(), but waits for the answer.
 *
 * Returns: (transfer full): the upload, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtUpload *
bgt_manager_create_upload_sync (BgtManager *self,
                                const char *uri,
                                const char *source,
                                GVariant *options,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (source != NULL, NULL);

  return (BgtUpload *) bts_lib_manager_create_sync (
      self, "CreateUpload", g_variant_new ("(ss@a{sv})", uri, source, make_options (options)), NULL,
      BGT_TYPE_UPLOAD, cancellable, error);
}

/* A list with @fd, of which @handle is the number. */
static GUnixFDList *
make_files (int fd, int *handle, GError **error)
{
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  g_autoptr (GError) local_error = NULL;

  *handle = g_unix_fd_list_append (files, fd, &local_error);
  if (*handle >= 0)
    return g_steal_pointer (&files);
  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "The source cannot be sent: %s",
               local_error->message);
  return NULL;
}

/**
 * bgt_manager_create_upload_from_fd_async:
 * @self: a manager
 * @uri: where to send it
 * @fd: a regular file, a pipe or a socket, open for reading; it stays the caller's
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the operation is there
 * @user_data: data for @callback
 *
 * Creates an upload of an open file, or of a stream, which is read to its end first.
 *
 * Since: 1.0
 */
void
bgt_manager_create_upload_from_fd_async (BgtManager *self,
                                         const char *uri,
                                         int fd,
                                         GVariant *options,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  g_autoptr (GVariant) checked = g_variant_ref_sink (make_options (options));
  g_autoptr (GUnixFDList) files = NULL;
  GError *error = NULL;
  int handle;

  g_return_if_fail (BGT_IS_MANAGER (self));
  g_return_if_fail (uri != NULL);

  files = make_files (fd, &handle, &error);
  if (files == NULL)
    {
      g_task_report_error (self, callback, user_data, bgt_manager_create_upload_from_fd_async,
                           error);
      return;
    }
  bts_lib_manager_create_async (self, bgt_manager_create_upload_from_fd_async, "CreateUploadFromFd",
                                g_variant_new ("(sh@a{sv})", uri, handle, checked), files,
                                cancellable, callback, user_data);
}

/**
 * bgt_manager_create_upload_from_fd_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_create_upload_from_fd_async().
 *
 * Returns: (transfer full): the upload, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtUpload *
bgt_manager_create_upload_from_fd_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return (BgtUpload *) bts_lib_manager_create_finish (self, result, BGT_TYPE_UPLOAD, error);
}

/**
 * bgt_manager_create_upload_from_fd_sync:
 * @self: a manager
 * @uri: where to send it
 * @fd: a regular file, a pipe or a socket, open for reading; it stays the caller's
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Like bgt_manager_create_upload_from_fd_async(), but waits for the answer.
 *
 * Returns: (transfer full): the upload, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtUpload *
bgt_manager_create_upload_from_fd_sync (BgtManager *self,
                                        const char *uri,
                                        int fd,
                                        GVariant *options,
                                        GCancellable *cancellable,
                                        GError **error)
{
  g_autoptr (GVariant) checked = g_variant_ref_sink (make_options (options));
  g_autoptr (GUnixFDList) files = NULL;
  int handle;

  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);

  files = make_files (fd, &handle, error);
  if (files == NULL)
    return NULL;
  return (BgtUpload *) bts_lib_manager_create_sync (
      self, "CreateUploadFromFd", g_variant_new ("(sh@a{sv})", uri, handle, checked), files,
      BGT_TYPE_UPLOAD, cancellable, error);
}

/**
 * bgt_manager_create_multipart_upload_async:
 * @self: a manager
 * @uri: where to send it
 * @parts: aa{sv}: each has `name`, and one of `text`, `file` and `fd`; a floating one is taken
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @files: (nullable): the descriptors that handles in @parts mean
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the operation is there
 * @user_data: data for @callback
 *
 * Creates an upload of several parts, a form for instance.
 *
 * Since: 1.0
 */
void
bgt_manager_create_multipart_upload_async (BgtManager *self,
                                           const char *uri,
                                           GVariant *parts,
                                           GVariant *options,
                                           GUnixFDList *files,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  g_return_if_fail (BGT_IS_MANAGER (self));
  g_return_if_fail (uri != NULL);
  g_return_if_fail (parts != NULL && g_variant_is_of_type (parts, G_VARIANT_TYPE ("aa{sv}")));

  bts_lib_manager_create_async (
      self, bgt_manager_create_multipart_upload_async, "CreateMultipartUpload",
      g_variant_new ("(s@aa{sv}@a{sv})", uri, parts, make_options (options)), files, cancellable,
      callback, user_data);
}

/**
 * bgt_manager_create_multipart_upload_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_create_multipart_upload_async().
 *
 * Returns: (transfer full): the upload, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtUpload *
bgt_manager_create_multipart_upload_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return (BgtUpload *) bts_lib_manager_create_finish (self, result, BGT_TYPE_UPLOAD, error);
}

/**
 * bgt_manager_create_multipart_upload_sync:
 * @self: a manager
 * @uri: where to send it
 * @parts: aa{sv}: each has `name`, and one of `text`, `file` and `fd`; a floating one is taken
 * @options: (nullable): a{sv}, see the reference of the D-Bus interface; a floating one is taken
 * @files: (nullable): the descriptors that handles in @parts mean
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Like bgt_manager_create_multipart_upload_async(), but waits for the answer.
 *
 * Returns: (transfer full): the upload, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtUpload *
bgt_manager_create_multipart_upload_sync (BgtManager *self,
                                          const char *uri,
                                          GVariant *parts,
                                          GVariant *options,
                                          GUnixFDList *files,
                                          GCancellable *cancellable,
                                          GError **error)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);
  g_return_val_if_fail (uri != NULL, NULL);
  g_return_val_if_fail (parts != NULL && g_variant_is_of_type (parts, G_VARIANT_TYPE ("aa{sv}")),
                        NULL);

  return (BgtUpload *) bts_lib_manager_create_sync (
      self, "CreateMultipartUpload",
      g_variant_new ("(s@aa{sv}@a{sv})", uri, parts, make_options (options)), files,
      BGT_TYPE_UPLOAD, cancellable, error);
}
