/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* How far a job is: written by its thread, read by the main loop, without a lock. */

typedef struct
{
  _Atomic guint64 received;
  _Atomic guint64 total; /* 0 unknown */
  guint64 told_received; /* the main loop's */
  guint64 told_total;
} BtsProgress;

/* The main loop: FALSE where nothing has changed since the last call. */
gboolean bts_progress_take_change (BtsProgress *self, guint64 *received, guint64 *total);
