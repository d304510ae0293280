/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* How soon what has failed may be tried again: the longer, the more often it has failed in a row. A
 * plain value, zero at first; times are boot time. */

typedef struct
{
  guint n_failures; /* in a row */
  gint64 not_before;
} BtsBackOff;

void bts_back_off_fail (BtsBackOff *self, gint64 now);

/* It works again: the next failure is the first. */
void bts_back_off_reset (BtsBackOff *self);

/* 0 where it may be tried @now. */
gint64 bts_back_off_get_not_before (const BtsBackOff *self, gint64 now);
