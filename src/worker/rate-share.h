/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What a job uses of its share; all zero at first. */
typedef struct
{
  guint64 wanted; /* bytes a second; 0: all it gets */
  guint64 moved;  /* bytes, when that was measured */
  gint64 measured_at;
} BtsRateUse;

/* Has moved so many bytes since it began, of late with @share (0 without limit). Pure. */
void bts_rate_use_measure (BtsRateUse *self, guint64 share, guint64 moved, gint64 now_us);

/* How much it wants, with a limit of its own (@own, 0 without): no more than a little beyond what
 * it uses where that is not its share, so that the rest goes to others and yet it shows when it
 * could use more. 0: all it gets. */
guint64 bts_rate_use_get_demand (const BtsRateUse *self, guint64 own);

/* Shares @machine_rate (bytes a second, 0 without limit) out among @n jobs: equally, but what a
 * job with a limit of its own (@own, 0 without) cannot use goes to the others. Fills @shares
 * with what each may take, 0 without limit. Pure. */
void bts_rate_share (guint64 machine_rate, const guint64 *own, guint64 *shares, gsize n);
