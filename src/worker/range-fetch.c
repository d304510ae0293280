/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/range-fetch.h"

#include "common/bgt-web-error.h"
#include "worker/range-connection.h"

/* How often what has come is made durable and told: while somebody waits for a part, and else. */
#define KEEP_SERVING_US (G_USEC_PER_SEC / 4)
#define KEEP_INTERVAL_US (2 * G_USEC_PER_SEC)

/* The throughput of some connections is measured so often and for so long before there are more of
 * them. The lowest counts as what was, the highest as what is: servers that keep a rate send in
 * bursts, and one that is mistaken for a link that is full would cost much more than a
 * connection too many. */
#define TRIAL_US (3 * G_USEC_PER_SEC / 10)
#define N_TRIALS 2

/* Twice the connections have to bring that much more, or half of them were enough. */
#define MIN_GAIN 1.2

/* What will be done by then needs no more connections. */
#define MIN_LEFT_SECONDS 1.0

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

  guint n_wanted;
  gboolean is_settled; /* no more connections are tried */
  gint64 trial_start;  /* 0: none is under way */
  guint64 trial_received;
  guint n_trials; /* so many of this number of connections */
  double lowest;
  double highest;
  double rate_before; /* with half as many connections; negative: unknown */
  gint64 last_keep;
} Fetch;

static void
end (Fetch *self, BtsRangeVerdict verdict, GError *error)
{
  if (self->is_ending)
    {
      g_clear_error (&error);
      return;
    }
  self->is_ending = TRUE;
  self->verdict = verdict;
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
  else if (verdict != BTS_RANGE_VERDICT_FAIL)
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

      if (!bts_range_connection_has_ended (connection, &error, &is_fatal))
        continue;
      g_ptr_array_remove_index (self->connections, i - 1);
      if (error == NULL)
        continue;
      if (is_fatal || self->connections->len == 0)
        {
          end (self, BTS_RANGE_VERDICT_GO_ON, g_steal_pointer (&error));
          continue;
        }
      g_debug ("A connection less: %s", error->message);
      self->n_wanted = self->connections->len;
      self->is_settled = TRUE;
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

/* Twice as many where that is worth it, half as many where it was not. */
static void
decide_trial (Fetch *self)
{
  guint64 max_rate = bts_transfer_job_get_max_rate (self->spec->job);
  double left = (double) self->spec->record->total - (double) get_received (self);

  if (self->rate_before >= 0 && self->highest < self->rate_before * MIN_GAIN)
    {
      self->n_wanted = MAX (self->n_wanted / 2, 1);
      self->is_settled = TRUE;
      return;
    }
  self->rate_before = self->lowest;
  if (self->n_wanted >= self->spec->max_connections)
    self->is_settled = TRUE;
  else if (left > self->highest * MIN_LEFT_SECONDS &&
           (max_rate == 0 || self->highest < 0.8 * (double) max_rate))
    self->n_wanted = MIN (self->n_wanted * 2, self->spec->max_connections);
}

static void
end_trial (Fetch *self, gint64 now)
{
  double rate = (double) (get_received (self) - self->trial_received) * G_USEC_PER_SEC /
                (double) (now - self->trial_start);

  self->trial_start = 0;
  self->lowest = self->n_trials == 0 ? rate : MIN (self->lowest, rate);
  self->highest = self->n_trials == 0 ? rate : MAX (self->highest, rate);
  if (++self->n_trials < N_TRIALS)
    return;
  self->n_trials = 0;
  decide_trial (self);
}

/* Returns when there is something to decide. */
static gint64
run_trial (Fetch *self, gint64 now)
{
  if (self->is_settled || !self->is_total_known || self->is_ending)
    return G_MAXINT64;
  if (self->trial_start == 0)
    {
      if (self->connections->len < self->n_wanted || !are_all_flowing (self))
        return now + TRIAL_US;
      self->trial_start = now;
      self->trial_received = get_received (self);
    }
  else if (now >= self->trial_start + TRIAL_US)
    {
      end_trial (self, now);
      return now;
    }
  return self->trial_start + TRIAL_US;
}

static gboolean
has_work (Fetch *self)
{
  gboolean has_work = FALSE;

  g_mutex_lock (&self->shared.lock);
  has_work = bts_range_plan_has_work (self->shared.plan);
  self->shared.n_wanted = self->n_wanted;
  g_mutex_unlock (&self->shared.lock);
  return has_work;
}

static void
start_connections (Fetch *self)
{
  guint n_wanted = self->is_total_known ? self->n_wanted : 1;

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
        n_wanted = self->n_wanted = self->connections->len;
    }
}

/* Returns when it is due again. */
static gint64
keep (Fetch *self, gint64 now)
{
  g_autoptr (GError) error = NULL;
  gboolean is_due = FALSE;
  gint64 interval = KEEP_INTERVAL_US;

  g_mutex_lock (&self->shared.lock);
  if (bts_range_plan_is_serving (self->shared.plan))
    interval = KEEP_SERVING_US;
  is_due = self->shared.is_keep_due || self->shared.n_unkept >= self->spec->checkpoint_bytes;
  if (self->shared.n_unkept > 0 && now >= self->last_keep + interval)
    is_due = TRUE;
  self->shared.keep_interval = interval;
  if (is_due)
    {
      self->shared.is_keep_due = FALSE;
      self->shared.n_unkept = 0;
    }
  g_mutex_unlock (&self->shared.lock);

  if (!is_due || self->is_ending)
    return MAX (self->last_keep, now - interval) + interval;
  if (!self->spec->events->keep (self->spec->user_data, &error))
    end (self, BTS_RANGE_VERDICT_GO_ON, g_steal_pointer (&error));
  self->last_keep = g_get_monotonic_time ();
  return self->last_keep + interval;
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
      due = run_trial (self, now);
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
  self->n_wanted = 1;
  self->is_settled = spec->max_connections <= 1;
  self->rate_before = -1;
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
