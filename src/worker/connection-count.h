/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* How many connections a download should have: more while they bring throughput, tried again after
 * a while, since servers and networks change. Pure; not thread-safe. */

typedef struct
{
  guint max;
  guint n_wanted; /* the answer */

  /* Private. */
  gboolean is_settled;  /* no more are tried for now */
  gint64 next_trial;    /* until then, if nothing else happens */
  gint64 patience_us;   /* how long that was */
  guint n_before;       /* connections there were before those that are tried; 0: none are */
  double rate_before;   /* with them */
  gint64 window_us;     /* how long a rate is measured */
  gint64 window_start;  /* 0: none is */
  guint64 window_begin; /* what had come then */
  guint n_windows;      /* so many of this number of connections */
  double lowest;        /* of them */
  double highest;
  double settled_rate;  /* what was usual since; 0: not measured yet */
  guint n_poor_windows; /* so many since then were much worse */
} BtsConnectionCount;

typedef struct
{
  gint64 now;
  guint64 received;
  guint64 left;     /* still to come */
  guint64 max_rate; /* 0 without limit */
  guint n_connections;
  gboolean are_flowing; /* all of them */
} BtsConnectionSample;

void bts_connection_count_init (BtsConnectionCount *self, guint max);

/* Decides. Returns when there is something to decide again. */
gint64 bts_connection_count_update (BtsConnectionCount *self, const BtsConnectionSample *sample);

/* A connection has failed while @n_left go on; @has_worked where it has brought something before:
 * the server does not refuse it for good. */
void bts_connection_count_take_loss (BtsConnectionCount *self,
                                     guint n_left,
                                     gboolean has_worked,
                                     gint64 now);
