/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A rate kept by waiting: within 5 % over any three seconds, with at most ten waits a second. Pure;
 * time is given, in microseconds. */

typedef struct
{
  guint64 rate; /* bytes per second; 0 without limit */
  gint64 last_us;
  double tokens;
  double portion; /* of the last wait, what is left to take without another one */
} BtsTokenBucket;

void bts_token_bucket_set_rate (BtsTokenBucket *self, guint64 rate, gint64 now_us);

/* How many bytes may be taken now, at most @wanted. Where it is 0, *@wait_us is how long to wait
 * before asking again. */
gsize
bts_token_bucket_get_allowed (BtsTokenBucket *self, gsize wanted, gint64 now_us, gint64 *wait_us);
void bts_token_bucket_take (BtsTokenBucket *self, gsize taken);
