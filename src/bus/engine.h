/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "model/operation.h"

/* What moves the transfers, as the bus layer sees it; the daemon implements it over the workers. */

#define BTS_TYPE_ENGINE (bts_engine_get_type ())
G_DECLARE_INTERFACE (BtsEngine, bts_engine, BTS, ENGINE, GObject)

struct _BtsEngineInterface
{
  GTypeInterface parent;

  void (*check_async) (BtsEngine *self,
                       BtsOwner *owner,
                       BtsRequest *request,
                       const BtsDescriptors *files,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  GVariant *(*check_finish) (BtsEngine *self, GAsyncResult *result, GError **error);
  void (*settle_async) (BtsEngine *self,
                        BtsOperation *operation,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*settle_finish) (BtsEngine *self, GAsyncResult *result, GError **error);
  void (*open_result_async) (BtsEngine *self,
                             BtsOperation *operation,
                             guint64 position,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
  int (*open_result_finish) (BtsEngine *self, GAsyncResult *result, GError **error);
  void (*request_range) (BtsEngine *self, BtsOperation *operation, guint64 offset, guint64 length);
  void (*forget_async) (BtsEngine *self,
                        BtsOperation *operation,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  gboolean (*forget_finish) (BtsEngine *self, GAsyncResult *result, GError **error);

  /* Both or none; without them no process of another user can be looked at. */
  void (*look_at_process_async) (BtsEngine *self,
                                 uid_t uid,
                                 guint32 pid,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
  GVariant *(*look_at_process_finish) (BtsEngine *self, GAsyncResult *result, GError **error);
};

/* Asks the user's worker whether @request's files can be opened as asked, before anything is
 * created. The result is an a{sv} of keys to add to the request (destination-file). Errors:
 * ACCESS_DENIED, NOT_FOUND, ALREADY_EXISTS, INVALID_ARGUMENT. @files stay the
 * caller's, who keeps them until it is done. */
void bts_engine_check_async (BtsEngine *self,
                             BtsOwner *owner,
                             BtsRequest *request,
                             const BtsDescriptors *files,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
GVariant *bts_engine_check_finish (BtsEngine *self, GAsyncResult *result, GError **error);

/* What the process @pid of the user @uid shows of itself (common/process-info.h), read by that
 * user's worker. NOT_SUPPORTED where that cannot be had. */
void bts_engine_look_at_process_async (BtsEngine *self,
                                       uid_t uid,
                                       guint32 pid,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
GVariant *bts_engine_look_at_process_finish (BtsEngine *self, GAsyncResult *result, GError **error);

/* Waits until the worker does what the operation now says (has stopped a paused one, has removed
 * the files of a canceled one) and the store holds it. */
void bts_engine_settle_async (BtsEngine *self,
                              BtsOperation *operation,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean bts_engine_settle_finish (BtsEngine *self, GAsyncResult *result, GError **error);

/* A read-only descriptor on what has arrived, at @position; the caller closes it. */
void bts_engine_open_result_async (BtsEngine *self,
                                   BtsOperation *operation,
                                   guint64 position,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
int bts_engine_open_result_finish (BtsEngine *self, GAsyncResult *result, GError **error);

/* Fetch this next; a hint that nobody waits for. */
void
bts_engine_request_range (BtsEngine *self, BtsOperation *operation, guint64 offset, guint64 length);

/* Before a finished operation is forgotten: removes the partial file that one which ended in an
 * error kept for another try. Nothing to remove is success. */
void bts_engine_forget_async (BtsEngine *self,
                              BtsOperation *operation,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
gboolean bts_engine_forget_finish (BtsEngine *self, GAsyncResult *result, GError **error);
