/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/rate-share.h"

/* One pass fixes all that want less than an equal part; the rest is shared anew until nobody
 * does, which is after at most @n passes. 0 in @shares: not fixed yet. */
static gboolean
fix_modest (const guint64 *own, guint64 *shares, gsize n, guint64 *rate, gsize *n_left)
{
  guint64 part = *rate / *n_left;
  gboolean has_fixed = FALSE;

  for (gsize i = 0; i<n && * n_left> 0; i++)
    if (shares[i] == 0 && own[i] != 0 && own[i] <= part)
      {
        shares[i] = own[i];
        *rate -= own[i];
        --*n_left;
        has_fixed = TRUE;
      }
  return has_fixed;
}

void
bts_rate_share (guint64 machine_rate, const guint64 *own, guint64 *shares, gsize n)
{
  gsize n_left = n;

  for (gsize i = 0; i < n; i++)
    shares[i] = machine_rate == 0 ? own[i] : 0;
  if (machine_rate == 0)
    return;

  while (n_left > 0 && fix_modest (own, shares, n, &machine_rate, &n_left))
    ;
  for (gsize i = 0; i < n; i++)
    if (shares[i] == 0)
      shares[i] = MAX (machine_rate / n_left, 1);
}
