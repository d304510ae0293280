/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/rate-limiter.h"

#define MAX_STREAMS 8
#define START_US (1000 * G_USEC_PER_SEC)

/* Streams that take all they may, in a time of their own. */
typedef struct
{
  BtsRateLimiter *limiter; /* (owned) */
  BtsRatePortion portions[MAX_STREAMS];
  gint64 due_us[MAX_STREAMS];
  guint64 each[MAX_STREAMS]; /* bytes a second that its server sends; 0 without limit */
  guint64 taken[MAX_STREAMS];
  guint n;
  gsize wanted;
  gint64 late_us; /* so much too long is each wait */
  gint64 now_us;
  guint n_waits;
} Streams;

static void
init (Streams *streams, guint n, guint64 rate)
{
  *streams = (Streams){
    .limiter = bts_rate_limiter_new (), .n = n, .wanted = 1024 * 1024, .now_us = START_US
  };
  bts_rate_limiter_set_rate (streams->limiter, rate, streams->now_us);
}

static void
clear (Streams *streams)
{
  g_clear_pointer (&streams->limiter, bts_rate_limiter_unref);
}

static guint
get_next (Streams *streams)
{
  guint next = 0;

  for (guint i = 1; i < streams->n; i++)
    if (streams->due_us[i] < streams->due_us[next])
      next = i;
  return next;
}

/* One read, or the wait for one. */
static guint64
step (Streams *streams, guint i)
{
  gint64 wait_us = 0;
  gsize allowed = bts_rate_limiter_get_allowed (streams->limiter, &streams->portions[i],
                                                streams->wanted, streams->now_us, &wait_us);

  if (allowed == 0)
    {
      g_assert_cmpint (wait_us, >, 0);
      streams->due_us[i] = streams->now_us + wait_us + streams->late_us;
      streams->n_waits++;
      return 0;
    }
  if (streams->each[i] != 0)
    {
      guint64 sent = (guint64) ((double) streams->each[i] * (double) (streams->now_us - START_US) /
                                G_USEC_PER_SEC);

      allowed = MIN (allowed, sent - MIN (sent, streams->taken[i]));
      streams->due_us[i] = streams->now_us + G_USEC_PER_SEC / 10;
    }
  bts_rate_limiter_take (streams->limiter, &streams->portions[i], allowed, streams->now_us);
  streams->taken[i] += allowed;
  return allowed;
}

static guint64
run (Streams *streams, double seconds)
{
  gint64 end_us = streams->now_us + (gint64) (seconds * G_USEC_PER_SEC);
  guint64 taken = 0;

  for (;;)
    {
      guint i = get_next (streams);

      if (streams->due_us[i] >= end_us)
        break;
      streams->now_us = MAX (streams->now_us, streams->due_us[i]);
      taken += step (streams, i);
    }
  streams->now_us = end_us;
  return taken;
}

static void
assert_near (guint64 measured, guint64 wanted, guint percent)
{
  g_assert_cmpuint (measured, >=, wanted * (100 - percent) / 100);
  g_assert_cmpuint (measured, <=, wanted * (100 + percent) / 100);
}

/* In every three seconds within 5 %, and with ten waits a second, however many share it. */
static void
check_rate (guint64 rate, guint n, gint64 late_us)
{
  Streams streams;

  init (&streams, n, rate);
  streams.late_us = late_us;
  for (guint i = 0; i < 5; i++)
    assert_near (run (&streams, 3), rate * 3, 5);
  g_assert_cmpuint (streams.n_waits, <=, 15 * 10 + n);
  clear (&streams);
}

