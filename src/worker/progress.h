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
  _Atomic guint64 sent;
  _Atomic guint64 total_to_send; /* 0 unknown */
  guint64 told[4];               /* the main loop's: as below */
} BtsProgress;

/* The main loop: received, to receive, sent, to send; NULL where nothing has changed since the last
 * call. Lent. */
const guint64 *bts_progress_take_change (BtsProgress *self);

/* The main loop: something else has been told meanwhile, so the next call returns what is. */
void bts_progress_tell_again (BtsProgress *self);
