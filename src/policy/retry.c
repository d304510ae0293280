/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/retry.h"

#include "common/bgt-web-error.h"

#define MAX_DELAY_US (10 * 60 * (gint64) G_USEC_PER_SEC)
#define MAX_RETRY_AFTER_US (24 * 60 * 60 * (gint64) G_USEC_PER_SEC)

/* Doubled with every attempt, then moved by up to a quarter so that clients of a server that
 * comes back do not all come at once. */
static gint64
get_delay (guint attempts, guint first_delay_seconds, guint32 random)
{
  gint64 delay_us = MIN (first_delay_seconds * (gint64) G_USEC_PER_SEC, MAX_DELAY_US);

  for (guint i = 1; i < attempts && delay_us > 0 && delay_us < MAX_DELAY_US; i++)
    delay_us = MIN (delay_us * 2, MAX_DELAY_US);

  return delay_us - delay_us / 4 + (gint64) ((double) (delay_us / 2) * random / G_MAXUINT32);
}

gboolean
bts_retry_decide (const BtsFailure *failure, const BtsLimits *limits, gint64 *delay_us)
{
  *delay_us = 0;

  if (!bgt_web_error_is_worth_a_retry (failure->web_error) ||
      failure->attempts > limits->max_retries)
    return FALSE;

  if (failure->retry_after_us >= 0)
    *delay_us = MIN (failure->retry_after_us, MAX_RETRY_AFTER_US);
  else
    *delay_us = get_delay (failure->attempts, limits->retry_delay_seconds, failure->random);

  return TRUE;
}

gint64
bts_retry_get_remainder (gint64 retry_at, gint64 wall_now)
{
  return CLAMP (retry_at - wall_now, 0, MAX_RETRY_AFTER_US);
}
