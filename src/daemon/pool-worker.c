/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/pool-worker.h"

#include "common/bgt-error.h"

/* Who has lived so long has not failed to start. */
#define STABLE_US (10 * G_USEC_PER_SEC)

BtsPoolWorker *
bts_pool_worker_new (BtsWorkerPool *pool, BtsClock *clock, uid_t uid)
{
  BtsPoolWorker *self = g_new0 (BtsPoolWorker, 1);

  self->pool = pool;
  self->clock = clock;
  self->uid = uid;
  self->servers = bts_known_servers_new ();
  return self;
}

void
bts_pool_worker_clear_alarm (BtsPoolWorker *self)
{
  if (self->alarm_id != 0)
    bts_clock_remove_alarm (self->clock, self->alarm_id);
  self->alarm_id = 0;
}

void
bts_pool_worker_set_alarm (BtsPoolWorker *self, gint64 delay_us, BtsClockAlarm alarm)
{
  bts_pool_worker_clear_alarm (self);
  self->alarm_id = bts_clock_add_alarm (
      self->clock, bts_clock_get_boot_time (self->clock) + delay_us, alarm, self);
}

void
bts_pool_worker_free (BtsPoolWorker *self)
{
  bts_pool_worker_clear_alarm (self);
  g_clear_object (&self->link);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_queue_clear_full (&self->waiting, g_object_unref);
  bts_known_servers_free (self->servers);
  g_free (self);
}

void
bts_pool_worker_fail_waiting (BtsPoolWorker *self, const GError *error)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->waiting)) != NULL)
    {
      g_task_return_error (task, g_error_copy (error));
      g_object_unref (task);
    }
}

void
bts_pool_worker_end_start (BtsPoolWorker *self)
{
  g_cancellable_cancel (self->cancellable);
  if (self->error == NULL)
    self->error = g_error_new (BGT_ERROR, BGT_ERROR_FAILED,
                               "The worker of user %u ended while it was started", self->uid);
}

void
bts_pool_worker_count_failure (BtsPoolWorker *self)
{
  gint64 now = bts_clock_get_boot_time (self->clock);

  if (self->was_ready && now - self->started_at >= STABLE_US)
    bts_back_off_reset (&self->back_off);
  bts_back_off_fail (&self->back_off, now);
}

GError *
bts_pool_worker_new_back_off_error (BtsPoolWorker *self)
{
  return g_error_new (
      BGT_ERROR, BGT_ERROR_FAILED,
      "The worker of user %u does not start or keeps ending; it is tried again soon", self->uid);
}
