/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The rate of a transfer, and one line that says how it goes. Pure: time is given. */

#define BTS_PROGRESS_N_SAMPLES 16

typedef struct
{
  gint64 time_us;
  guint64 bytes;
} BtsProgressSample;

/* Samples of the last seconds, a ring. */
typedef struct
{
  BtsProgressSample samples[BTS_PROGRESS_N_SAMPLES];
  guint n_samples;
  guint next;
} BtsRate;

void bts_rate_add (BtsRate *self, gint64 time_us, guint64 bytes);

/* Bytes per second over the last seconds before @time_us; 0 where that is not known. */
double bts_rate_get (const BtsRate *self, gint64 time_us);

typedef struct
{
  const char *name;
  guint64 bytes;
  guint64 total;       /* 0 unknown */
  double rate;         /* bytes per second */
  const char *waiting; /* why it does not move; "" while it does */
} BtsProgress;

/* For a terminal of @width columns. */
char *bts_progress_make_bar (const BtsProgress *progress, int width);

/* For a log. */
char *bts_progress_make_line (const BtsProgress *progress);
