/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-engine.h"

#include "common/bgt-error.h"
#include "daemon/worker-call.h"

struct _BtsWorkerEngine
{
  GObject parent;

  BtsWorkerPool *pool; /* (owned) */
  BtsJobs *jobs;       /* (owned) */
  BtsStore *store;     /* (owned) */
};

static void bts_worker_engine_engine_init (BtsEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsWorkerEngine,
                               bts_worker_engine,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_ENGINE,
                                                      bts_worker_engine_engine_init))

/* What a call to a worker needs once there is one. */
typedef struct
{
  BtsRequest *request;         /* (owned) (nullable) */
  const BtsDescriptors *files; /* (unowned) (nullable) */
  BtsOperation *operation;     /* (owned) (nullable) */
  guint64 position;
  guint32 pid;
  uid_t uid;
  GAsyncReadyCallback on_acquired;
  gboolean is_second_try;
  BtsWorkerLink *link; /* (owned) (nullable): held in the pool */
} Call;

static void
call_free (Call *call)
{
  g_clear_pointer (&call->request, bts_request_unref);
  g_clear_object (&call->operation);
  g_clear_object (&call->link);
  g_free (call);
}

static Call *
add_call (GTask *task, gpointer source_tag)
{
  Call *call = g_new0 (Call, 1);

  g_task_set_source_tag (task, source_tag);
  g_task_set_task_data (task, call, (GDestroyNotify) call_free);
  return call;
}

static void
on_probed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsWorkerEngine) self = BTS_WORKER_ENGINE (user_data);
  BtsWorkerLink *link = BTS_WORKER_LINK (source);

  if (bts_worker_call_finish (link, result, NULL) || bts_worker_link_is_closed (link))
    return;
  g_warning ("The worker of user %u answers nothing and is ended", bts_worker_link_get_uid (link));
  bts_worker_pool_kill (self->pool, link);
}

/* Errors of ours pass as they are; whatever else can go wrong is the worker's failing. Where one
 * call has no answer, its file system may hang; where none has one, the worker is of no use. */
static void
return_error (GTask *task, GError *error)
{
  BtsWorkerEngine *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  if (call->link != NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    bts_worker_call_probe_async (call->link, "", NULL, on_probed, g_object_ref (self));
  if (error->domain != BGT_ERROR)
    {
      GError *ours = g_error_new (BGT_ERROR, BGT_ERROR_FAILED, "The worker did not answer: %s",
                                  error->message);

      g_error_free (error);
      error = ours;
    }
  g_task_return_error (task, error);
}

/* Takes @task, with its Call. */
static void
acquire (GTask *task)
{
  BtsWorkerEngine *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  bts_worker_pool_acquire_async (self->pool, call->uid, call->on_acquired, task);
}

/* FALSE where there is no worker; @task has been returned then. */
static gboolean
take_link (GTask *task, GAsyncResult *result)
{
  BtsWorkerEngine *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  call->link = bts_worker_pool_acquire_finish (self->pool, result, &error);
  if (call->link == NULL)
    {
      return_error (task, error);
      return FALSE;
    }
  return TRUE;
}

static void
release_link (GTask *task)
{
  BtsWorkerEngine *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);

  bts_worker_pool_release (self->pool, call->link);
}

/* A worker that died over a call, or before it, says nothing about it: the next one is asked, once.
 */
static gboolean
try_again (GTask *task)
{
  Call *call = g_task_get_task_data (task);

  if (call->is_second_try || !bts_worker_link_is_closed (call->link))
    return FALSE;
  call->is_second_try = TRUE;
  g_clear_object (&call->link);
  acquire (g_object_ref (task));
  return TRUE;
}

/* Check */

/* Takes @found, or @error where there is none. */
static void
return_found (GTask *task, GVariant *found, GError *error)
{
  release_link (task);
  if (found != NULL)
    g_task_return_pointer (task, found, (GDestroyNotify) g_variant_unref);
  else if (try_again (task))
    g_error_free (error);
  else
    return_error (task, error);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  GError *error = NULL;
  GVariant *found = bts_worker_call_check_finish (BTS_WORKER_LINK (source), result, &error);

  return_found (task, found, error);
}

