/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-operation.h"

#include "common/names.h"
#include "lib/operation-private.h"
#include "lib/remote.h"

/* The calls of an operation that take no more than words and return nothing. */

static void
start_call (BgtOperation *self,
            gpointer source_tag,
            const char *method,
            GVariant *parameters,
            GCancellable *cancellable,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  bts_lib_remote_call_async (bts_lib_operation_get_connection (self), self, source_tag,
                             bgt_operation_get_object_path (self), BGT_INTERFACE_OPERATION, method,
                             parameters, "()", NULL, cancellable, callback, user_data);
}

static gboolean
finish_call (BgtOperation *self, GAsyncResult *result, gpointer source_tag, GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), FALSE);

  reply = bts_lib_remote_call_finish (result, NULL, error);
  return reply != NULL;
}

static gboolean
call_sync (BgtOperation *self,
           const char *method,
           GVariant *parameters,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  reply = bts_lib_remote_call_sync (bts_lib_operation_get_connection (self),
                                    bgt_operation_get_object_path (self), BGT_INTERFACE_OPERATION,
                                    method, parameters, "()", NULL, NULL, cancellable, error);
  return reply != NULL;
}

/**
 * bgt_operation_start_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Lets the operation move; how it goes shows in its properties.
 *
 * Since: 1.0
 */
void
bgt_operation_start_async (BgtOperation *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_start_async, "Start", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_start_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_start_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_start_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_start_async, error);
}

/**
 * bgt_operation_start_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Lets the operation move; how it goes shows in its properties.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_start_sync (BgtOperation *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "Start", NULL, cancellable, error);
}

/**
 * bgt_operation_pause_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Closes the connection and keeps what has arrived. %BGT_ERROR_INVALID_STATE once the operation is
 * finished, or where it could not be continued.
 *
 * Since: 1.0
 */
void
bgt_operation_pause_async (BgtOperation *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_pause_async, "Pause", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_pause_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_pause_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_pause_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_pause_async, error);
}

/**
 * bgt_operation_pause_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Closes the connection and keeps what has arrived. %BGT_ERROR_INVALID_STATE once the operation is
 * finished, or where it could not be continued.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_pause_sync (BgtOperation *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "Pause", NULL, cancellable, error);
}

/**
 * bgt_operation_resume_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Continues a paused operation, and tries one again that ended in an error, from what it already
 * holds.
 *
 * Since: 1.0
 */
void
bgt_operation_resume_async (BgtOperation *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_resume_async, "Resume", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_resume_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_resume_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_resume_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_resume_async, error);
}

/**
 * bgt_operation_resume_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Continues a paused operation, and tries one again that ended in an error, from what it already
 * holds.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_resume_sync (BgtOperation *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "Resume", NULL, cancellable, error);
}

/**
 * bgt_operation_cancel_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Ends the operation and removes its partial files. It stays, as canceled, until it is
 * acknowledged.
 *
 * Since: 1.0
 */
void
bgt_operation_cancel_async (BgtOperation *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_cancel_async, "Cancel", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_cancel_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_cancel_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_cancel_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_cancel_async, error);
}

/**
 * bgt_operation_cancel_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Ends the operation and removes its partial files. It stays, as canceled, until it is
 * acknowledged.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_cancel_sync (BgtOperation *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "Cancel", NULL, cancellable, error);
}

/**
 * bgt_operation_acknowledge_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Forgets a finished operation.
 *
 * Since: 1.0
 */
void
bgt_operation_acknowledge_async (BgtOperation *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_acknowledge_async, "Acknowledge", NULL, cancellable, callback,
              user_data);
}

/**
 * bgt_operation_acknowledge_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_acknowledge_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_acknowledge_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_acknowledge_async, error);
}

/**
 * bgt_operation_acknowledge_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Forgets a finished operation.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_acknowledge_sync (BgtOperation *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "Acknowledge", NULL, cancellable, error);
}

/**
 * bgt_operation_attach_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Tells the service that this connection wants the signals of the operation: the application has
 * come back after a restart.
 *
 * Since: 1.0
 */
void
bgt_operation_attach_async (BgtOperation *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_attach_async, "Attach", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_attach_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_attach_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_attach_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_attach_async, error);
}

/**
 * bgt_operation_attach_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Tells the service that this connection wants the signals of the operation: the application has
 * come back after a restart.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_attach_sync (BgtOperation *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "Attach", NULL, cancellable, error);
}

/**
 * bgt_operation_set_request_header_async:
 * @self: an operation
 * @name: name of the header
 * @value: its value
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Sets a header of the requests made from now on.
 *
 * Since: 1.0
 */
void
bgt_operation_set_request_header_async (BgtOperation *self,
                                        const char *name,
                                        const char *value,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));
  g_return_if_fail (name != NULL);
  g_return_if_fail (value != NULL);

  start_call (self, bgt_operation_set_request_header_async, "SetRequestHeader",
              g_variant_new ("(ss)", name, value), cancellable, callback, user_data);
}

