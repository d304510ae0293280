/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/range-fetch.h"

#include "common/bgt-web-error.h"
#include "worker/connection-count.h"
#include "worker/range-connection.h"

/* How often what has come is made durable and told: while somebody waits for a part, and else. */
#define KEEP_SERVING_US (G_USEC_PER_SEC / 8)
#define KEEP_INTERVAL_US (2 * G_USEC_PER_SEC)

/* A connection that is silent for that long, while others are not, is not worth waiting for. */
#define MAX_SILENCE_US (5 * G_USEC_PER_SEC)

/* Used by the job's thread only, but for what is in `shared`. */
typedef struct
{
  const BtsRangeFetchSpec *spec; /* (unowned) */
  BtsRangeShared shared;
  GPtrArray *connections; /* (owned) (element-type BtsRangeConnection) */
  guint n_made;

  gboolean is_total_known;
  gboolean is_ending;
  BtsRangeVerdict verdict;
  GError *error; /* (owned) (nullable) */

  BtsConnectionCount count;
  gint64 last_keep;
  gboolean is_awaited; /* what comes, and was asked for, since then */
} Fetch;

/* The first reason counts, but that nothing may be kept goes before all others. */
static void
end (Fetch *self, BtsRangeVerdict verdict, GError *error)
{
  if (self->is_ending &&
      (verdict != BTS_RANGE_VERDICT_START_OVER || self->verdict == BTS_RANGE_VERDICT_START_OVER))
    {
      g_clear_error (&error);
      return;
    }
  self->is_ending = TRUE;
  self->verdict = verdict;
  g_clear_error (&self->error);
  self->error = error;
  for (guint i = 0; i < self->connections->len; i++)
    bts_range_connection_interrupt (g_ptr_array_index (self->connections, i));
}

static void
take_record (Fetch *self)
{
  const BtsDownloadRecord *record = self->spec->record;

  g_mutex_lock (&self->shared.lock);
  g_free (self->shared.validator);
  self->shared.validator = g_strdup (record->validator);
  if (!self->is_total_known && record->is_total_known)
    {
      bts_range_plan_set_total (self->shared.plan, record->total);
      self->is_total_known = TRUE;
    }
  g_mutex_unlock (&self->shared.lock);
}

static void
judge (Fetch *self, BtsRangeConnection *connection, const BtsTransportHead *head)
{
  g_autoptr (GError) error = NULL;
  BtsByteRange asked = bts_range_connection_get_asked (connection);
  BtsRangeVerdict verdict =
      self->is_ending ? BTS_RANGE_VERDICT_FAIL
                      : self->spec->events->judge (head, &asked, self->spec->user_data, &error);

  if (verdict == BTS_RANGE_VERDICT_GO_ON)
    take_record (self);
  else if (verdict != BTS_RANGE_VERDICT_FAIL && verdict != BTS_RANGE_VERDICT_ASK_AGAIN)
    end (self, verdict, NULL);
  bts_range_connection_answer (connection, verdict == BTS_RANGE_VERDICT_GO_ON, error);
}

static void
judge_heads (Fetch *self)
{
  for (guint i = 0; i < self->connections->len; i++)
    {
      BtsRangeConnection *connection = g_ptr_array_index (self->connections, i);
      const BtsTransportHead *head = bts_range_connection_get_head (connection);

      if (head != NULL)
        judge (self, connection, head);
    }
}

