/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/engine.h"

#include "common/bgt-error.h"

G_DEFINE_INTERFACE (BtsEngine, bts_engine, G_TYPE_OBJECT)

static void
bts_engine_default_init (BtsEngineInterface *iface)
{
}

void
bts_engine_check_async (BtsEngine *self,
                        BtsOwner *owner,
                        BtsRequest *request,
                        const BtsDescriptors *files,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  BTS_ENGINE_GET_IFACE (self)->check_async (self, owner, request, files, cancellable, callback,
                                            user_data);
}

GVariant *
bts_engine_check_finish (BtsEngine *self, GAsyncResult *result, GError **error)
{
  return BTS_ENGINE_GET_IFACE (self)->check_finish (self, result, error);
}

void
bts_engine_look_at_process_async (BtsEngine *self,
                                  uid_t uid,
                                  guint32 pid,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  BtsEngineInterface *iface = BTS_ENGINE_GET_IFACE (self);

  if (iface->look_at_process_async != NULL)
    iface->look_at_process_async (self, uid, pid, cancellable, callback, user_data);
  else
    g_task_report_new_error (self, callback, user_data, bts_engine_look_at_process_async, BGT_ERROR,
                             BGT_ERROR_NOT_SUPPORTED, "No process of user %u can be looked at",
                             uid);
}

GVariant *
bts_engine_look_at_process_finish (BtsEngine *self, GAsyncResult *result, GError **error)
{
  BtsEngineInterface *iface = BTS_ENGINE_GET_IFACE (self);

  if (iface->look_at_process_finish != NULL)
    return iface->look_at_process_finish (self, result, error);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
bts_engine_settle_async (BtsEngine *self,
                         BtsOperation *operation,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  BTS_ENGINE_GET_IFACE (self)->settle_async (self, operation, cancellable, callback, user_data);
}

gboolean
bts_engine_settle_finish (BtsEngine *self, GAsyncResult *result, GError **error)
{
  return BTS_ENGINE_GET_IFACE (self)->settle_finish (self, result, error);
}

void
bts_engine_forget_async (BtsEngine *self,
                         BtsOperation *operation,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  BTS_ENGINE_GET_IFACE (self)->forget_async (self, operation, cancellable, callback, user_data);
}

gboolean
bts_engine_forget_finish (BtsEngine *self, GAsyncResult *result, GError **error)
{
  return BTS_ENGINE_GET_IFACE (self)->forget_finish (self, result, error);
}

void
bts_engine_open_result_async (BtsEngine *self,
                              BtsOperation *operation,
                              guint64 position,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  BTS_ENGINE_GET_IFACE (self)->open_result_async (self, operation, position, cancellable, callback,
                                                  user_data);
}

int
bts_engine_open_result_finish (BtsEngine *self, GAsyncResult *result, GError **error)
{
  return BTS_ENGINE_GET_IFACE (self)->open_result_finish (self, result, error);
}

void
bts_engine_request_range (BtsEngine *self, BtsOperation *operation, guint64 offset, guint64 length)
{
  BTS_ENGINE_GET_IFACE (self)->request_range (self, operation, offset, length);
}
