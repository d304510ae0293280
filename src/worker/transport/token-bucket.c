/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/token-bucket.h"

/* Over three seconds a portion more or less is about 4 %. */
#define WAITS_PER_SECOND 8

/* Less than that part of a portion is not worth a read. */
#define CRUMBS 8

/* What is gained by oversleeping is not lost, but soon is. */
#define MAX_QUANTA 2

static double
get_quantum (const BtsTokenBucket *self)
{
  return MAX ((double) self->rate / WAITS_PER_SECOND, 1);
}

static void
fill (BtsTokenBucket *self, gint64 now_us)
{
  gint64 elapsed_us = MAX (now_us - self->last_us, 0);

  self->tokens += (double) self->rate * (double) elapsed_us / G_USEC_PER_SEC;
  self->tokens = MIN (self->tokens, MAX_QUANTA * get_quantum (self));
  self->last_us = now_us;
}

void
bts_token_bucket_set_rate (BtsTokenBucket *self, guint64 rate, gint64 now_us)
{
  if (self->rate == 0)
    {
      self->tokens = 0;
      self->last_us = now_us;
    }
  fill (self, now_us);
  self->portion = 0;
  self->rate = rate;
}

gsize
bts_token_bucket_get_allowed (BtsTokenBucket *self, gsize wanted, gint64 now_us, gint64 *wait_us)
{
  double quantum = get_quantum (self);

  if (self->rate == 0)
    return wanted;

  /* Buffers end where they end: what one wait has brought may take several reads. */
  if (self->portion >= MIN (MAX (quantum / CRUMBS, 1), (double) wanted))
    return (gsize) MIN (self->portion, (double) wanted);

  fill (self, now_us);
  if (self->tokens >= MIN (quantum, (double) wanted))
    {
      self->portion = self->tokens;
      return (gsize) MIN (self->portion, (double) wanted);
    }

  /* What is left is kept for then. */
  *wait_us = (gint64) (quantum * G_USEC_PER_SEC / (double) self->rate) + 1;
  return 0;
}

void
bts_token_bucket_take (BtsTokenBucket *self, gsize taken)
{
  self->tokens -= (double) taken;
  self->portion -= (double) taken;
}
