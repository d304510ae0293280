/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-pool.h"

#include "common/bgt-error.h"
#include "daemon/pool-worker.h"
#include "daemon/worker-call.h"
#include "daemon/worker-settings.h"

#define IDLE_US (10 * G_USEC_PER_SEC)
#define START_TIMEOUT_US (20 * G_USEC_PER_SEC)
#define EXIT_TIMEOUT_US (5 * G_USEC_PER_SEC)
/* Of one that has been killed: what hangs in the kernel ends only when that answers, and does
 * nothing of its own any more. */
#define DYING_TIMEOUT_US (20 * G_USEC_PER_SEC)

struct _BtsWorkerPool
{
  GObject parent;

  BtsWorkerLauncher *launcher; /* (owned) */
  BtsClock *clock;             /* (owned) */
  const BtsLimits *limits;     /* (unowned) */
  GHashTable *workers;         /* (owned) (element-type uid_t BtsPoolWorker) */
  gboolean is_closed;
};

G_DEFINE_FINAL_TYPE (BtsWorkerPool, bts_worker_pool, G_TYPE_OBJECT)

enum
{
  SIGNAL_WORKER_ADDED,
  SIGNAL_WORKER_LOST,
  SIGNAL_BECAME_IDLE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

static void start_worker (BtsPoolWorker *worker);

/* A step of an asynchronous call on a worker; the worker lives as long as its pool. */
typedef struct
{
  BtsWorkerPool *pool;       /* (owned) */
  BtsPoolWorker *worker;     /* (unowned) */
  GCancellable *cancellable; /* (owned): tells one start of the worker from the next */
} Step;

static Step *
step_new (BtsPoolWorker *worker)
{
  Step *step = g_new0 (Step, 1);

  step->pool = g_object_ref (worker->pool);
  step->worker = worker;
  step->cancellable = g_object_ref (worker->cancellable);
  return step;
}

static void
step_free (Step *step)
{
  g_object_unref (step->cancellable);
  g_object_unref (step->pool);
  g_free (step);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Step, step_free)

/* Whether the start that @step belongs to still goes on. */
static gboolean
step_is_current (Step *step)
{
  return step->worker->cancellable == step->cancellable &&
         step->worker->state == BTS_POOL_WORKER_STARTING;
}

static BtsPoolWorker *
get_worker (BtsWorkerPool *self, uid_t uid)
{
  BtsPoolWorker *worker = g_hash_table_lookup (self->workers, GUINT_TO_POINTER (uid));

  if (worker == NULL)
    {
      worker = bts_pool_worker_new (self, self->clock, uid);
      g_hash_table_insert (self->workers, GUINT_TO_POINTER (uid), worker);
    }
  return worker;
}

static BtsPoolWorker *
find_worker_by_link (BtsWorkerPool *self, BtsWorkerLink *link)
{
  BtsPoolWorker *worker =
      g_hash_table_lookup (self->workers, GUINT_TO_POINTER (bts_worker_link_get_uid (link)));

  return worker != NULL && worker->link == link ? worker : NULL;
}

/* The machine's rate is shared out by how much each user has running. */
static void
share_rate (BtsWorkerPool *self)
{
  GHashTableIter iter;
  BtsPoolWorker *worker;
  guint n_holds = 0;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    n_holds += worker->n_holds;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    {
      guint64 rate = bts_worker_settings_share_rate (self->limits, worker->n_holds, n_holds);

      if (worker->state != BTS_POOL_WORKER_READY || worker->n_holds == 0 ||
          rate == worker->max_rate)
        continue;
      worker->max_rate = rate;
      /* One that cannot be told is about to end. */
      bts_worker_call_configure_async (worker->link, bts_worker_settings_new_rate (rate), NULL,
                                       NULL, NULL);
    }
}

static void
configure (BtsPoolWorker *worker,
           GCancellable *cancellable,
           GAsyncReadyCallback callback,
           Step *step)
{
  worker->max_rate = worker->pool->limits->max_rate;
  bts_worker_call_configure_async (worker->link,
                                   bts_worker_settings_new (worker->pool->limits, worker->servers),
                                   cancellable, callback, step);
}

/* Ending */

static void
check_idle (BtsWorkerPool *self)
{
  if (bts_worker_pool_is_idle (self))
    g_signal_emit (self, signals[SIGNAL_BECAME_IDLE], 0);
}

/* The worker has ended, or has never begun. */
static void
finish_worker (BtsPoolWorker *worker)
{
  g_autoptr (BtsWorkerPool) pool = g_object_ref (worker->pool);
  g_autoptr (BtsWorkerLink) link = g_steal_pointer (&worker->link);
  g_autoptr (GError) error = g_steal_pointer (&worker->error);

  bts_pool_worker_clear_alarm (worker);
  g_clear_object (&worker->cancellable);
  worker->state = BTS_POOL_WORKER_NONE;
  worker->worker_id = 0;
  worker->n_holds = 0;
  share_rate (pool);
  if (worker->was_ready && link != NULL)
    g_signal_emit (pool, signals[SIGNAL_WORKER_LOST], 0, link);
  worker->was_ready = FALSE;
  if (error == NULL && bts_worker_pool_get_not_before (pool, worker->uid) != 0)
    error = bts_pool_worker_new_back_off_error (worker);
  if (error != NULL)
    bts_pool_worker_fail_waiting (worker, error);
  else if (!g_queue_is_empty (&worker->waiting) && worker->state == BTS_POOL_WORKER_NONE)
    start_worker (worker);
  check_idle (pool);
}

static void
on_dying_too_long (gpointer user_data)
{
  BtsPoolWorker *worker = user_data;

  worker->alarm_id = 0;
  g_message ("The worker of user %u is killed and hangs in the kernel: given up", worker->uid);
  finish_worker (worker);
}

static void
end_process (BtsPoolWorker *worker)
{
  bts_pool_worker_set_alarm (worker, DYING_TIMEOUT_US, on_dying_too_long);
  bts_worker_launcher_stop (worker->pool->launcher, worker->worker_id);
}

static void
on_leaving_too_long (gpointer user_data)
{
  BtsPoolWorker *worker = user_data;

  worker->alarm_id = 0;
  g_message ("The worker of user %u does not exit by itself and is ended", worker->uid);
  end_process (worker);
}

/* Lets a healthy worker exit by itself. */
static void
let_go (BtsPoolWorker *worker)
{
  worker->state = BTS_POOL_WORKER_LEAVING;
  bts_pool_worker_set_alarm (worker, EXIT_TIMEOUT_US, on_leaving_too_long);
  bts_worker_link_close (worker->link);
}

/* Ends one that is not. */
static void
kill_worker (BtsPoolWorker *worker)
{
  if (worker->state == BTS_POOL_WORKER_LEAVING)
    return;
  bts_pool_worker_count_failure (worker);
  bts_pool_worker_clear_alarm (worker);
  worker->state = BTS_POOL_WORKER_LEAVING;
  if (worker->worker_id != 0)
    end_process (worker);
}

static void
on_idle_for_long (gpointer user_data)
{
  BtsPoolWorker *worker = user_data;

  worker->alarm_id = 0;
  g_debug ("The worker of user %u has nothing to do", worker->uid);
  let_go (worker);
}

static void
on_exited (BtsWorkerPool *self, guint worker_id, BtsWorkerLauncher *launcher)
{
  GHashTableIter iter;
  BtsPoolWorker *worker;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    {
      if (worker->worker_id != worker_id || worker_id == 0)
        continue;
      if (worker->state == BTS_POOL_WORKER_STARTING)
        bts_pool_worker_end_start (worker);
      if (worker->state != BTS_POOL_WORKER_LEAVING)
        bts_pool_worker_count_failure (worker);
      finish_worker (worker);
      return;
    }
}

static void
on_link_closed (BtsWorkerPool *self, BtsWorkerLink *link)
{
  BtsPoolWorker *worker = find_worker_by_link (self, link);

  /* The socket is gone: most often because the process is. */
  if (worker != NULL)
    kill_worker (worker);
}

static void
on_server_known (BtsWorkerPool *self, const char *origin, const char *protocol, BtsWorkerLink *link)
{
  BtsPoolWorker *worker = find_worker_by_link (self, link);

  if (worker != NULL)
    bts_known_servers_take (worker->servers, origin, protocol);
}

/* Starting */

static void
fail_start (BtsPoolWorker *worker, GError *error)
{
  g_warning ("No worker for user %u: %s", worker->uid, error->message);
  g_clear_error (&worker->error);
  worker->error = error;
  if (worker->worker_id != 0)
    {
      kill_worker (worker);
      return;
    }
  bts_pool_worker_count_failure (worker);
  finish_worker (worker);
}

static void
on_start_too_long (gpointer user_data)
{
  BtsPoolWorker *worker = user_data;

  worker->alarm_id = 0;
  g_cancellable_cancel (worker->cancellable);
  fail_start (worker, g_error_new (BGT_ERROR, BGT_ERROR_FAILED,
                                   "The worker of user %u does not answer", worker->uid));
}

static void
serve_waiting (BtsPoolWorker *worker)
{
  GTask *task;

  while (worker->state == BTS_POOL_WORKER_READY &&
         (task = g_queue_pop_head (&worker->waiting)) != NULL)
    {
      worker->n_holds++;
      g_task_return_pointer (task, g_object_ref (worker->link), g_object_unref);
      g_object_unref (task);
    }
  share_rate (worker->pool);
}

static void
on_configured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Step) step = user_data;
  BtsPoolWorker *worker = step->worker;
  GError *error = NULL;
  gboolean is_configured = bts_worker_call_finish (BTS_WORKER_LINK (source), result, &error);

  if (!step_is_current (step))
    {
      g_clear_error (&error);
      return;
    }
  if (!is_configured && !g_error_matches (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT))
    {
      fail_start (worker, error);
      return;
    }
  /* One bad setting, a CA file that is gone for instance, must not keep everything from moving. */
  if (!is_configured)
    g_warning ("The worker of user %u does without a setting: %s", worker->uid, error->message);
  g_clear_error (&error);
  bts_pool_worker_clear_alarm (worker);
  worker->state = BTS_POOL_WORKER_READY;
  worker->was_ready = TRUE;
  g_signal_emit (step->pool, signals[SIGNAL_WORKER_ADDED], 0, worker->link);
  serve_waiting (worker);
  if (worker->state == BTS_POOL_WORKER_READY && worker->n_holds == 0)
    bts_pool_worker_set_alarm (worker, IDLE_US, on_idle_for_long);
}