static void
on_acquired_for_check (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Call *call = g_task_get_task_data (task);

  if (!take_link (task, result))
    return;
  bts_worker_call_check_async (call->link, bts_request_get_variant (call->request), call->files,
                               g_task_get_cancellable (task), on_checked, g_object_ref (task));
}

static void
bts_worker_engine_check_async (BtsEngine *engine,
                               BtsOwner *owner,
                               BtsRequest *request,
                               const BtsDescriptors *files,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  BtsWorkerEngine *self = BTS_WORKER_ENGINE (engine);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = add_call (task, bts_worker_engine_check_async);

  call->request = bts_request_ref (request);
  call->files = files;
  call->uid = bts_owner_get_uid (owner);
  call->on_acquired = on_acquired_for_check;
  acquire (task);
}

static GVariant *
bts_worker_engine_check_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Processes */

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  GError *error = NULL;
  GVariant *found =
      bts_worker_call_look_at_process_finish (BTS_WORKER_LINK (source), result, &error);

  return_found (task, found, error);
}

static void
on_acquired_to_look (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Call *call = g_task_get_task_data (task);

  if (take_link (task, result))
    bts_worker_call_look_at_process_async (call->link, call->pid, g_task_get_cancellable (task),
                                           on_looked, g_object_ref (task));
}

static void
bts_worker_engine_look_at_process_async (BtsEngine *engine,
                                         uid_t uid,
                                         guint32 pid,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  BtsWorkerEngine *self = BTS_WORKER_ENGINE (engine);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = add_call (task, bts_worker_engine_look_at_process_async);

  call->pid = pid;
  call->uid = uid;
  call->on_acquired = on_acquired_to_look;
  acquire (task);
}

