/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/rate-limiter.h"

/* Over three seconds a portion more or less is about 4 %. */
#define WAITS_PER_SECOND 8

/* Less than that part of a portion is not worth a read. */
#define CRUMBS 64

/* What nobody asked for in time is not lost, but soon is: portions, and how many it may take to use
 * one. */
#define MAX_LATE 1
#define MAX_USE 2

struct _BtsRateLimiter
{
  GMutex lock;
  GCond changed;
  guint64 rate;
  gint64 next_us; /* when the next portion is to be had */
  guint n_limits; /* so often there was a limit after there was none */
};

BtsRateLimiter *
bts_rate_limiter_new (void)
{
  BtsRateLimiter *self = g_atomic_rc_box_new0 (BtsRateLimiter);

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

BtsRateLimiter *
bts_rate_limiter_ref (BtsRateLimiter *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  BtsRateLimiter *self = data;

  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
}

void
bts_rate_limiter_unref (BtsRateLimiter *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

static gsize
get_portion_bytes (BtsRateLimiter *self)
{
  return (gsize) MAX (self->rate / WAITS_PER_SECOND, 1);
}

static gint64
get_time (BtsRateLimiter *self, guint64 bytes)
{
  return (gint64) ((double) bytes * G_USEC_PER_SEC / (double) self->rate);
}

static gint64
get_period (BtsRateLimiter *self)
{
  return MAX (get_time (self, get_portion_bytes (self)), 1);
}

void
bts_rate_limiter_set_rate (BtsRateLimiter *self, guint64 rate, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  gboolean is_first = self->rate == 0 && rate != 0;

  /* Another rate means portions of another size, at the same times. */
  self->rate = rate;
  if (rate == 0)
    g_cond_broadcast (&self->changed);
  if (!is_first)
    return;
  self->n_limits++;
  self->next_us = now_us + get_period (self);
}

guint64
bts_rate_limiter_get_rate (BtsRateLimiter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->rate;
}

static void
return_left (BtsRateLimiter *self, BtsRatePortion *portion)
{
  self->next_us -= get_time (self, portion->left);
  portion->left = 0;
}

static void
clear_portion (BtsRateLimiter *self, BtsRatePortion *portion)
{
  if (self->rate > 0 && portion->n_limits == self->n_limits)
    {
      return_left (self, portion);
      if (portion->due_us != 0)
        self->next_us -= get_period (self);
    }
  *portion = (BtsRatePortion){ .n_limits = self->n_limits };
}

static gboolean
is_old (BtsRateLimiter *self, const BtsRatePortion *portion, gint64 now_us)
{
  return portion->left > 0 && now_us > portion->granted_us + MAX_USE * get_period (self);
}

static void
ask (BtsRateLimiter *self, BtsRatePortion *portion, gint64 now_us)
{
  gint64 period_us = get_period (self);

  portion->due_us = MAX (self->next_us, now_us - MAX_LATE * period_us);
  self->next_us = portion->due_us + period_us;
}

static gsize
get_allowed (
    BtsRateLimiter *self, BtsRatePortion *portion, gsize wanted, gint64 now_us, gint64 *wait_us)
{
  gsize size = 0;

  if (self->rate == 0)
    return wanted;
  if (portion->n_limits != self->n_limits)
    clear_portion (self, portion);
  else if (is_old (self, portion, now_us))
    return_left (self, portion);

  /* Buffers end where they end: what one wait has brought may take several reads. */
  size = get_portion_bytes (self);
  portion->left = MIN (portion->left, 2 * size);
  if (portion->left >= MIN (MAX (size / CRUMBS, 1), wanted))
    return MIN (portion->left, wanted);
  if (portion->due_us == 0 || now_us > portion->due_us + MAX_USE * get_period (self))
    ask (self, portion, now_us);
  if (now_us < portion->due_us)
    {
      *wait_us = portion->due_us - now_us;
      return 0;
    }
  portion->due_us = 0;
  portion->granted_us = now_us;
  portion->left += size;
  return MIN (portion->left, wanted);
}

gsize
bts_rate_limiter_get_allowed (
    BtsRateLimiter *self, BtsRatePortion *portion, gsize wanted, gint64 now_us, gint64 *wait_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return get_allowed (self, portion, wanted, now_us, wait_us);
}

void
bts_rate_limiter_take (BtsRateLimiter *self, BtsRatePortion *portion, gsize taken, gint64 now_us)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->rate == 0 || portion->n_limits != self->n_limits)
    return;
  /* What came so late that the others have long had this portion's time is paid for again. */
  if (is_old (self, portion, now_us))
    self->next_us = MAX (self->next_us, now_us) + get_time (self, taken);
  portion->left -= MIN (taken, portion->left);
}

gsize
bts_rate_limiter_wait (BtsRateLimiter *self,
                       BtsRatePortion *portion,
                       gsize wanted,
                       BtsRateLimiterFunc is_cancelled,
                       gpointer user_data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (!is_cancelled (user_data))
    {
      gint64 now_us = g_get_monotonic_time ();
      gint64 wait_us = 0;
      gsize allowed = get_allowed (self, portion, wanted, now_us, &wait_us);

      if (allowed > 0)
        return allowed;
      g_cond_wait_until (&self->changed, &self->lock, now_us + wait_us);
    }
  return 0;
}

void
bts_rate_limiter_wake_up (BtsRateLimiter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_cond_broadcast (&self->changed);
}

void
bts_rate_limiter_give_back (BtsRateLimiter *self, BtsRatePortion *portion)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  clear_portion (self, portion);
}
