/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/piece-size.h"

#define MIB ((guint64) 1024 * 1024)

/* Fetches @n pieces from a server that sends @rate bytes a second after a burst of so many seconds'
 * worth of them. Returns how many seconds that took for each MiB. */
static double
fetch (BtsPieceSize *size, guint n, guint64 rate, double burst_seconds)
{
  double seconds = 0;
  double mib = 0;

  for (guint i = 0; i < n; i++)
    {
      guint64 chosen = bts_piece_size_choose (size);
      double taken = MAX ((double) chosen / (double) rate - burst_seconds, 0.01);

      seconds += taken;
      mib += (double) chosen / (double) MIB;
      bts_piece_size_take (size, chosen, chosen, (gint64) (taken * G_USEC_PER_SEC));
    }
  return seconds / mib;
}

static void
test_fast_servers_are_asked_for_much (void)
{
  BtsPieceSize size;

  bts_piece_size_init (&size);
  fetch (&size, 5, 100 * MIB, 0);
  g_assert_cmpuint (size.size, ==, 64 * MIB);
}

static void
test_slow_ones_for_little (void)
{
  BtsPieceSize size;

  bts_piece_size_init (&size);
  fetch (&size, 5, MIB / 10, 0);
  g_assert_cmpuint (size.size, ==, 4 * MIB);
}

static void
test_two_seconds_where_nothing_speaks_against_it (void)
{
  BtsPieceSize size;

  bts_piece_size_init (&size);
  fetch (&size, 5, 10 * MIB, 0);
  g_assert_cmpuint (size.size, >=, 19 * MIB);
  g_assert_cmpuint (size.size, <=, 21 * MIB);
}

static void
test_bursts_are_taken (void)
{
  BtsPieceSize size;
  double seconds;

  bts_piece_size_init (&size);
  seconds = fetch (&size, 100, 4 * MIB, 0.5);
  g_assert_cmpfloat (seconds, <, 0.9 * 0.25 * 0.7);
}

static void
test_larger_ones_are_tried_again (void)
{
  BtsPieceSize size;

  bts_piece_size_init (&size);
  fetch (&size, 10, 4 * MIB, 0.5);
  g_assert_cmpuint (size.size, ==, 4 * MIB);
  fetch (&size, 40, 100 * MIB, 0);
  g_assert_cmpuint (size.size, ==, 64 * MIB);
}

static void
test_one_at_a_time_tries_more (void)
{
  BtsPieceSize size;
  guint64 larger;

  bts_piece_size_init (&size);
  bts_piece_size_take (&size, 4 * MIB, 4 * MIB, G_USEC_PER_SEC / 2);
  larger = bts_piece_size_choose (&size);
  g_assert_cmpuint (larger, ==, 8 * MIB);
  g_assert_cmpuint (bts_piece_size_choose (&size), ==, 4 * MIB);
  bts_piece_size_take (&size, larger, 0, 1);
  g_assert_cmpuint (bts_piece_size_choose (&size), ==, 8 * MIB);
  bts_piece_size_take (&size, larger, larger, G_USEC_PER_SEC);
  g_assert_cmpuint (size.size, ==, 8 * MIB);
}

static void
test_what_was_left_early_says_nothing (void)
{
  BtsPieceSize size;

  bts_piece_size_init (&size);
  fetch (&size, 3, 10 * MIB, 0);
  bts_piece_size_take (&size, size.size, 1000, G_USEC_PER_SEC);
  bts_piece_size_take (&size, size.size, 0, 0);
  g_assert_cmpuint (size.size, >=, 16 * MIB);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/piece-size/fast-servers-are-asked-for-much",
                   test_fast_servers_are_asked_for_much);
  g_test_add_func ("/piece-size/slow-ones-for-little", test_slow_ones_for_little);
  g_test_add_func ("/piece-size/two-seconds-where-nothing-speaks-against-it",
                   test_two_seconds_where_nothing_speaks_against_it);
  g_test_add_func ("/piece-size/bursts-are-taken", test_bursts_are_taken);
  g_test_add_func ("/piece-size/larger-ones-are-tried-again", test_larger_ones_are_tried_again);
  g_test_add_func ("/piece-size/one-at-a-time-tries-more", test_one_at_a_time_tries_more);
  g_test_add_func ("/piece-size/what-was-left-early-says-nothing",
                   test_what_was_left_early_says_nothing);
  return g_test_run ();
}