static void
test_rates (void)
{
  static const guint64 rates[] = { 1000, 50 * 1000, 1000 * 1000, 100 * 1000 * 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    for (guint n = 1; n <= MAX_STREAMS; n *= 2)
      {
        check_rate (rates[i], n, 0);
        check_rate (rates[i], n, 3000);
        check_rate (rates[i], n, 60 * 1000);
      }
}

static void
test_streams_share_equally (void)
{
  Streams streams;

  init (&streams, 4, 1000 * 1000);
  run (&streams, 12);
  for (guint i = 0; i < 4; i++)
    assert_near (streams.taken[i], 3 * 1000 * 1000, 10);
  clear (&streams);
}

static void
test_what_a_slow_one_leaves_is_for_the_others (void)
{
  Streams streams;

  init (&streams, 3, 900 * 1000);
  streams.each[1] = 20 * 1000;
  run (&streams, 3);
  for (guint i = 0; i < 3; i++)
    assert_near (run (&streams, 3), 3 * 900 * 1000, 5);
  assert_near (streams.taken[1], 12 * 20 * 1000, 10);
  clear (&streams);
}

static void
test_one_that_has_stalled_costs_the_others_nothing (void)
{
  Streams streams;
  gint64 end_us;

  init (&streams, 3, 900 * 1000);
  run (&streams, 3);
  streams.due_us[1] = end_us = streams.now_us + 10 * G_USEC_PER_SEC;
  for (guint i = 0; i < 3; i++)
    assert_near (run (&streams, 3), 3 * 900 * 1000, 5);
  while (streams.now_us < end_us)
    run (&streams, 1);
  assert_near (run (&streams, 3), 3 * 900 * 1000, 5);
  clear (&streams);
}

/* As where the network was away: what has not passed meanwhile does not pass at once. */
static void
test_after_silence_of_all_the_rate_holds_too (void)
{
  Streams streams;

  init (&streams, 4, 900 * 1000);
  run (&streams, 3);
  streams.now_us += 10 * G_USEC_PER_SEC;
  assert_near (run (&streams, 3), 3 * 900 * 1000, 9);
  assert_near (run (&streams, 3), 3 * 900 * 1000, 5);
  clear (&streams);
}

static void
test_what_is_given_back_is_there (void)
{
  BtsRateLimiter *limiter = bts_rate_limiter_new ();
  BtsRatePortion first = { 0 };
  BtsRatePortion second = { 0 };
  gint64 now_us = G_USEC_PER_SEC;
  gint64 wait_us = 0;

  bts_rate_limiter_set_rate (limiter, 8000, now_us);
  g_assert_cmpuint (bts_rate_limiter_get_allowed (limiter, &first, 1000, now_us, &wait_us), ==, 0);
  now_us += wait_us;
  g_assert_cmpuint (bts_rate_limiter_get_allowed (limiter, &first, 9999, now_us, &wait_us), ==,
                    1000);
  bts_rate_limiter_give_back (limiter, &first);
  g_assert_cmpuint (bts_rate_limiter_get_allowed (limiter, &second, 9999, now_us, &wait_us), ==,
                    1000);
  bts_rate_limiter_unref (limiter);
}

static void
test_no_limit (void)
{
  g_autoptr (BtsRateLimiter) limiter = bts_rate_limiter_new ();
  BtsRatePortion portion = { 0 };
  gint64 wait_us = 0;

  g_assert_cmpuint (bts_rate_limiter_get_allowed (limiter, &portion, 12345, 0, &wait_us), ==,
                    12345);
}

static void
test_change (void)
{
  Streams streams;
  gint64 wait_us = 0;

  init (&streams, 1, 1000);
  run (&streams, 1);
  bts_rate_limiter_set_rate (streams.limiter, 100 * 1000, streams.now_us);
  streams.due_us[0] = streams.now_us;
  assert_near (run (&streams, 3), 300 * 1000, 5);
  bts_rate_limiter_set_rate (streams.limiter, 0, streams.now_us);
  g_assert_cmpuint (bts_rate_limiter_get_allowed (streams.limiter, &streams.portions[0], 777,
                                                  streams.now_us, &wait_us),
                    ==, 777);
  bts_rate_limiter_set_rate (streams.limiter, 1000, streams.now_us);
  streams.due_us[0] = streams.now_us;
  assert_near (run (&streams, 3), 3000, 5);
  clear (&streams);
}

/* As where what others need changes all the time. */
static void
test_small_changes_cost_nothing (void)
{
  Streams streams;
  guint64 taken = 0;

  init (&streams, 2, 1000 * 1000);
  for (guint i = 0; i < 30; i++)
    {
      bts_rate_limiter_set_rate (streams.limiter, 1000 * 1000 + i % 7 * 1000, streams.now_us);
      taken += run (&streams, 0.1);
    }
  assert_near (taken, 3 * 1000 * 1000, 5);
  bts_rate_limiter_set_rate (streams.limiter, 10 * 1000, streams.now_us);
  run (&streams, 0.5);
  assert_near (run (&streams, 3), 30 * 1000, 5);
  clear (&streams);
}

static gboolean
return_true (gpointer user_data)
{
  return TRUE;
}

static void
test_cancelled_waits_end (void)
{
  g_autoptr (BtsRateLimiter) limiter = bts_rate_limiter_new ();
  BtsRatePortion portion = { 0 };

  bts_rate_limiter_set_rate (limiter, 1, g_get_monotonic_time ());
  g_assert_cmpuint (bts_rate_limiter_wait (limiter, &portion, 1, return_true, NULL), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/rate-limiter/a-rate-is-kept-with-few-waits", test_rates);
  g_test_add_func ("/transport/rate-limiter/streams-share-equally", test_streams_share_equally);
  g_test_add_func ("/transport/rate-limiter/what-a-slow-one-leaves-is-for-the-others",
                   test_what_a_slow_one_leaves_is_for_the_others);
  g_test_add_func ("/transport/rate-limiter/one-that-has-stalled-costs-the-others-nothing",
                   test_one_that_has_stalled_costs_the_others_nothing);
  g_test_add_func ("/transport/rate-limiter/after-silence-of-all-the-rate-holds-too",
                   test_after_silence_of_all_the_rate_holds_too);
  g_test_add_func ("/transport/rate-limiter/what-is-given-back-is-there",
                   test_what_is_given_back_is_there);
  g_test_add_func ("/transport/rate-limiter/without-a-rate-there-is-no-limit", test_no_limit);
  g_test_add_func ("/transport/rate-limiter/a-rate-may-change", test_change);
  g_test_add_func ("/transport/rate-limiter/small-changes-cost-nothing",
                   test_small_changes_cost_nothing);
  g_test_add_func ("/transport/rate-limiter/cancelled-waits-end", test_cancelled_waits_end);
  return g_test_run ();
}
