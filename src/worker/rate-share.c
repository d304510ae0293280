/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/rate-share.h"

/* Who has used less than that of its share has no use for the rest; it keeps so much of what it has
 * used, and in any case some of its share. Servers send unevenly: between the two there is room. */
#define USED_UP 0.9
#define HEADROOM 1.5
#define MIN_KEPT (1.0 / 16)

void
bts_rate_use_measure (BtsRateUse *self, guint64 share, guint64 moved, gint64 now_us)
{
  double elapsed = (double) MAX (now_us - self->measured_at, 1) / G_USEC_PER_SEC;
  double used = (double) (moved - MIN (self->moved, moved)) / elapsed;
  double wanted = MAX (used * HEADROOM, (double) share * MIN_KEPT);

  if (self->measured_at == 0 || share == 0 || used >= (double) share * USED_UP)
    self->wanted = 0;
  else
    self->wanted = MAX ((guint64) wanted, 1);
  self->moved = moved;
  self->measured_at = now_us;
}

guint64
bts_rate_use_get_demand (const BtsRateUse *self, guint64 own)
{
  return own == 0 || (self->wanted != 0 && self->wanted < own) ? self->wanted : own;
}

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
