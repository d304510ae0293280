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

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/worker/rate-share/%s", cases[i].name);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_case);
    }
  return g_test_run ();
}
