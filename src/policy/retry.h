/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "policy/limits.h"

typedef struct
{
  int web_error;         /* BgtWebError or HTTP status */
  guint attempts;        /* failures in a row without progress, this one included */
  gint64 retry_after_us; /* what the server asked for, from now; -1 where it did not */
  guint32 random;        /* any, for the jitter */
} BtsFailure;

/* TRUE: try again after @delay_us. FALSE: that was the last try.
 * The delay is Retry-After where there is one (at most a day); else RetryDelaySeconds, doubled
 * with every attempt, at most 10 minutes, with a jitter of a quarter either way. */
gboolean bts_retry_decide (const BtsFailure *failure, const BtsLimits *limits, gint64 *delay_us);

/* What is left of a delay that a server asked for, in a process that did not see it begin: until
 * @retry_at, but never longer than such a delay may be, as clocks are set. 0: none. */
gint64 bts_retry_get_remainder (gint64 retry_at, gint64 wall_now);
