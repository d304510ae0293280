/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/back-off.h"

#define N_FAILURES 1000
#define MOST_US G_TIME_SPAN_MINUTE

static void
test_delay_only_grows (void)
{
  BtsBackOff back_off = { 0 };
  gint64 last = 0;

  bts_back_off_fail (&back_off, 1);
  g_assert_cmpint (bts_back_off_get_not_before (&back_off, 1), ==, 0);
  for (guint i = 0; i < N_FAILURES; i++)
    {
      gint64 delay;

      bts_back_off_fail (&back_off, 1);
      delay = bts_back_off_get_not_before (&back_off, 1) - 1;
      g_assert_cmpint (delay, >=, MIN (MAX (2 * last, 1), MOST_US));
      g_assert_cmpint (delay, <=, MOST_US);
      last = delay;
    }
  g_assert_cmpint (last, ==, MOST_US);
}

static void
test_success_begins_anew (void)
{
  BtsBackOff back_off = { 0 };

  for (guint i = 0; i < 5; i++)
    bts_back_off_fail (&back_off, 1);
  bts_back_off_reset (&back_off);
  bts_back_off_fail (&back_off, 2);
  g_assert_cmpint (bts_back_off_get_not_before (&back_off, 2), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/back-off/delay-only-grows", test_delay_only_grows);
  g_test_add_func ("/daemon/back-off/success-begins-anew", test_success_begins_anew);
  return g_test_run ();
}
