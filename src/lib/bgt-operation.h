/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "common/bgt-enums.h"

G_BEGIN_DECLS

#define BGT_TYPE_OPERATION (bgt_operation_get_type ())
G_DECLARE_DERIVABLE_TYPE (BgtOperation, bgt_operation, BGT, OPERATION, GObject)

/**
 * BgtOperationClass:
 * @parent_class: the parent
 *
 * The class of #BgtOperation.
 *
 * Since: 1.0
 */
struct _BgtOperationClass
{
  GObjectClass parent_class;

  /*< private >*/
  gpointer padding[8];
};

const char *bgt_operation_get_object_path (BgtOperation *self);
const char *bgt_operation_get_guid (BgtOperation *self);
BgtOperationKind bgt_operation_get_kind (BgtOperation *self);
BgtOperationStatus bgt_operation_get_status (BgtOperation *self);
gboolean bgt_operation_is_finished (BgtOperation *self);
gboolean bgt_operation_is_removed (BgtOperation *self);
const char *bgt_operation_get_requested_uri (BgtOperation *self);
const char *bgt_operation_get_method (BgtOperation *self);
BgtCostPolicy bgt_operation_get_cost_policy (BgtOperation *self);
BgtPriority bgt_operation_get_priority (BgtOperation *self);
guint64 bgt_operation_get_max_rate (BgtOperation *self);
char **bgt_operation_dup_blocked_by (BgtOperation *self);
gint64 bgt_operation_get_next_attempt (BgtOperation *self);
const char *bgt_operation_get_application_id (BgtOperation *self);
gint64 bgt_operation_get_created_time (BgtOperation *self);
gint64 bgt_operation_get_finished_time (BgtOperation *self);
guint64 bgt_operation_get_bytes_received (BgtOperation *self);
guint64 bgt_operation_get_total_bytes_to_receive (BgtOperation *self);
guint64 bgt_operation_get_bytes_sent (BgtOperation *self);
guint64 bgt_operation_get_total_bytes_to_send (BgtOperation *self);
gboolean bgt_operation_has_restarted (BgtOperation *self);
gboolean bgt_operation_has_response_changed (BgtOperation *self);
const char *bgt_operation_get_web_error_status (BgtOperation *self);
const char *bgt_operation_get_error_message (BgtOperation *self);

void bgt_operation_set_requested_uri_async (BgtOperation *self,
                                            const char *uri,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);
gboolean
bgt_operation_set_requested_uri_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_set_requested_uri_sync (BgtOperation *self,
                                               const char *uri,
                                               GCancellable *cancellable,
                                               GError **error);

void bgt_operation_set_cost_policy_async (BgtOperation *self,
                                          BgtCostPolicy cost_policy,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
gboolean
bgt_operation_set_cost_policy_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_set_cost_policy_sync (BgtOperation *self,
                                             BgtCostPolicy cost_policy,
                                             GCancellable *cancellable,
                                             GError **error);

void bgt_operation_set_priority_async (BgtOperation *self,
                                       BgtPriority priority,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean
bgt_operation_set_priority_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_set_priority_sync (BgtOperation *self,
                                          BgtPriority priority,
                                          GCancellable *cancellable,
                                          GError **error);

void bgt_operation_set_max_rate_async (BgtOperation *self,
                                       guint64 bytes_per_second,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean
bgt_operation_set_max_rate_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_set_max_rate_sync (BgtOperation *self,
                                          guint64 bytes_per_second,
                                          GCancellable *cancellable,
                                          GError **error);

void bgt_operation_start_async (BgtOperation *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean bgt_operation_start_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_start_sync (BgtOperation *self, GCancellable *cancellable, GError **error);

void bgt_operation_pause_async (BgtOperation *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
gboolean bgt_operation_pause_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_pause_sync (BgtOperation *self, GCancellable *cancellable, GError **error);

void bgt_operation_resume_async (BgtOperation *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean bgt_operation_resume_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_resume_sync (BgtOperation *self, GCancellable *cancellable, GError **error);

void bgt_operation_cancel_async (BgtOperation *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean bgt_operation_cancel_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_cancel_sync (BgtOperation *self, GCancellable *cancellable, GError **error);

void bgt_operation_acknowledge_async (BgtOperation *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
gboolean
bgt_operation_acknowledge_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean
bgt_operation_acknowledge_sync (BgtOperation *self, GCancellable *cancellable, GError **error);

void bgt_operation_attach_async (BgtOperation *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean bgt_operation_attach_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_attach_sync (BgtOperation *self, GCancellable *cancellable, GError **error);

void bgt_operation_set_request_header_async (BgtOperation *self,
                                             const char *name,
                                             const char *value,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
gboolean
bgt_operation_set_request_header_finish (BgtOperation *self, GAsyncResult *result, GError **error);
gboolean bgt_operation_set_request_header_sync (BgtOperation *self,
                                                const char *name,
                                                const char *value,
                                                GCancellable *cancellable,
                                                GError **error);

void bgt_operation_remove_request_header_async (BgtOperation *self,
                                                const char *name,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
gboolean bgt_operation_remove_request_header_finish (BgtOperation *self,
                                                     GAsyncResult *result,
                                                     GError **error);
gboolean bgt_operation_remove_request_header_sync (BgtOperation *self,
                                                   const char *name,
                                                   GCancellable *cancellable,
                                                   GError **error);

void bgt_operation_set_server_credential_async (BgtOperation *self,
                                                const char *user,
                                                const char *password,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
gboolean bgt_operation_set_server_credential_finish (BgtOperation *self,
                                                     GAsyncResult *result,
                                                     GError **error);
gboolean bgt_operation_set_server_credential_sync (BgtOperation *self,
                                                   const char *user,
                                                   const char *password,
                                                   GCancellable *cancellable,
                                                   GError **error);

void bgt_operation_set_proxy_credential_async (BgtOperation *self,
                                               const char *user,
                                               const char *password,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
gboolean bgt_operation_set_proxy_credential_finish (BgtOperation *self,
                                                    GAsyncResult *result,
                                                    GError **error);
gboolean bgt_operation_set_proxy_credential_sync (BgtOperation *self,
                                                  const char *user,
                                                  const char *password,
                                                  GCancellable *cancellable,
                                                  GError **error);

void bgt_operation_make_current_in_transfer_group_async (BgtOperation *self,
                                                         GCancellable *cancellable,
                                                         GAsyncReadyCallback callback,
                                                         gpointer user_data);
gboolean bgt_operation_make_current_in_transfer_group_finish (BgtOperation *self,
                                                              GAsyncResult *result,
                                                              GError **error);
gboolean bgt_operation_make_current_in_transfer_group_sync (BgtOperation *self,
                                                            GCancellable *cancellable,
                                                            GError **error);

void bgt_operation_get_response_information_async (BgtOperation *self,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
GVariant *bgt_operation_get_response_information_finish (BgtOperation *self,
                                                         GAsyncResult *result,
                                                         GError **error);
GVariant *bgt_operation_get_response_information_sync (BgtOperation *self,
                                                       GCancellable *cancellable,
                                                       GError **error);

void bgt_operation_open_result_async (BgtOperation *self,
                                      guint64 position,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
int bgt_operation_open_result_finish (BgtOperation *self, GAsyncResult *result, GError **error);
int bgt_operation_open_result_sync (BgtOperation *self,
                                    guint64 position,
                                    GCancellable *cancellable,
                                    GError **error);

G_END_DECLS