/* One that has failed beside others that go on shows only how many are too many. */
static void
remove_ended (Fetch *self)
{
  for (guint i = self->connections->len; i > 0; i--)
    {
      BtsRangeConnection *connection = g_ptr_array_index (self->connections, i - 1);
      g_autoptr (GError) error = NULL;
      gboolean is_fatal = FALSE;
      gboolean is_doubtful = FALSE;
      gboolean has_worked = bts_range_connection_is_flowing (connection);

      if (!bts_range_connection_has_ended (connection, &error, &is_fatal))
        continue;
      is_doubtful = bts_range_connection_is_doubtful (connection);
      g_ptr_array_remove_index (self->connections, i - 1);
      if (error == NULL)
        continue;
      if (is_doubtful || is_fatal || self->connections->len == 0)
        {
          end (self, is_doubtful ? BTS_RANGE_VERDICT_START_OVER : BTS_RANGE_VERDICT_GO_ON,
               g_steal_pointer (&error));
          continue;
        }
      g_debug ("A connection less: %s", error->message);
      bts_connection_count_take_loss (&self->count, self->connections->len, has_worked,
                                      g_get_monotonic_time ());
    }
}

/* The connections that do something else leave it for what was asked for last. */
static void
take_requests (Fetch *self)
{
  BtsByteRange range;
  gboolean has_new = FALSE;
  guint n_to_move = 0;

  if (!self->is_total_known || self->is_ending)
    return;
  g_mutex_lock (&self->shared.lock);
  while (bts_transfer_job_take_range (self->spec->job, &range))
    {
      bts_range_plan_request (self->shared.plan, range.offset, range.length);
      has_new = TRUE;
    }
  self->is_awaited |= has_new;
  if (has_new)
    n_to_move = bts_range_plan_get_n_to_move (self->shared.plan);
  g_mutex_unlock (&self->shared.lock);

  for (guint i = 0; i < self->connections->len && n_to_move > 0; i++)
    if (bts_range_connection_interrupt_elsewhere (g_ptr_array_index (self->connections, i)))
      n_to_move--;
}

static guint64
get_received (Fetch *self)
{
  guint64 received = 0;

  g_mutex_lock (&self->shared.lock);
  received = bts_range_plan_get_received (self->shared.plan);
  g_mutex_unlock (&self->shared.lock);
  return received;
}

static gboolean
are_all_flowing (Fetch *self)
{
  for (guint i = 0; i < self->connections->len; i++)
    if (!bts_range_connection_is_flowing (g_ptr_array_index (self->connections, i)))
      return FALSE;
  return self->connections->len > 0;
}

/* Returns when there is something to decide. */
static gint64
choose_count (Fetch *self, gint64 now)
{
  BtsConnectionSample sample = { .now = now, .received = get_received (self) };

  if (!self->is_total_known || self->is_ending)
    return G_MAXINT64;
  sample.left = self->spec->record->total - MIN (sample.received, self->spec->record->total);
  sample.max_rate = bts_transfer_job_get_max_rate (self->spec->job);
  sample.n_connections = self->connections->len;
  sample.are_flowing = are_all_flowing (self);
  return bts_connection_count_update (&self->count, &sample);
}

/* One that has long been silent while others were not is given up, and with it the way that it
 * took. Where all are silent it is for the time-outs. Returns when to look again. */
static gint64
give_up_stalled (Fetch *self, gint64 now)
{
  gint64 due = G_MAXINT64;
  gint64 last_data = 0;

  g_mutex_lock (&self->shared.lock);
  last_data = self->shared.last_data;
  g_mutex_unlock (&self->shared.lock);

  for (guint i = 0; i < self->connections->len; i++)
    {
      BtsRangeConnection *connection = g_ptr_array_index (self->connections, i);
      gint64 own = bts_range_connection_get_last_data (connection);

      if (own >= last_data)
        continue;
      if (now >= own + MAX_SILENCE_US)
        bts_range_connection_reconnect (connection);
      else
        due = MIN (due, own + MAX_SILENCE_US);
    }
  return due;
}

static gboolean
has_work (Fetch *self)
{
  gboolean has_work = FALSE;

  g_mutex_lock (&self->shared.lock);
  has_work = bts_range_plan_has_work (self->shared.plan);
  self->shared.n_wanted = self->count.n_wanted;
  g_mutex_unlock (&self->shared.lock);
  return has_work;
}

