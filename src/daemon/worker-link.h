/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

#include "daemon/worker-report.h"
#include "model/descriptors.h"

/* The private connection to one worker: its calls, and what it reports. What the worker says is
 * data from a stranger: types are checked here, meaning by whoever takes the report.
 *
 * Signals
 *   report (BtsWorkerReport *report)   a checkpoint or an end, which has to be answered
 *   progress (const char *guid, guint64 bytes_received, guint64 total_to_receive,
 *             guint64 bytes_sent, guint64 total_to_send)
 *   server-known (const char *origin, const char *protocol)
 *   find-forgotten (const char *const *guids, GStrvBuilder *forgotten)   to be filled by whoever
 *             knows all operations
 *   closed ()                          once; the worker has gone, or talks nonsense */

#define BTS_TYPE_WORKER_LINK (bts_worker_link_get_type ())
G_DECLARE_FINAL_TYPE (BtsWorkerLink, bts_worker_link, BTS, WORKER_LINK, GObject)

/* Talks to whoever is at the other end of @socket, provided that it was connected by a process of
 * @uid, or made as a pair by this one. */
void bts_worker_link_new_async (GSocketConnection *socket,
                                uid_t uid,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
BtsWorkerLink *bts_worker_link_new_finish (GAsyncResult *result, GError **error);

uid_t bts_worker_link_get_uid (BtsWorkerLink *self);
gboolean bts_worker_link_is_closed (BtsWorkerLink *self);

/* Closes the socket, upon which the worker exits. */
void bts_worker_link_close (BtsWorkerLink *self);

/* The calls of org.example.BackgroundTransfer.Worker; dictionaries are not consumed, @files and
 * @streams stay the caller's; _check and _start send no streams. All are finished by _call_finish
 * but those that have a _finish of their own. */
void bts_worker_link_configure_async (BtsWorkerLink *self,
                                      GVariant *settings,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
void bts_worker_link_check_async (BtsWorkerLink *self,
                                  GVariant *request,
                                  const BtsDescriptors *files,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void bts_worker_link_start_async (BtsWorkerLink *self,
                                  const char *guid,
                                  GVariant *request,
                                  GVariant *checkpoint, /* (nullable) */
                                  const BtsDescriptors *files,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data);
void bts_worker_link_keep_async (BtsWorkerLink *self,
                                 const char *guid,
                                 GVariant *request,
                                 GArray *streams, /* (nullable) (element-type int) */
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void bts_worker_link_stop_async (BtsWorkerLink *self,
                                 const char *guid,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
void bts_worker_link_discard_async (BtsWorkerLink *self,
                                    const char *guid,
                                    GVariant *request,
                                    GVariant *checkpoint, /* (nullable) */
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
void bts_worker_link_open_result_async (BtsWorkerLink *self,
                                        const char *guid,
                                        GVariant *request,
                                        GVariant *checkpoint, /* (nullable) */
                                        guint64 position,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
void bts_worker_link_change_async (BtsWorkerLink *self,
                                   const char *guid,
                                   GVariant *changes,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
void bts_worker_link_request_range_async (BtsWorkerLink *self,
                                          const char *guid,
                                          guint64 offset,
                                          guint64 length,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
void bts_worker_link_reconnect_async (BtsWorkerLink *self,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);

/* Finished by _check_finish. */
void bts_worker_link_look_at_process_async (BtsWorkerLink *self,
                                            guint32 pid,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data);

gboolean bts_worker_link_call_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);
GVariant *bts_worker_link_check_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);
int bts_worker_link_open_result_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error);