/**
 * bgt_operation_set_request_header_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_request_header_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_request_header_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_set_request_header_async, error);
}

/**
 * bgt_operation_set_request_header_sync:
 * @self: an operation
 * @name: name of the header
 * @value: its value
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Sets a header of the requests made from now on.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_request_header_sync (BgtOperation *self,
                                       const char *name,
                                       const char *value,
                                       GCancellable *cancellable,
                                       GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);

  return call_sync (self, "SetRequestHeader", g_variant_new ("(ss)", name, value), cancellable,
                    error);
}

/**
 * bgt_operation_remove_request_header_async:
 * @self: an operation
 * @name: name of the header
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Removes a header from the requests made from now on.
 *
 * Since: 1.0
 */
void
bgt_operation_remove_request_header_async (BgtOperation *self,
                                           const char *name,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));
  g_return_if_fail (name != NULL);

  start_call (self, bgt_operation_remove_request_header_async, "RemoveRequestHeader",
              g_variant_new ("(s)", name), cancellable, callback, user_data);
}

/**
 * bgt_operation_remove_request_header_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_remove_request_header_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_remove_request_header_finish (BgtOperation *self,
                                            GAsyncResult *result,
                                            GError **error)
{
  return finish_call (self, result, bgt_operation_remove_request_header_async, error);
}

/**
 * bgt_operation_remove_request_header_sync:
 * @self: an operation
 * @name: name of the header
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Removes a header from the requests made from now on.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_remove_request_header_sync (BgtOperation *self,
                                          const char *name,
                                          GCancellable *cancellable,
                                          GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);
  g_return_val_if_fail (name != NULL, FALSE);

  return call_sync (self, "RemoveRequestHeader", g_variant_new ("(s)", name), cancellable, error);
}

/**
 * bgt_operation_set_server_credential_async:
 * @self: an operation
 * @user: user name
 * @password: password
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Sets what is sent to the server once it asks who we are; both empty, the user's own Kerberos
 * tickets. It cannot be read back.
 *
 * Since: 1.0
 */
void
bgt_operation_set_server_credential_async (BgtOperation *self,
                                           const char *user,
                                           const char *password,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));
  g_return_if_fail (user != NULL);
  g_return_if_fail (password != NULL);

  start_call (self, bgt_operation_set_server_credential_async, "SetServerCredential",
              g_variant_new ("(ss)", user, password), cancellable, callback, user_data);
}

/**
 * bgt_operation_set_server_credential_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_server_credential_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_server_credential_finish (BgtOperation *self,
                                            GAsyncResult *result,
                                            GError **error)
{
  return finish_call (self, result, bgt_operation_set_server_credential_async, error);
}

/**
 * bgt_operation_set_server_credential_sync:
 * @self: an operation
 * @user: user name
 * @password: password
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Sets what is sent to the server once it asks who we are; both empty, the user's own Kerberos
 * tickets. It cannot be read back.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_server_credential_sync (BgtOperation *self,
                                          const char *user,
                                          const char *password,
                                          GCancellable *cancellable,
                                          GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);
  g_return_val_if_fail (user != NULL, FALSE);
  g_return_val_if_fail (password != NULL, FALSE);

  return call_sync (self, "SetServerCredential", g_variant_new ("(ss)", user, password),
                    cancellable, error);
}

/**
 * bgt_operation_set_proxy_credential_async:
 * @self: an operation
 * @user: user name
 * @password: password
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Sets what is sent to the proxy once it asks who we are. It cannot be read back.
 *
 * Since: 1.0
 */
void
bgt_operation_set_proxy_credential_async (BgtOperation *self,
                                          const char *user,
                                          const char *password,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));
  g_return_if_fail (user != NULL);
  g_return_if_fail (password != NULL);

  start_call (self, bgt_operation_set_proxy_credential_async, "SetProxyCredential",
              g_variant_new ("(ss)", user, password), cancellable, callback, user_data);
}

/**
 * bgt_operation_set_proxy_credential_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_proxy_credential_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_proxy_credential_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_set_proxy_credential_async, error);
}

/**
 * bgt_operation_set_proxy_credential_sync:
 * @self: an operation
 * @user: user name
 * @password: password
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Sets what is sent to the proxy once it asks who we are. It cannot be read back.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_proxy_credential_sync (BgtOperation *self,
                                         const char *user,
                                         const char *password,
                                         GCancellable *cancellable,
                                         GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);
  g_return_val_if_fail (user != NULL, FALSE);
  g_return_val_if_fail (password != NULL, FALSE);

  return call_sync (self, "SetProxyCredential", g_variant_new ("(ss)", user, password), cancellable,
                    error);
}

/**
 * bgt_operation_make_current_in_transfer_group_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Moves the operation, and those after it, to the front of its group.
 *
 * Since: 1.0
 */
void
bgt_operation_make_current_in_transfer_group_async (BgtOperation *self,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_call (self, bgt_operation_make_current_in_transfer_group_async,
              "MakeCurrentInTransferGroup", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_make_current_in_transfer_group_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_make_current_in_transfer_group_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_make_current_in_transfer_group_finish (BgtOperation *self,
                                                     GAsyncResult *result,
                                                     GError **error)
{
  return finish_call (self, result, bgt_operation_make_current_in_transfer_group_async, error);
}

/**
 * bgt_operation_make_current_in_transfer_group_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Moves the operation, and those after it, to the front of its group.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_make_current_in_transfer_group_sync (BgtOperation *self,
                                                   GCancellable *cancellable,
                                                   GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return call_sync (self, "MakeCurrentInTransferGroup", NULL, cancellable, error);
}
