/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/connection-count.h"

/* The throughput of some connections is measured so often and for so long before there are more of
 * them. The lowest counts as what was, the highest as what is: servers that keep a rate send in
 * bursts, and one that is mistaken for a link that is full would cost much more than a
 * connection too many. Later there is time to look more closely. */
#define FIRST_WINDOW_US (G_USEC_PER_SEC / 5)
#define WINDOW_US G_USEC_PER_SEC
#define N_WINDOWS 2

/* More connections have to bring that part of what they would at best, or those before were
 * enough. */
#define MIN_GAIN 0.2

/* What will be done by then needs no more connections. */
#define MIN_LEFT_SECONDS 1.0

/* When more are tried again: longer after each time that was in vain. */
#define MIN_PATIENCE_US (3 * G_USEC_PER_SEC)
#define MAX_PATIENCE_US (60 * G_USEC_PER_SEC)

/* At once where that part of what was usual is not reached so often in succession. */
#define POOR_PART 0.6
#define N_POOR_WINDOWS 3

void
bts_connection_count_init (BtsConnectionCount *self, guint max)
{
  *self = (BtsConnectionCount){
    .max = MAX (max, 1),
    .n_wanted = 1,
    .window_us = FIRST_WINDOW_US,
  };
}

static void
settle (BtsConnectionCount *self, guint n, gboolean was_in_vain, gint64 now)
{
  self->n_wanted = n;
  self->is_settled = TRUE;
  self->n_before = 0;
  self->window_us = WINDOW_US;
  self->window_start = 0;
  self->settled_rate = 0;
  self->n_poor_windows = 0;
  self->patience_us = was_in_vain ? MIN (2 * self->patience_us, MAX_PATIENCE_US) : 0;
  self->patience_us = MAX (self->patience_us, MIN_PATIENCE_US);
  self->next_trial = now + self->patience_us;
}

static void
try_again (BtsConnectionCount *self)
{
  self->is_settled = FALSE;
  self->window_start = 0;
  self->n_windows = 0;
}

static gboolean
are_more_worth_it (BtsConnectionCount *self, const BtsConnectionSample *sample)
{
  double rate = (self->lowest + self->highest) / 2;

  return (double) sample->left > rate * MIN_LEFT_SECONDS &&
         (sample->max_rate == 0 || rate < 0.8 * (double) sample->max_rate);
}

static gboolean
were_more_in_vain (BtsConnectionCount *self)
{
  double added = (double) self->n_wanted / MAX (self->n_before, 1) - 1;

  return self->n_before > 0 && self->highest < self->rate_before * (1 + added * MIN_GAIN);
}

/* Twice as many where that is worth it, as many as before where it was not. */
static void
decide (BtsConnectionCount *self, const BtsConnectionSample *sample)
{
  if (were_more_in_vain (self))
    {
      settle (self, self->n_before, TRUE, sample->now);
      return;
    }
  if (self->n_wanted >= self->max || !are_more_worth_it (self, sample))
    {
      settle (self, self->n_wanted, FALSE, sample->now);
      return;
    }
  self->n_before = self->n_wanted;
  self->rate_before = self->lowest;
  self->n_wanted = MIN (2 * self->n_wanted, self->max);
}

/* FALSE while the window is not over. */
static gboolean
measure (BtsConnectionCount *self, const BtsConnectionSample *sample, double *rate)
{
  if (self->window_start == 0)
    {
      self->window_start = sample->now;
      self->window_begin = sample->received;
    }
  if (sample->now < self->window_start + self->window_us)
    return FALSE;
  *rate = (double) (sample->received - self->window_begin) * G_USEC_PER_SEC /
          (double) (sample->now - self->window_start);
  self->window_start = 0;
  return TRUE;
}

static void
take_window (BtsConnectionCount *self, const BtsConnectionSample *sample, double rate)
{
  self->lowest = self->n_windows == 0 ? rate : MIN (self->lowest, rate);
  self->highest = self->n_windows == 0 ? rate : MAX (self->highest, rate);
  if (++self->n_windows < N_WINDOWS)
    return;
  self->n_windows = 0;
  decide (self, sample);
}

/* Looks after those that are there. */
static void
take_settled_window (BtsConnectionCount *self, double rate)
{
  self->n_poor_windows = rate < self->settled_rate * POOR_PART ? self->n_poor_windows + 1 : 0;
  self->settled_rate = MAX (self->settled_rate, rate);
  if (self->n_poor_windows >= N_POOR_WINDOWS)
    try_again (self);
}

gint64
bts_connection_count_update (BtsConnectionCount *self, const BtsConnectionSample *sample)
{
  double rate = 0;

  if (self->is_settled && self->n_wanted >= self->max)
    return G_MAXINT64;
  if (self->is_settled && sample->now >= self->next_trial)
    try_again (self);
  if (!self->is_settled && (sample->n_connections < self->n_wanted || !sample->are_flowing))
    return sample->now + self->window_us;

  if (measure (self, sample, &rate))
    {
      if (self->is_settled)
        take_settled_window (self, rate);
      else
        take_window (self, sample, rate);
      return sample->now;
    }
  return self->window_start + self->window_us;
}

void
bts_connection_count_take_loss (BtsConnectionCount *self,
                                guint n_left,
                                gboolean has_worked,
                                gint64 now)
{
  settle (self, MAX (n_left, 1), !has_worked, now);
}