/* Settle */

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  GError *error = NULL;

  if (bts_store_save_finish (BTS_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  BtsWorkerEngine *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (!bts_jobs_settle_finish (BTS_JOBS (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  bts_store_save_async (self->store, call->operation, g_task_get_cancellable (task), on_saved,
                        g_object_ref (task));
}

static void
bts_worker_engine_settle_async (BtsEngine *engine,
                                BtsOperation *operation,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  BtsWorkerEngine *self = BTS_WORKER_ENGINE (engine);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = add_call (task, bts_worker_engine_settle_async);

  call->operation = g_object_ref (operation);
  bts_jobs_settle_async (self->jobs, operation, cancellable, on_settled, task);
}

static gboolean
bts_worker_engine_settle_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What has arrived */

static void
on_result_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  GError *error = NULL;
  int fd = bts_worker_call_open_result_finish (BTS_WORKER_LINK (source), result, &error);

  release_link (task);
  if (fd >= 0)
    g_task_return_int (task, fd);
  else if (try_again (task))
    g_error_free (error);
  else
    return_error (task, error);
}

static void
on_acquired_for_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Call *call = g_task_get_task_data (task);

  if (!take_link (task, result))
    return;
  bts_worker_call_open_result_async (
      call->link, bts_operation_get_guid (call->operation),
      bts_request_get_variant (bts_operation_get_request (call->operation)),
      bts_operation_get_checkpoint (call->operation), call->position, g_task_get_cancellable (task),
      on_result_opened, g_object_ref (task));
}

static void
bts_worker_engine_open_result_async (BtsEngine *engine,
                                     BtsOperation *operation,
                                     guint64 position,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  BtsWorkerEngine *self = BTS_WORKER_ENGINE (engine);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = add_call (task, bts_worker_engine_open_result_async);

  call->operation = g_object_ref (operation);
  call->position = position;
  call->uid = bts_owner_get_uid (bts_operation_get_owner (operation));
  call->on_acquired = on_acquired_for_result;
  acquire (task);
}

static int
bts_worker_engine_open_result_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

/* Forget */

static void
on_discarded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Call *call = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;

  /* A folder that is not there any more must not keep the operation for ever. */
  if (!bts_worker_call_finish (BTS_WORKER_LINK (source), result, &error))
    g_message ("%s: what had arrived could not be removed: %s",
               bts_operation_get_guid (call->operation), error->message);
  release_link (task);
  g_task_return_boolean (task, TRUE);
}

static void
on_acquired_to_forget (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Call *call = g_task_get_task_data (task);

  if (!take_link (task, result))
    return;
  bts_worker_call_discard_async (
      call->link, bts_operation_get_guid (call->operation),
      bts_request_get_variant (bts_operation_get_request (call->operation)),
      bts_operation_get_checkpoint (call->operation), NULL, on_discarded, g_object_ref (task));
}

/* A download that is whole belongs to the user, and one that was canceled has left nothing. */
static gboolean
has_files (BtsOperation *operation)
{
  BgtOperationKind kind = bts_request_get_kind (bts_operation_get_request (operation));

  return bts_operation_may_have_files (operation) &&
         (kind == BGT_OPERATION_KIND_UPLOAD ||
          bts_operation_get_status (operation) == BGT_OPERATION_STATUS_ERROR);
}

static void
on_settled_to_forget (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  BtsWorkerEngine *self = g_task_get_source_object (task);
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;

  if (!bts_jobs_settle_finish (BTS_JOBS (source), result, &error))
    g_task_return_error (task, error);
  else if (!has_files (call->operation))
    g_task_return_boolean (task, TRUE);
  else
    bts_worker_pool_acquire_async (self->pool,
                                   bts_owner_get_uid (bts_operation_get_owner (call->operation)),
                                   on_acquired_to_forget, g_object_ref (task));
}

static void
bts_worker_engine_forget_async (BtsEngine *engine,
                                BtsOperation *operation,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  BtsWorkerEngine *self = BTS_WORKER_ENGINE (engine);
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Call *call = add_call (task, bts_worker_engine_forget_async);

  call->operation = g_object_ref (operation);
  bts_jobs_settle_async (self->jobs, operation, cancellable, on_settled_to_forget, task);
}

static gboolean
bts_worker_engine_forget_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
bts_worker_engine_request_range (BtsEngine *engine,
                                 BtsOperation *operation,
                                 guint64 offset,
                                 guint64 length)
{
  bts_jobs_request_range (BTS_WORKER_ENGINE (engine)->jobs, operation, offset, length);
}

static void
bts_worker_engine_engine_init (BtsEngineInterface *iface)
{
  iface->check_async = bts_worker_engine_check_async;
  iface->check_finish = bts_worker_engine_check_finish;
  iface->look_at_process_async = bts_worker_engine_look_at_process_async;
  iface->look_at_process_finish = bts_worker_engine_check_finish;
  iface->settle_async = bts_worker_engine_settle_async;
  iface->settle_finish = bts_worker_engine_settle_finish;
  iface->open_result_async = bts_worker_engine_open_result_async;
  iface->open_result_finish = bts_worker_engine_open_result_finish;
  iface->request_range = bts_worker_engine_request_range;
  iface->forget_async = bts_worker_engine_forget_async;
  iface->forget_finish = bts_worker_engine_forget_finish;
}

static void
bts_worker_engine_dispose (GObject *object)
{
  BtsWorkerEngine *self = BTS_WORKER_ENGINE (object);

  g_clear_object (&self->store);
  g_clear_object (&self->jobs);
  g_clear_object (&self->pool);
  G_OBJECT_CLASS (bts_worker_engine_parent_class)->dispose (object);
}

static void
bts_worker_engine_class_init (BtsWorkerEngineClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_worker_engine_dispose;
}

static void
bts_worker_engine_init (BtsWorkerEngine *self)
{
}

BtsEngine *
bts_worker_engine_new (BtsWorkerPool *pool, BtsJobs *jobs, BtsStore *store)
{
  BtsWorkerEngine *self = g_object_new (BTS_TYPE_WORKER_ENGINE, NULL);

  self->pool = g_object_ref (pool);
  self->jobs = g_object_ref (jobs);
  self->store = g_object_ref (store);
  return BTS_ENGINE (self);
}
