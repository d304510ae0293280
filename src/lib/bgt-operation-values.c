/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-operation.h"

#include "common/bgt-error.h"
#include "common/names.h"
#include "lib/operation-private.h"
#include "lib/remote.h"

/* The properties that may be written, and the calls that return something. */

#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"

static GVariant *
make_set (const char *property, GVariant *value)
{
  return g_variant_new ("(ssv)", BGT_INTERFACE_OPERATION, property, value);
}

static void
start_set (BgtOperation *self,
           gpointer source_tag,
           const char *property,
           GVariant *value,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           gpointer user_data)
{
  bts_lib_remote_call_async (bts_lib_operation_get_connection (self), self, source_tag,
                             bgt_operation_get_object_path (self), PROPERTIES_INTERFACE, "Set",
                             make_set (property, value), "()", NULL, cancellable, callback,
                             user_data);
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
set_sync (BgtOperation *self,
          const char *property,
          GVariant *value,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  reply =
      bts_lib_remote_call_sync (bts_lib_operation_get_connection (self),
                                bgt_operation_get_object_path (self), PROPERTIES_INTERFACE, "Set",
                                make_set (property, value), "()", NULL, NULL, cancellable, error);
  return reply != NULL;
}

/**
 * bgt_operation_set_requested_uri_async:
 * @self: an operation
 * @uri: the new URI
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Changes the URI of a paused or failed operation. Bytes that are held are kept if they still fit.
 *
 * Since: 1.0
 */
void
bgt_operation_set_requested_uri_async (BgtOperation *self,
                                       const char *uri,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));
  g_return_if_fail (uri != NULL);

  start_set (self, bgt_operation_set_requested_uri_async, "RequestedUri",
             g_variant_new_string (uri), cancellable, callback, user_data);
}

/**
 * bgt_operation_set_requested_uri_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_requested_uri_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_requested_uri_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_set_requested_uri_async, error);
}

/**
 * bgt_operation_set_requested_uri_sync:
 * @self: an operation
 * @uri: the new URI
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Changes the URI of a paused or failed operation. Bytes that are held are kept if they still fit.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_requested_uri_sync (BgtOperation *self,
                                      const char *uri,
                                      GCancellable *cancellable,
                                      GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);
  g_return_val_if_fail (uri != NULL, FALSE);

  return set_sync (self, "RequestedUri", g_variant_new_string (uri), cancellable, error);
}

/**
 * bgt_operation_set_cost_policy_async:
 * @self: an operation
 * @cost_policy: on which networks the operation may move
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Changes the cost policy, of a running operation as well.
 *
 * Since: 1.0
 */
void
bgt_operation_set_cost_policy_async (BgtOperation *self,
                                     BgtCostPolicy cost_policy,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_set (self, bgt_operation_set_cost_policy_async, "CostPolicy",
             g_variant_new_string (bgt_cost_policy_to_string (cost_policy)), cancellable, callback,
             user_data);
}

/**
 * bgt_operation_set_cost_policy_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_cost_policy_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_cost_policy_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_set_cost_policy_async, error);
}

/**
 * bgt_operation_set_cost_policy_sync:
 * @self: an operation
 * @cost_policy: on which networks the operation may move
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Changes the cost policy, of a running operation as well.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_cost_policy_sync (BgtOperation *self,
                                    BgtCostPolicy cost_policy,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return set_sync (self, "CostPolicy",
                   g_variant_new_string (bgt_cost_policy_to_string (cost_policy)), cancellable,
                   error);
}

/**
 * bgt_operation_set_priority_async:
 * @self: an operation
 * @priority: the new priority
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Changes the priority, of a running operation as well.
 *
 * Since: 1.0
 */
void
bgt_operation_set_priority_async (BgtOperation *self,
                                  BgtPriority priority,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_set (self, bgt_operation_set_priority_async, "Priority",
             g_variant_new_string (bgt_priority_to_string (priority)), cancellable, callback,
             user_data);
}

/**
 * bgt_operation_set_priority_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_priority_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_priority_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_set_priority_async, error);
}

/**
 * bgt_operation_set_priority_sync:
 * @self: an operation
 * @priority: the new priority
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Changes the priority, of a running operation as well.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_priority_sync (BgtOperation *self,
                                 BgtPriority priority,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return set_sync (self, "Priority", g_variant_new_string (bgt_priority_to_string (priority)),
                   cancellable, error);
}

/**
 * bgt_operation_set_max_rate_async:
 * @self: an operation
 * @bytes_per_second: the limit, or 0 for none
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Changes the limit of the rate, of a running operation as well.
 *
 * Since: 1.0
 */
void
bgt_operation_set_max_rate_async (BgtOperation *self,
                                  guint64 bytes_per_second,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  start_set (self, bgt_operation_set_max_rate_async, "MaxRate",
             g_variant_new_uint64 (bytes_per_second), cancellable, callback, user_data);
}

