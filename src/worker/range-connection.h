/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download-record.h"
#include "worker/piece-size.h"
#include "worker/range-fetch.h"
#include "worker/range-plan.h"

/* One connection of a download in pieces: a thread that takes a piece after the other from the
 * plan, fetches it, and writes it where it belongs. */

/* Asked for first, while the size is not known. */
#define BTS_RANGE_FIRST_BYTES (4 * 1024 * 1024)

/* What the connections and the job's thread share. */
typedef struct
{
  const BtsRangeFetchSpec *spec; /* (unowned): job, destination and factory are for all threads */

  GMutex lock; /* of everything below */
  GCond answered;
  BtsRangePlan *plan; /* (owned) */
  char *validator;    /* (owned) (nullable) */
  guint n_wanted;     /* connections */
  guint n_running;
  BtsPieceSize piece_size;
  guint64 n_unkept; /* has come, and is not yet made durable */
  gint64 last_data; /* when the last of it came, over any connection */
} BtsRangeShared;

/* Takes @plan. */
void
bts_range_shared_init (BtsRangeShared *self, const BtsRangeFetchSpec *spec, BtsRangePlan *plan);
void bts_range_shared_clear (BtsRangeShared *self);

typedef struct _BtsRangeConnection BtsRangeConnection;

/* Begins at once. Wakes the job up when there is something to look at. */
BtsRangeConnection *bts_range_connection_new (BtsRangeShared *shared, guint id, GError **error);

/* Waits for its thread. */
void bts_range_connection_free (BtsRangeConnection *self);

/* An answer that waits to be judged; NULL where there is none. Lent until _answer. */
const BtsTransportHead *bts_range_connection_get_head (BtsRangeConnection *self);
BtsByteRange bts_range_connection_get_asked (BtsRangeConnection *self);
void bts_range_connection_answer (BtsRangeConnection *self, gboolean is_fine, const GError *error);

gboolean bts_range_connection_is_flowing (BtsRangeConnection *self);

/* When something of its piece has come last, or when it began to ask for it. */
gint64 bts_range_connection_get_last_data (BtsRangeConnection *self);

/* Leaves its piece; _interrupt: and takes no other. */
void bts_range_connection_interrupt (BtsRangeConnection *self);
void bts_range_connection_reconnect (BtsRangeConnection *self);
gboolean bts_range_connection_interrupt_elsewhere (BtsRangeConnection *self);

/* @error is why, where it was not for lack of work; fatal for all where it is the disk's. */
gboolean
bts_range_connection_has_ended (BtsRangeConnection *self, GError **error, gboolean *is_fatal);

/* It has ended with an answer that broke the rules after some of it was written: how much of that
 * is the file's nobody knows. */
gboolean bts_range_connection_is_doubtful (BtsRangeConnection *self);
