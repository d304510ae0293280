/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/token-bucket.h"

/* Takes all it may for @seconds of a time of its own; each wait is @late_us too long. */
static guint64
take_for (BtsTokenBucket *bucket,
          gint64 *now_us,
          double seconds,
          gsize wanted,
          gint64 late_us,
          guint *n_waits)
{
  gint64 end_us = *now_us + (gint64) (seconds * G_USEC_PER_SEC);
  guint64 taken = 0;

  while (*now_us < end_us)
    {
      gint64 wait_us = 0;
      gsize allowed = bts_token_bucket_get_allowed (bucket, wanted, *now_us, &wait_us);

      if (allowed > 0)
        {
          bts_token_bucket_take (bucket, allowed);
          taken += allowed;
          continue;
        }
      g_assert_cmpint (wait_us, >, 0);
      *now_us += wait_us + late_us;
      (*n_waits)++;
    }
  return taken;
}

static void
check_rate (guint64 rate, gsize wanted, gint64 late_us)
{
  BtsTokenBucket bucket = { 0 };
  gint64 now_us = 1000;
  guint n_waits = 0;

  bts_token_bucket_set_rate (&bucket, rate, now_us);
  for (guint i = 0; i < 5; i++)
    {
      guint64 taken = take_for (&bucket, &now_us, 3, wanted, late_us, &n_waits);

      g_assert_cmpuint (taken, >=, rate * 3 * 95 / 100);
      g_assert_cmpuint (taken, <=, rate * 3 * 105 / 100);
    }
  g_assert_cmpuint (n_waits, <=, 15 * 10 + 1);
}

static void
test_rates (void)
{
  static const guint64 rates[] = { 1000, 50 * 1000, 1000 * 1000, 100 * 1000 * 1000 };

  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    {
      check_rate (rates[i], 1024 * 1024, 0);
      check_rate (rates[i], 1024 * 1024, 3000);
      check_rate (rates[i], 1024 * 1024, 60 * 1000);
    }
}

static void
test_no_limit (void)
{
  BtsTokenBucket bucket = { 0 };
  gint64 wait_us = 0;

  g_assert_cmpuint (bts_token_bucket_get_allowed (&bucket, 12345, 0, &wait_us), ==, 12345);
}

static void
test_change (void)
{
  BtsTokenBucket bucket = { 0 };
  gint64 now_us = 0;
  gint64 wait_us = 0;
  guint n_waits = 0;
  guint64 taken;

  bts_token_bucket_set_rate (&bucket, 1000, now_us);
  take_for (&bucket, &now_us, 1, 1000, 0, &n_waits);
  bts_token_bucket_set_rate (&bucket, 100 * 1000, now_us);
  taken = take_for (&bucket, &now_us, 3, 100 * 1000, 0, &n_waits);
  g_assert_cmpuint (taken, >=, 285 * 1000);
  g_assert_cmpuint (taken, <=, 315 * 1000);
  bts_token_bucket_set_rate (&bucket, 0, now_us);
  g_assert_cmpuint (bts_token_bucket_get_allowed (&bucket, 777, now_us, &wait_us), ==, 777);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/token-bucket/a-rate-is-kept-with-few-waits", test_rates);
  g_test_add_func ("/transport/token-bucket/without-a-rate-there-is-no-limit", test_no_limit);
  g_test_add_func ("/transport/token-bucket/a-rate-may-change", test_change);
  return g_test_run ();
}