static void
start_connections (Fetch *self)
{
  guint n_wanted = self->is_total_known ? self->count.n_wanted : 1;

  while (!self->is_ending && has_work (self) && self->connections->len < n_wanted)
    {
      g_autoptr (GError) error = NULL;
      BtsRangeConnection *connection =
          bts_range_connection_new (&self->shared, self->n_made++, &error);

      if (connection != NULL)
        g_ptr_array_add (self->connections, connection);
      else if (self->connections->len == 0)
        end (self, BTS_RANGE_VERDICT_GO_ON, g_steal_pointer (&error));
      else
        {
          n_wanted = self->connections->len;
          bts_connection_count_take_loss (&self->count, n_wanted, FALSE, g_get_monotonic_time ());
        }
    }
}

/* Returns when it is due. */
static gint64
keep (Fetch *self, gint64 now)
{
  g_autoptr (GError) error = NULL;
  gboolean is_serving = FALSE;
  gboolean is_full = FALSE;
  gint64 due = G_MAXINT64;

  g_mutex_lock (&self->shared.lock);
  is_serving = bts_range_plan_is_serving (self->shared.plan);
  self->is_awaited |= is_serving;
  is_full = self->shared.n_unkept >= self->spec->checkpoint_bytes;
  if (self->shared.n_unkept > 0)
    due = self->last_keep + (self->is_awaited ? KEEP_SERVING_US : KEEP_INTERVAL_US);
  if (is_full || now >= due)
    {
      self->shared.n_unkept = 0;
      self->is_awaited = is_serving;
    }
  g_mutex_unlock (&self->shared.lock);

  if (self->is_ending)
    return G_MAXINT64;
  self->spec->events->tell (self->spec->user_data);
  if (!is_full && now < due)
    return due;
  if (!self->spec->events->keep (self->spec->user_data, &error))
    end (self, BTS_RANGE_VERDICT_GO_ON, g_steal_pointer (&error));
  self->last_keep = g_get_monotonic_time ();
  return G_MAXINT64;
}

static void
run_loop (Fetch *self)
{
  for (;;)
    {
      gint64 now = g_get_monotonic_time ();
      gint64 due = 0;

      judge_heads (self);
      remove_ended (self);
      if (bts_transfer_job_is_stopping (self->spec->job))
        end (self, BTS_RANGE_VERDICT_GO_ON,
             g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped"));
      take_requests (self);
      due = choose_count (self, now);
      due = MIN (due, give_up_stalled (self, now));
      start_connections (self);
      if (self->connections->len == 0)
        return;
      due = MIN (due, keep (self, now));
      bts_transfer_job_wait (self->spec->job, MAX (due, now + 1000));
    }
}

static void
init (Fetch *self, const BtsRangeFetchSpec *spec)
{
  g_autoptr (BtsByteRanges) held = bts_destination_dup_held (spec->destination);
  gboolean is_known = spec->record->is_total_known && bts_byte_ranges_get_total (held) > 0;

  self->spec = spec;
  self->connections = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_range_connection_free);
  self->is_total_known = is_known;
  bts_connection_count_init (&self->count, spec->max_connections);
  self->last_keep = g_get_monotonic_time ();
  bts_range_shared_init (
      &self->shared, spec,
      bts_range_plan_new (held, is_known ? spec->record->total : BTS_RANGE_FIRST_BYTES));
  /* Where nothing is held, any file of the server will do. */
  if (is_known)
    self->shared.validator = g_strdup (spec->record->validator);
}

gboolean
bts_range_fetch_run (const BtsRangeFetchSpec *spec, BtsRangeVerdict *verdict, GError **error)
{
  Fetch self = { NULL };
  gboolean is_done = FALSE;

  init (&self, spec);
  run_loop (&self);
  *verdict = self.verdict;
  is_done = !self.is_ending && bts_range_plan_is_done (self.shared.plan);
  if (self.error != NULL)
    g_propagate_error (error, self.error);
  else if (!is_done)
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                         "Not all parts of the file have arrived");
  g_ptr_array_unref (self.connections);
  bts_range_shared_clear (&self.shared);
  return is_done;
}
