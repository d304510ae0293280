/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/back-off.h"

#define BACK_OFF_US (G_TIME_SPAN_SECOND / 2)
#define MAX_BACK_OFF_US G_TIME_SPAN_MINUTE

/* The first failure costs no time: it may well be an accident. */
void
bts_back_off_fail (BtsBackOff *self, gint64 now)
{
  gint64 delay = 0;

  self->n_failures++;
  if (self->n_failures > 1)
    delay = MIN (BACK_OFF_US << MIN (self->n_failures - 2, 16), MAX_BACK_OFF_US);
  self->not_before = now + delay;
}

void
bts_back_off_reset (BtsBackOff *self)
{
  self->n_failures = 0;
}

gint64
bts_back_off_get_not_before (const BtsBackOff *self, gint64 now)
{
  return self->not_before > now ? self->not_before : 0;
}