static void
on_linked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Step) step = user_data;
  BtsPoolWorker *worker = step->worker;
  GError *error = NULL;
  g_autoptr (BtsWorkerLink) link = bts_worker_link_new_finish (result, &error);

  if (!step_is_current (step))
    {
      g_clear_error (&error);
      return;
    }
  if (link == NULL)
    {
      fail_start (worker, error);
      return;
    }
  worker->link = g_steal_pointer (&link);
  g_signal_connect_object (worker->link, "closed", G_CALLBACK (on_link_closed), worker->pool,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (worker->link, "server-known", G_CALLBACK (on_server_known), worker->pool,
                           G_CONNECT_SWAPPED);
  configure (worker, step->cancellable, on_configured, step_new (worker));
}

static void
on_launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Step) step = user_data;
  BtsPoolWorker *worker = step->worker;
  GError *error = NULL;
  guint worker_id = 0;
  g_autoptr (GSocketConnection) socket = bts_worker_launcher_launch_finish (
      BTS_WORKER_LAUNCHER (source), result, &worker_id, &error);

  if (!step_is_current (step))
    {
      g_clear_error (&error);
      if (socket != NULL)
        bts_worker_launcher_stop (BTS_WORKER_LAUNCHER (source), worker_id);
      return;
    }
  if (socket == NULL)
    {
      fail_start (worker, error);
      return;
    }
  worker->worker_id = worker_id;
  bts_worker_link_new_async (socket, worker->uid, step->cancellable, on_linked, step_new (worker));
}

