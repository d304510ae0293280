/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/rate-share.h"

#define MAX_JOBS 4

static const struct
{
  const char *name;
  guint64 machine_rate;
  gsize n;
  guint64 own[MAX_JOBS];
  guint64 shares[MAX_JOBS];
} cases[] = {
  { "no-limit-leaves-each-its-own", 0, 2, { 0, 7 }, { 0, 7 } },
  { "one-job-gets-all", 100, 1, { 0 }, { 100 } },
  { "equal-parts", 100, 4, { 0, 0, 0, 0 }, { 25, 25, 25, 25 } },
  { "what-one-cannot-use-goes-to-the-others", 100, 3, { 10, 0, 0 }, { 10, 45, 45 } },
  { "a-limit-above-the-part-does-not-count", 100, 2, { 90, 0 }, { 50, 50 } },
  { "modest-only-after-others-were", 100, 3, { 10, 40, 0 }, { 10, 40, 50 } },
  { "all-modest", 100, 2, { 10, 20 }, { 10, 20 } },
  { "never-zero", 1, 2, { 0, 0 }, { 1, 1 } },
  { "nobody", 100, 0, { 0 }, { 0 } },
};

static void
test_case (gconstpointer data)
{
  gsize row = GPOINTER_TO_SIZE (data);
  guint64 shares[MAX_JOBS] = { 99, 99, 99, 99 };

  bts_rate_share (cases[row].machine_rate, cases[row].own, shares, cases[row].n);
  for (gsize i = 0; i < cases[row].n; i++)
    g_assert_cmpuint (shares[i], ==, cases[row].shares[i]);
}

static void
measure (BtsRateUse *use, guint64 share, guint64 rate)
{
  bts_rate_use_measure (use, share, use->moved + rate, use->measured_at + G_USEC_PER_SEC);
}

static void
test_what_is_not_used_is_not_wanted (void)
{
  BtsRateUse use = { 0 };

  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 0);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 70), ==, 70);
  /* What it had before it was looked at says nothing. */
  bts_rate_use_measure (&use, 1000, 5, G_USEC_PER_SEC);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 0);

  measure (&use, 1000, 1000);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 0);
  measure (&use, 1000, 400);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 600);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 2000), ==, 600);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 300), ==, 300);
  /* As much as it wanted: there may be more. */
  measure (&use, 600, 600);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 0);
}

static void
test_who_uses_nothing_keeps_a_little (void)
{
  BtsRateUse use = { 0 };

  measure (&use, 1600, 0);
  measure (&use, 1600, 0);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 100);
  measure (&use, 0, 0);
  g_assert_cmpuint (bts_rate_use_get_demand (&use, 0), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/worker/rate-share/%s", cases[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  g_test_add_func ("/worker/rate-share/what-is-not-used-is-not-wanted",
                   test_what_is_not_used_is_not_wanted);
  g_test_add_func ("/worker/rate-share/who-uses-nothing-keeps-a-little",
                   test_who_uses_nothing_keeps_a_little);
  return g_test_run ();
}
