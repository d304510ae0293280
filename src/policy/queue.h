/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "policy/blockers.h"
#include "policy/limits.h"

/* One operation that is due: nothing but its turn keeps it from moving. */
typedef struct
{
  /* in */
  BgtPriority priority;
  gint64 started;   /* when the application started it: age */
  guint64 sequence; /* breaks ties of @started */
  guint uid;
  const char *application; /* (unowned) */
  const char *host;        /* (unowned): scheme, host and port */
  const char *group;       /* (unowned) (nullable): only for a serialized group */
  guint64 group_position;  /* order within that group */
  /* (unowned) (nullable): whose group it is, where that is another application's */
  const char *group_application;
  gboolean is_active; /* has its slot already */

  /* out */
  BtsBlockers blockers; /* 0: it runs; else the limits that make it wait */
  gpointer user_data;
} BtsCandidate;

/* Decides who runs: higher priority first, then who runs already, then round robin between users
 * and applications, then age. No limit is exceeded. Sorts @candidates into that order. */
void bts_queue_decide (BtsCandidate *candidates, gsize n_candidates, const BtsLimits *limits);
