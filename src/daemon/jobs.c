/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/jobs.h"

#include "daemon/job-outcome.h"

struct _BtsJobs
{
  GObject parent;

  BtsRegistry *registry; /* (owned) */
  BtsJobContext context;
  GHashTable *jobs;   /* (owned) (element-type BtsOperation BtsJob) */
  GPtrArray *waiting; /* (owned) (element-type GTask): of settle */
  GTask *stop_task;   /* (owned) (nullable) */
  gboolean is_stopping;
};

G_DEFINE_FINAL_TYPE (BtsJobs, bts_jobs, G_TYPE_OBJECT)

static guint changed_signal;

static BtsJob *
find (BtsJobs *self, BtsOperation *operation)
{
  return g_hash_table_lookup (self->jobs, operation);
}

static BtsJob *
find_by_guid (BtsJobs *self, const char *guid)
{
  BtsOperation *operation = bts_registry_lookup (self->registry, guid);

  return operation != NULL ? find (self, operation) : NULL;
}

/* For going through them while they come and go. */
static GPtrArray *
dup_all (BtsJobs *self)
{
  GPtrArray *jobs = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    g_ptr_array_add (jobs, g_object_ref (job));
  return jobs;
}

static void
return_settled (BtsJobs *self)
{
  g_autoptr (GPtrArray) settled = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = self->waiting->len; i > 0; i--)
    {
      BtsJob *job = find (self, g_task_get_task_data (self->waiting->pdata[i - 1]));

      if (job == NULL || bts_job_is_settled (job))
        g_ptr_array_add (settled, g_ptr_array_steal_index_fast (self->waiting, i - 1));
    }
  /* What is done with the answer may settle others. */
  for (guint i = 0; i < settled->len; i++)
    g_task_return_boolean (settled->pdata[i], TRUE);
}

static void
return_stopped (BtsJobs *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->stop_task == NULL || !bts_jobs_are_at_rest (self))
    return;
  task = g_steal_pointer (&self->stop_task);
  g_task_return_boolean (task, TRUE);
}

static void
on_job_changed (BtsJobs *self, BtsJob *job)
{
  g_autoptr (BtsJob) kept = g_object_ref (job);
  BtsOperation *operation = bts_job_get_operation (job);

  return_settled (self);
  return_stopped (self);
  if (bts_operation_is_finished (operation) && bts_job_is_at_rest (job))
    g_hash_table_remove (self->jobs, operation);
  g_signal_emit (self, changed_signal, 0, operation);
}

static BtsJob *
get (BtsJobs *self, BtsOperation *operation)
{
  BtsJob *job = find (self, operation);

  if (job == NULL)
    {
      job = bts_job_new (operation, &self->context);
      g_signal_connect_object (job, "changed", G_CALLBACK (on_job_changed), self,
                               G_CONNECT_SWAPPED);
      g_hash_table_insert (self->jobs, operation, job);
    }
  return job;
}

/* What workers say */

static void
on_report (BtsJobs *self, BtsWorkerReport *report, BtsWorkerLink *link)
{
  BtsJob *job = find_by_guid (self, bts_worker_report_get_guid (report));
  BtsOperation *operation;

  /* A report that nobody takes is refused. */
  if (job == NULL)
    return;
  operation = bts_job_get_operation (job);
  if (!bts_usage_has_room_for_reports (bts_registry_get_usage (self->registry),
                                       bts_operation_get_owner (operation)))
    bts_worker_report_cut (
        report, bts_usage_get_checkpoint_room (bts_registry_get_usage (self->registry), operation));
  bts_job_take_report (job, link, report);
}

static void
on_progress (BtsJobs *self,
             const char *guid,
             guint64 bytes_received,
             guint64 total_to_receive,
             guint64 bytes_sent,
             guint64 total_to_send,
             BtsWorkerLink *link)
{
  BtsJob *job = find_by_guid (self, guid);

  if (job != NULL)
    bts_job_take_progress (job, link, bytes_received, total_to_receive, bytes_sent, total_to_send);
}

static void
on_find_forgotten (BtsJobs *self,
                   const char *const *guids,
                   GStrvBuilder *forgotten,
                   BtsWorkerLink *link)
{
  for (gsize i = 0; guids[i] != NULL; i++)
    {
      BtsOperation *operation = bts_registry_lookup (self->registry, guids[i]);

      if (operation == NULL ||
          bts_owner_get_uid (bts_operation_get_owner (operation)) != bts_worker_link_get_uid (link))
        g_strv_builder_add (forgotten, guids[i]);
    }
}