static void
start_worker (BtsPoolWorker *worker)
{
  BtsWorkerPool *self = worker->pool;

  worker->state = BTS_POOL_WORKER_STARTING;
  worker->started_at = bts_clock_get_boot_time (self->clock);
  g_clear_object (&worker->cancellable);
  worker->cancellable = g_cancellable_new ();
  bts_pool_worker_set_alarm (worker, START_TIMEOUT_US, on_start_too_long);
  bts_worker_launcher_launch_async (self->launcher, worker->uid, worker->cancellable, on_launched,
                                    step_new (worker));
}

static void
bts_worker_pool_dispose (GObject *object)
{
  BtsWorkerPool *self = BTS_WORKER_POOL (object);

  g_clear_pointer (&self->workers, g_hash_table_unref);
  g_clear_object (&self->launcher);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (bts_worker_pool_parent_class)->dispose (object);
}

static void
bts_worker_pool_class_init (BtsWorkerPoolClass *klass)
{
  static const char *const names[N_SIGNALS] = { "worker-added", "worker-lost", "became-idle" };

  G_OBJECT_CLASS (klass)->dispose = bts_worker_pool_dispose;
  for (guint i = 0; i < N_SIGNALS; i++)
    signals[i] =
        g_signal_new (names[i], BTS_TYPE_WORKER_POOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, i != SIGNAL_BECAME_IDLE ? 1 : 0, BTS_TYPE_WORKER_LINK);
}

static void
bts_worker_pool_init (BtsWorkerPool *self)
{
  self->workers = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) bts_pool_worker_free);
}

