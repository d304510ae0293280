/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

#include "lib/bgt-download.h"
#include "lib/bgt-upload.h"

G_BEGIN_DECLS

#define BGT_TYPE_MANAGER (bgt_manager_get_type ())
G_DECLARE_FINAL_TYPE (BgtManager, bgt_manager, BGT, MANAGER, GObject)

void bgt_manager_new_for_bus_async (GBusType bus_type,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
BgtManager *bgt_manager_new_for_bus_finish (GAsyncResult *result, GError **error);
BgtManager *
bgt_manager_new_for_bus_sync (GBusType bus_type, GCancellable *cancellable, GError **error);

GDBusConnection *bgt_manager_get_connection (BgtManager *self);
gboolean bgt_manager_is_connected (BgtManager *self);
const char *bgt_manager_get_version (BgtManager *self);
guint bgt_manager_get_operation_limit (BgtManager *self);

GList *bgt_manager_list_operations (BgtManager *self);
BgtOperation *bgt_manager_lookup_operation (BgtManager *self, const char *guid);

void bgt_manager_activate_async (BgtManager *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
gboolean bgt_manager_activate_finish (BgtManager *self, GAsyncResult *result, GError **error);

void bgt_manager_create_download_async (BgtManager *self,
                                        const char *uri,
                                        const char *destination,
                                        GVariant *options,
                                        GUnixFDList *files,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
BgtDownload *
bgt_manager_create_download_finish (BgtManager *self, GAsyncResult *result, GError **error);
BgtDownload *bgt_manager_create_download_sync (BgtManager *self,
                                               const char *uri,
                                               const char *destination,
                                               GVariant *options,
                                               GUnixFDList *files,
                                               GCancellable *cancellable,
                                               GError **error);

void bgt_manager_create_download_to_fd_async (BgtManager *self,
                                              const char *uri,
                                              int fd,
                                              GVariant *options,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
BgtDownload *
bgt_manager_create_download_to_fd_finish (BgtManager *self, GAsyncResult *result, GError **error);

void bgt_manager_create_upload_async (BgtManager *self,
                                      const char *uri,
                                      const char *source,
                                      GVariant *options,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
BgtUpload *
bgt_manager_create_upload_finish (BgtManager *self, GAsyncResult *result, GError **error);
BgtUpload *bgt_manager_create_upload_sync (BgtManager *self,
                                           const char *uri,
                                           const char *source,
                                           GVariant *options,
                                           GCancellable *cancellable,
                                           GError **error);

void bgt_manager_create_upload_from_fd_async (BgtManager *self,
                                              const char *uri,
                                              int fd,
                                              GVariant *options,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data);
BgtUpload *
bgt_manager_create_upload_from_fd_finish (BgtManager *self, GAsyncResult *result, GError **error);
BgtUpload *bgt_manager_create_upload_from_fd_sync (BgtManager *self,
                                                   const char *uri,
                                                   int fd,
                                                   GVariant *options,
                                                   GCancellable *cancellable,
                                                   GError **error);

void bgt_manager_create_multipart_upload_async (BgtManager *self,
                                                const char *uri,
                                                GVariant *parts,
                                                GVariant *options,
                                                GUnixFDList *files,
                                                GCancellable *cancellable,
                                                GAsyncReadyCallback callback,
                                                gpointer user_data);
BgtUpload *
bgt_manager_create_multipart_upload_finish (BgtManager *self, GAsyncResult *result, GError **error);
BgtUpload *bgt_manager_create_multipart_upload_sync (BgtManager *self,
                                                     const char *uri,
                                                     GVariant *parts,
                                                     GVariant *options,
                                                     GUnixFDList *files,
                                                     GCancellable *cancellable,
                                                     GError **error);

void bgt_manager_create_operations_async (BgtManager *self,
                                          GVariant *specs,
                                          GUnixFDList *files,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
GList *
bgt_manager_create_operations_finish (BgtManager *self, GAsyncResult *result, GError **error);

GVariant *
bgt_manager_get_network_sync (BgtManager *self, GCancellable *cancellable, GError **error);
GVariant *bgt_manager_get_power_sync (BgtManager *self, GCancellable *cancellable, GError **error);
GVariant *
bgt_manager_list_groups_sync (BgtManager *self, GCancellable *cancellable, GError **error);
gboolean bgt_manager_set_data_plan_sync (BgtManager *self,
                                         const char *connection_uuid,
                                         GVariant *plan,
                                         GCancellable *cancellable,
                                         GError **error);
gboolean bgt_manager_remove_data_plan_sync (BgtManager *self,
                                            const char *connection_uuid,
                                            GCancellable *cancellable,
                                            GError **error);
gboolean bgt_manager_set_background_data_restricted_sync (BgtManager *self,
                                                          gboolean is_restricted,
                                                          GCancellable *cancellable,
                                                          GError **error);

G_END_DECLS
