/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A rate that several streams share, kept by few long waits. Each stream waits for a portion at a
 * time, in turn with the others, so that all of them together wake up no more often than one; what
 * one cannot use is there for the others. Thread-safe, reference-counted. */

typedef struct _BtsRateLimiter BtsRateLimiter;

/* What one stream has of it; all zero at first. For the stream's thread. */
typedef struct
{
  gsize left;        /* bytes */
  gint64 granted_us; /* since when */
  gint64 due_us;     /* when the next is to be had; 0: it was not asked for */
  guint n_limits;    /* which limit that was of */
} BtsRatePortion;

typedef gboolean (*BtsRateLimiterFunc) (gpointer user_data);

BtsRateLimiter *bts_rate_limiter_new (void);
BtsRateLimiter *bts_rate_limiter_ref (BtsRateLimiter *self);
void bts_rate_limiter_unref (BtsRateLimiter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsRateLimiter, bts_rate_limiter_unref)

/* Bytes a second; 0, as at first: without limit. */
void bts_rate_limiter_set_rate (BtsRateLimiter *self, guint64 rate, gint64 now_us);
guint64 bts_rate_limiter_get_rate (BtsRateLimiter *self);

/* How many of @wanted bytes (not 0) may pass now; 0 if none, then @wait_us says for how long. */
gsize bts_rate_limiter_get_allowed (
    BtsRateLimiter *self, BtsRatePortion *portion, gsize wanted, gint64 now_us, gint64 *wait_us);

/* They have. */
void
bts_rate_limiter_take (BtsRateLimiter *self, BtsRatePortion *portion, gsize taken, gint64 now_us);

/* Waits until some may pass, and returns how many; 0 once @is_cancelled, which is asked again after
 * each _wake_up. */
gsize bts_rate_limiter_wait (BtsRateLimiter *self,
                             BtsRatePortion *portion,
                             gsize wanted,
                             BtsRateLimiterFunc is_cancelled,
                             gpointer user_data);
void bts_rate_limiter_wake_up (BtsRateLimiter *self);

/* The stream ends: what it has left is the others'. */
void bts_rate_limiter_give_back (BtsRateLimiter *self, BtsRatePortion *portion);
