/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/worker-link.h"
#include "model/descriptors.h"

/* The calls of org.example.BackgroundTransfer.Worker. Dictionaries are not consumed; @files and
 * @streams stay the caller's. _check and _start send no streams. */

void bts_worker_call_configure_async (BtsWorkerLink *self,
                                      GVariant *settings,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
void bts_worker_call_check_async (BtsWorkerLink *self,
                                  GVariant *request,
                                  const BtsDescriptors *files,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void bts_worker_call_start_async (BtsWorkerLink *self,
                                  const char *guid,
                                  const char *application,
                                  GVariant *request,
                                  GVariant *checkpoint, /* (nullable) */
                                  const BtsDescriptors *files,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void bts_worker_call_keep_async (BtsWorkerLink *self,
                                 const char *guid,
                                 const char *application,
                                 GVariant *request,
                                 GArray *streams, /* (nullable) (element-type int) */
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void bts_worker_call_stop_async (BtsWorkerLink *self,
                                 const char *guid,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);

/* Of a job that has been told to stop: when it has, which may be never, or the worker has ended. */
void bts_worker_call_wait_async (BtsWorkerLink *self,
                                 const char *guid,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void bts_worker_call_discard_async (BtsWorkerLink *self,
                                    const char *guid,
                                    GVariant *request,
                                    GVariant *checkpoint, /* (nullable) */
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
void bts_worker_call_open_result_async (BtsWorkerLink *self,
                                        const char *guid,
                                        GVariant *request,
                                        GVariant *checkpoint, /* (nullable) */
                                        guint64 position,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
void bts_worker_call_change_async (BtsWorkerLink *self,
                                   const char *guid,
                                   GVariant *changes,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);

/* Whether it answers at all, and soon. */
void bts_worker_call_probe_async (BtsWorkerLink *self,
                                  const char *guid,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void bts_worker_call_request_range_async (BtsWorkerLink *self,
                                          const char *guid,
                                          guint64 offset,
                                          guint64 length,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
void bts_worker_call_reconnect_async (BtsWorkerLink *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
void bts_worker_call_look_at_process_async (BtsWorkerLink *self,
                                            guint32 pid,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);

/* Of all calls but those below. */
gboolean bts_worker_call_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);

/* a{sv}, not floating. */
GVariant *bts_worker_call_check_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);
GVariant *
bts_worker_call_look_at_process_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);

/* The caller closes it; -1 on error. */
int bts_worker_call_open_result_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);
