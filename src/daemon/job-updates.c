/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/job-updates.h"

#include "daemon/worker-call.h"
#include "daemon/worker-changes.h"

/* The worker keeps no more either, and forgets the oldest first. */
#define MAX_RANGES 64

struct _BtsJobUpdates
{
  BtsWorkerPool *pool; /* (unowned): not used after the end */
  BtsWorkerLink *link; /* (owned) (nullable): until the end */
  char *guid;          /* (owned) */
  BtsRequest *request; /* (owned): as the worker is to know it */
  BtsRequest *sent;    /* (owned): as it knows it, or has been told */
  GArray *ranges;      /* (owned) (element-type BtsByteRange): to be told yet */
  gboolean is_calling;
};

BtsJobUpdates *
bts_job_updates_new (BtsWorkerPool *pool,
                     BtsWorkerLink *link,
                     const char *guid,
                     BtsRequest *request)
{
  BtsJobUpdates *self = g_rc_box_new0 (BtsJobUpdates);

  self->pool = pool;
  self->link = g_object_ref (link);
  self->guid = g_strdup (guid);
  self->request = bts_request_ref (request);
  self->sent = bts_request_ref (request);
  self->ranges = g_array_new (FALSE, FALSE, sizeof (BtsByteRange));
  return self;
}

static void
clear (gpointer data)
{
  BtsJobUpdates *self = data;

  g_clear_object (&self->link);
  g_free (self->guid);
  bts_request_unref (self->request);
  bts_request_unref (self->sent);
  g_array_unref (self->ranges);
}

static void
release (BtsJobUpdates *self)
{
  g_rc_box_release_full (self, clear);
}

void
bts_job_updates_end (BtsJobUpdates *self)
{
  g_clear_object (&self->link);
  release (self);
}

static void tell (BtsJobUpdates *self);

static void
on_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsJobUpdates *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean is_taken = bts_worker_call_finish (BTS_WORKER_LINK (source), result, &error);

  self->is_calling = FALSE;
  /* The request is what counts; the next start takes it whole. */
  if (!is_taken)
    g_debug ("%s: the worker did not take a change: %s", self->guid, error->message);
  if (self->link != NULL && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    bts_worker_pool_kill (self->pool, BTS_WORKER_LINK (source));
  else if (self->link != NULL)
    tell (self);
  release (self);
}

static void
tell (BtsJobUpdates *self)
{
  if (self->is_calling)
    return;
  if (self->sent != self->request)
    {
      bts_request_unref (self->sent);
      self->sent = bts_request_ref (self->request);
      bts_worker_call_change_async (self->link, self->guid, bts_worker_changes_new (self->request),
                                    NULL, on_answered, g_rc_box_acquire (self));
    }
  else if (self->ranges->len > 0)
    {
      BtsByteRange range = g_array_index (self->ranges, BtsByteRange, 0);

      g_array_remove_index (self->ranges, 0);
      bts_worker_call_request_range_async (self->link, self->guid, range.offset, range.length, NULL,
                                           on_answered, g_rc_box_acquire (self));
    }
  else
    return;
  self->is_calling = TRUE;
}

void
bts_job_updates_take_request (BtsJobUpdates *self, BtsRequest *request)
{
  if (self->request == request)
    return;
  bts_request_unref (self->request);
  self->request = bts_request_ref (request);
  tell (self);
}

void
bts_job_updates_add_range (BtsJobUpdates *self, BtsByteRange range)
{
  if (self->ranges->len == MAX_RANGES)
    g_array_remove_index (self->ranges, 0);
  g_array_append_val (self->ranges, range);
  tell (self);
}