/**
 * bgt_operation_set_max_rate_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_set_max_rate_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_max_rate_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  return finish_call (self, result, bgt_operation_set_max_rate_async, error);
}

/**
 * bgt_operation_set_max_rate_sync:
 * @self: an operation
 * @bytes_per_second: the limit, or 0 for none
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Changes the limit of the rate, of a running operation as well.
 * Waits for the answer.
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_operation_set_max_rate_sync (BgtOperation *self,
                                 guint64 bytes_per_second,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_return_val_if_fail (BGT_IS_OPERATION (self), FALSE);

  return set_sync (self, "MaxRate", g_variant_new_uint64 (bytes_per_second), cancellable, error);
}

static GVariant *
unpack_information (GVariant *reply)
{
  GVariant *information = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(@a{sv})", &information);
  return information;
}

/**
 * bgt_operation_get_response_information_async:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Asks what the server has answered: `actual-uri` s, `status-code` u, `headers` a(ss) in the order
 * received, `is-resumable` b. %BGT_ERROR_NOT_YET_AVAILABLE while there is no answer.
 *
 * Since: 1.0
 */
void
bgt_operation_get_response_information_async (BgtOperation *self,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  bts_lib_remote_call_async (
      bts_lib_operation_get_connection (self), self, bgt_operation_get_response_information_async,
      bgt_operation_get_object_path (self), BGT_INTERFACE_OPERATION, "GetResponseInformation", NULL,
      "(a{sv})", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_get_response_information_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_get_response_information_async().
 *
 * Returns: (transfer full): a{sv}, or %NULL with @error set
 *
 * Since: 1.0
 */
GVariant *
bgt_operation_get_response_information_finish (BgtOperation *self,
                                               GAsyncResult *result,
                                               GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  reply = bts_lib_remote_call_finish (result, NULL, error);
  return unpack_information (reply);
}

/**
 * bgt_operation_get_response_information_sync:
 * @self: an operation
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Like bgt_operation_get_response_information_async(), but waits for the answer.
 *
 * Returns: (transfer full): a{sv}, or %NULL with @error set
 *
 * Since: 1.0
 */
GVariant *
bgt_operation_get_response_information_sync (BgtOperation *self,
                                             GCancellable *cancellable,
                                             GError **error)
{
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (BGT_IS_OPERATION (self), NULL);

  reply = bts_lib_remote_call_sync (bts_lib_operation_get_connection (self),
                                    bgt_operation_get_object_path (self), BGT_INTERFACE_OPERATION,
                                    "GetResponseInformation", NULL, "(a{sv})", NULL, NULL,
                                    cancellable, error);
  return unpack_information (reply);
}

/* The descriptor that @reply, (h), means; -1 with @error set where there is none. */
static int
unpack_file (GVariant *reply, GUnixFDList *files, GError **error)
{
  gint32 handle;

  if (reply == NULL)
    return -1;
  g_variant_get (reply, "(h)", &handle);
  if (files == NULL || handle < 0 || handle >= g_unix_fd_list_get_length (files))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_FAILED,
                           "The service answered OpenResult without a descriptor");
      return -1;
    }
  return g_unix_fd_list_get (files, handle, error);
}

/**
 * bgt_operation_open_result_async:
 * @self: an operation
 * @position: where to read from, in bytes
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @callback: (scope async): called when the service has answered
 * @user_data: data for @callback
 *
 * Opens what has arrived for reading, while it still grows, too. %BGT_ERROR_NOT_YET_AVAILABLE
 * where the byte at @position has not arrived.
 *
 * Since: 1.0
 */
void
bgt_operation_open_result_async (BgtOperation *self,
                                 guint64 position,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_return_if_fail (BGT_IS_OPERATION (self));

  bts_lib_remote_call_async (bts_lib_operation_get_connection (self), self,
                             bgt_operation_open_result_async, bgt_operation_get_object_path (self),
                             BGT_INTERFACE_OPERATION, "OpenResult", g_variant_new ("(t)", position),
                             "(h)", NULL, cancellable, callback, user_data);
}

/**
 * bgt_operation_open_result_finish:
 * @self: an operation
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_operation_open_result_async().
 *
 * Returns: a descriptor that the caller closes, or -1 with @error set
 *
 * Since: 1.0
 */
int
bgt_operation_open_result_finish (BgtOperation *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), -1);

  reply = bts_lib_remote_call_finish (result, &files, error);
  return unpack_file (reply, files, error);
}

/**
 * bgt_operation_open_result_sync:
 * @self: an operation
 * @position: where to read from, in bytes
 * @cancellable: (nullable): gives up waiting for the answer, not the call itself
 * @error: return location for an error
 *
 * Like bgt_operation_open_result_async(), but waits for the answer.
 *
 * Returns: a descriptor that the caller closes, or -1 with @error set
 *
 * Since: 1.0
 */
int
bgt_operation_open_result_sync (BgtOperation *self,
                                guint64 position,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (GUnixFDList) files = NULL;
  g_autoptr (GVariant) reply = NULL;

  g_return_val_if_fail (BGT_IS_OPERATION (self), -1);

  reply = bts_lib_remote_call_sync (bts_lib_operation_get_connection (self),
                                    bgt_operation_get_object_path (self), BGT_INTERFACE_OPERATION,
                                    "OpenResult", g_variant_new ("(t)", position), "(h)", NULL,
                                    &files, cancellable, error);
  return unpack_file (reply, files, error);
}