static void
on_worker_added (BtsJobs *self, BtsWorkerLink *link)
{
  g_signal_connect_object (link, "find-forgotten", G_CALLBACK (on_find_forgotten), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (link, "report", G_CALLBACK (on_report), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (link, "progress", G_CALLBACK (on_progress), self, G_CONNECT_SWAPPED);
}

static void
on_worker_lost (BtsJobs *self, BtsWorkerLink *link)
{
  g_autoptr (GPtrArray) jobs = dup_all (self);

  for (guint i = 0; i < jobs->len; i++)
    bts_job_take_worker_lost (jobs->pdata[i], link);
}

/* What happens to operations */

static void
on_operation_changed (BtsJobs *self, BtsOperation *operation, guint changes)
{
  BtsJob *job = find (self, operation);

  if ((changes & (BTS_CHANGE_STATUS | BTS_CHANGE_REQUEST)) == 0)
    return;
  if (job == NULL && bts_operation_get_intent (operation) == BTS_INTENT_CANCEL)
    job = get (self, operation);
  if (job != NULL && !self->is_stopping)
    bts_job_update (job);
}

static void
on_operation_removed (BtsJobs *self, BtsOperation *operation)
{
  BtsJob *job = find (self, operation);

  if (job != NULL)
    bts_job_set_wanted (job, FALSE);
  g_hash_table_remove (self->jobs, operation);
  return_settled (self);
}

static void
bts_jobs_dispose (GObject *object)
{
  BtsJobs *self = BTS_JOBS (object);

  g_clear_pointer (&self->waiting, g_ptr_array_unref);
  g_clear_pointer (&self->jobs, g_hash_table_unref);
  g_clear_object (&self->stop_task);
  g_clear_object (&self->registry);
  G_OBJECT_CLASS (bts_jobs_parent_class)->dispose (object);
}

static void
bts_jobs_class_init (BtsJobsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_jobs_dispose;
  changed_signal = g_signal_new ("changed", BTS_TYPE_JOBS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, BTS_TYPE_OPERATION);
}

static void
bts_jobs_init (BtsJobs *self)
{
  self->jobs = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->waiting = g_ptr_array_new_with_free_func (g_object_unref);
}

BtsJobs *
bts_jobs_new (BtsRegistry *registry, const BtsJobContext *context)
{
  BtsJobs *self = g_object_new (BTS_TYPE_JOBS, NULL);

  self->registry = g_object_ref (registry);
  self->context = *context;
  g_signal_connect_object (registry, "operation-changed", G_CALLBACK (on_operation_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (registry, "operation-removed", G_CALLBACK (on_operation_removed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (context->pool, "worker-added", G_CALLBACK (on_worker_added), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (context->pool, "worker-lost", G_CALLBACK (on_worker_lost), self,
                           G_CONNECT_SWAPPED);
  return self;
}

void
bts_jobs_set_wanted (BtsJobs *self, BtsOperation *operation, gboolean is_wanted)
{
  BtsJob *job = is_wanted ? get (self, operation) : find (self, operation);

  if (job != NULL && !self->is_stopping)
    bts_job_set_wanted (job, is_wanted);
}

void
bts_jobs_take_canceled (BtsJobs *self)
{
  GPtrArray *operations = bts_registry_get_operations (self->registry);

  for (guint i = 0; i < operations->len; i++)
    {
      if (bts_operation_get_intent (operations->pdata[i]) == BTS_INTENT_CANCEL)
        bts_job_update (get (self, operations->pdata[i]));
    }
}

void
bts_jobs_expire (BtsJobs *self, BtsOperation *operation)
{
  if (!self->is_stopping)
    bts_job_expire (get (self, operation));
}

gboolean
bts_jobs_is_active (BtsJobs *self, BtsOperation *operation)
{
  BtsJob *job = find (self, operation);

  return job != NULL && bts_job_is_active (job);
}

gint64
bts_jobs_get_retry_at (BtsJobs *self, BtsOperation *operation)
{
  BtsJob *job = find (self, operation);

  return job != NULL ? bts_job_get_retry_at (job)
                     : bts_job_outcome_get_retry_at (operation, &self->context);
}

void
bts_jobs_clear_retry (BtsJobs *self, BtsOperation *operation)
{
  BtsJob *job = find (self, operation);

  if (job != NULL)
    bts_job_clear_retry (job);
  else
    bts_operation_set_retry_at (operation, 0);
}

void
bts_jobs_request_range (BtsJobs *self, BtsOperation *operation, guint64 offset, guint64 length)
{
  bts_job_request_range (get (self, operation), offset, length);
}

void
bts_jobs_settle_async (BtsJobs *self,
                       BtsOperation *operation,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, bts_jobs_settle_async);
  g_task_set_task_data (task, g_object_ref (operation), g_object_unref);
  if (bts_operation_get_intent (operation) == BTS_INTENT_CANCEL)
    bts_job_update (get (self, operation));
  g_ptr_array_add (self->waiting, g_steal_pointer (&task));
  return_settled (self);
}

gboolean
bts_jobs_settle_finish (BtsJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bts_jobs_stop_async (BtsJobs *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GPtrArray) jobs = dup_all (self);

  self->is_stopping = TRUE;
  self->stop_task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (self->stop_task, bts_jobs_stop_async);
  for (guint i = 0; i < jobs->len; i++)
    bts_job_set_wanted (jobs->pdata[i], FALSE);
  return_stopped (self);
}

gboolean
bts_jobs_stop_finish (BtsJobs *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
bts_jobs_are_at_rest (BtsJobs *self)
{
  GHashTableIter iter;
  gpointer job;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    {
      if (!bts_job_is_at_rest (job))
        return FALSE;
    }
  return TRUE;
}