BtsWorkerPool *
bts_worker_pool_new (BtsWorkerLauncher *launcher, BtsClock *clock, const BtsLimits *limits)
{
  BtsWorkerPool *self = g_object_new (BTS_TYPE_WORKER_POOL, NULL);

  self->launcher = g_object_ref (launcher);
  self->clock = g_object_ref (clock);
  self->limits = limits;
  g_signal_connect_object (launcher, "exited", G_CALLBACK (on_exited), self, G_CONNECT_SWAPPED);
  return self;
}

void
bts_worker_pool_acquire_async (BtsWorkerPool *self,
                               uid_t uid,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  BtsPoolWorker *worker = get_worker (self, uid);

  g_task_set_source_tag (task, bts_worker_pool_acquire_async);
  if (self->is_closed)
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_FAILED, "The service is stopping");
      return;
    }
  if (worker->state == BTS_POOL_WORKER_NONE && bts_worker_pool_get_not_before (self, uid) != 0)
    {
      g_task_return_error (task, bts_pool_worker_new_back_off_error (worker));
      return;
    }

  g_queue_push_tail (&worker->waiting, g_steal_pointer (&task));
  /* Known here before it is told. */
  if (worker->state == BTS_POOL_WORKER_READY && bts_worker_link_is_closed (worker->link))
    kill_worker (worker);
  if (worker->state == BTS_POOL_WORKER_NONE)
    start_worker (worker);
  else if (worker->state == BTS_POOL_WORKER_READY)
    {
      bts_pool_worker_clear_alarm (worker);
      serve_waiting (worker);
    }
}

BtsWorkerLink *
bts_worker_pool_acquire_finish (BtsWorkerPool *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
bts_worker_pool_release (BtsWorkerPool *self, BtsWorkerLink *link)
{
  BtsPoolWorker *worker = find_worker_by_link (self, link);

  /* A worker that has ended meanwhile has no holds any more. */
  if (worker == NULL || worker->n_holds == 0)
    return;
  worker->n_holds--;
  share_rate (self);
  if (worker->n_holds > 0 || worker->state != BTS_POOL_WORKER_READY)
    return;
  bts_pool_worker_set_alarm (worker, IDLE_US, on_idle_for_long);
  check_idle (self);
}

gint64
bts_worker_pool_get_not_before (BtsWorkerPool *self, uid_t uid)
{
  BtsPoolWorker *worker = g_hash_table_lookup (self->workers, GUINT_TO_POINTER (uid));

  return worker != NULL ? bts_back_off_get_not_before (&worker->back_off,
                                                       bts_clock_get_boot_time (self->clock))
                        : 0;
}

void
bts_worker_pool_note_progress (BtsWorkerPool *self, uid_t uid)
{
  BtsPoolWorker *worker = g_hash_table_lookup (self->workers, GUINT_TO_POINTER (uid));

  if (worker != NULL)
    bts_back_off_reset (&worker->back_off);
}

void
bts_worker_pool_kill (BtsWorkerPool *self, BtsWorkerLink *link)
{
  BtsPoolWorker *worker = find_worker_by_link (self, link);

  if (worker != NULL)
    kill_worker (worker);
}

static void
on_reconfigured (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsWorkerLink *link = BTS_WORKER_LINK (source);
  g_autoptr (GError) error = NULL;

  /* The next worker is told anyway. */
  if (!bts_worker_call_finish (link, result, &error) && !bts_worker_link_is_closed (link))
    g_warning ("A worker did not take the new configuration: %s", error->message);
}

void
bts_worker_pool_reconnect (BtsWorkerPool *self)
{
  GHashTableIter iter;
  BtsPoolWorker *worker;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    {
      /* A worker that cannot be told finds out by its time-outs. */
      if (worker->state == BTS_POOL_WORKER_READY)
        bts_worker_call_reconnect_async (worker->link, NULL, NULL, NULL);
    }
}

void
bts_worker_pool_configure (BtsWorkerPool *self)
{
  GHashTableIter iter;
  BtsPoolWorker *worker;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    {
      if (worker->state == BTS_POOL_WORKER_READY)
        configure (worker, NULL, on_reconfigured, NULL);
    }
  share_rate (self);
}

void
bts_worker_pool_close (BtsWorkerPool *self)
{
  GHashTableIter iter;
  BtsPoolWorker *worker;

  self->is_closed = TRUE;
  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    {
      if (worker->state == BTS_POOL_WORKER_READY)
        let_go (worker);
    }
}

gboolean
bts_worker_pool_is_idle (BtsWorkerPool *self)
{
  GHashTableIter iter;
  BtsPoolWorker *worker;

  g_hash_table_iter_init (&iter, self->workers);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &worker))
    {
      if (worker->state == BTS_POOL_WORKER_STARTING || worker->n_holds > 0 ||
          !g_queue_is_empty (&worker->waiting))
        return FALSE;
    }
  return TRUE;
}
