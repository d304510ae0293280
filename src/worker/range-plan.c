/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/range-plan.h"

#define MIB (1024 * 1024)

/* Below that a split costs more than it brings: a new request, and often a new connection. */
#define MIN_SPLIT_BYTES (1 * MIB)

/* As near as that before what was asked for is as good as there. */
#define NEAR_BYTES (256 * 1024)

#define MAX_REQUESTS 64

typedef struct
{
  guint id;
  guint64 position;
  guint64 end;
} Piece;

struct _BtsRangePlan
{
  guint64 total;
  BtsByteRanges *received; /* (owned) */
  GArray *pieces;          /* (owned) (element-type Piece) under way */
  GArray *requests;        /* (owned) (element-type BtsByteRange) the newest last */
  guint64 cursor;          /* the end of what was asked for last */
};

BtsRangePlan *
bts_range_plan_new (const BtsByteRanges *held, guint64 total)
{
  BtsRangePlan *self = g_new0 (BtsRangePlan, 1);

  self->total = total;
  self->received = bts_byte_ranges_copy (held);
  bts_byte_ranges_truncate (self->received, total);
  self->pieces = g_array_new (FALSE, FALSE, sizeof (Piece));
  self->requests = g_array_new (FALSE, FALSE, sizeof (BtsByteRange));
  return self;
}

void
bts_range_plan_free (BtsRangePlan *self)
{
  bts_byte_ranges_free (self->received);
  g_array_unref (self->pieces);
  g_array_unref (self->requests);
  g_free (self);
}

static Piece *
get_piece (BtsRangePlan *self, guint id)
{
  for (guint i = 0; i < self->pieces->len; i++)
    {
      Piece *piece = &g_array_index (self->pieces, Piece, i);

      if (piece->id == id)
        return piece;
    }
  return NULL;
}

void
bts_range_plan_set_total (BtsRangePlan *self, guint64 total)
{
  self->total = total;
  bts_byte_ranges_truncate (self->received, total);
  for (guint i = 0; i < self->pieces->len; i++)
    {
      Piece *piece = &g_array_index (self->pieces, Piece, i);

      piece->end = MIN (piece->end, total);
    }
}

void
bts_range_plan_request (BtsRangePlan *self, guint64 offset, guint64 length)
{
  BtsByteRange request = { offset, 0 };

  if (offset >= self->total || length == 0)
    return;
  request.length = MIN (length, self->total - offset);
  if (self->requests->len == MAX_REQUESTS)
    g_array_remove_index (self->requests, 0);
  g_array_append_val (self->requests, request);
  self->cursor = request.offset + request.length;
}

static gboolean
is_at (const Piece *piece, const BtsByteRange *request)
{
  return piece->position + NEAR_BYTES >= request->offset &&
         piece->position < request->offset + request->length && piece->end > request->offset;
}

/* What has come and what is under way; with @request only what is under way for it. */
static BtsByteRanges *
dup_busy (BtsRangePlan *self, const BtsByteRange *request)
{
  BtsByteRanges *busy = bts_byte_ranges_copy (self->received);

  for (guint i = 0; i < self->pieces->len; i++)
    {
      const Piece *piece = &g_array_index (self->pieces, Piece, i);

      if (piece->position < piece->end && (request == NULL || is_at (piece, request)))
        bts_byte_ranges_add (busy, piece->position, piece->end - piece->position);
    }
  return busy;
}

/* What was asked for, the newest first; what has come of it is asked for no more. */
static gboolean
find_requested (BtsRangePlan *self, const BtsByteRanges *busy, BtsByteRange *gap)
{
  for (guint i = self->requests->len; i > 0; i--)
    {
      const BtsByteRange *request = &g_array_index (self->requests, BtsByteRange, i - 1);
      BtsByteRange missing;

      if (bts_byte_ranges_get_gap (busy, request->offset, request->offset + request->length, gap))
        return TRUE;
      if (!bts_byte_ranges_get_gap (self->received, request->offset,
                                    request->offset + request->length, &missing))
        g_array_remove_index (self->requests, i - 1);
    }
  return FALSE;
}

static Piece *
get_largest (BtsRangePlan *self)
{
  Piece *largest = NULL;

  for (guint i = 0; i < self->pieces->len; i++)
    {
      Piece *piece = &g_array_index (self->pieces, Piece, i);

      if (piece->position < piece->end &&
          (largest == NULL || piece->end - piece->position > largest->end - largest->position))
        largest = piece;
    }
  return largest;
}

/* Pieces end where the file's blocks end, and no crumbs stay behind. */
static guint64
choose_end (const BtsByteRange *gap, guint64 size)
{
  guint64 gap_end = gap->offset + gap->length;
  guint64 end = gap->offset + MIN (size, gap->length);

  if (gap_end - end < MIN_SPLIT_BYTES)
    return gap_end;
  return end / MIB * MIB > gap->offset ? end / MIB * MIB : end;
}

static gboolean
find_unassigned (BtsRangePlan *self, guint64 size, BtsByteRange *piece)
{
  g_autoptr (BtsByteRanges) busy = dup_busy (self, NULL);
  BtsByteRange gap;
  guint64 rest;

  if (find_requested (self, busy, &gap))
    {
      /* A little more than was asked for, so that a player that asks bit by bit is ahead. */
      rest = gap.offset + gap.length;
      if (gap.length < MIN_SPLIT_BYTES)
        bts_byte_ranges_get_gap (busy, gap.offset, self->total, &gap);
      rest = MIN (MAX (rest, gap.offset + MIN_SPLIT_BYTES), gap.offset + gap.length);
      *piece = (BtsByteRange){ gap.offset, MIN (rest - gap.offset, size) };
      return TRUE;
    }
  if (!bts_byte_ranges_get_gap (busy, self->cursor, self->total, &gap) &&
      !bts_byte_ranges_get_gap (busy, 0, self->total, &gap))
    return FALSE;
  *piece = (BtsByteRange){ gap.offset, choose_end (&gap, size) - gap.offset };
  return TRUE;
}

static gboolean
is_splittable (const Piece *piece)
{
  return piece != NULL && piece->end - piece->position >= 2 * MIN_SPLIT_BYTES;
}

static gboolean
split_largest (BtsRangePlan *self, BtsByteRange *piece)
{
  Piece *largest = get_largest (self);
  guint64 middle;

  if (!is_splittable (largest))
    return FALSE;
  middle = (largest->position + (largest->end - largest->position) / 2) / 4096 * 4096;
  *piece = (BtsByteRange){ middle, largest->end - middle };
  largest->end = middle;
  return TRUE;
}

gboolean
bts_range_plan_take (BtsRangePlan *self, guint id, guint64 size, BtsByteRange *piece)
{
  Piece taken = { id, 0, 0 };

  if (!find_unassigned (self, size, piece) && !split_largest (self, piece))
    return FALSE;
  taken.position = piece->offset;
  taken.end = piece->offset + piece->length;
  g_array_append_val (self->pieces, taken);
  return TRUE;
}

gboolean
bts_range_plan_has_work (BtsRangePlan *self)
{
  BtsByteRange piece;

  return find_unassigned (self, MIB, &piece) || is_splittable (get_largest (self));
}

void
bts_range_plan_extend (BtsRangePlan *self, guint id)
{
  Piece *piece = get_piece (self, id);

  if (piece != NULL)
    piece->end = self->total;
}

guint64
bts_range_plan_get_left (BtsRangePlan *self, guint id)
{
  const Piece *piece = get_piece (self, id);

  return piece != NULL && piece->position < piece->end ? piece->end - piece->position : 0;
}

guint64
bts_range_plan_advance (BtsRangePlan *self, guint id, guint64 n)
{
  Piece *piece = get_piece (self, id);

  if (piece == NULL)
    return 0;
  bts_byte_ranges_add (self->received, piece->position, n);
  piece->position += n;
  return bts_range_plan_get_left (self, id);
}

void
bts_range_plan_release (BtsRangePlan *self, guint id)
{
  for (guint i = 0; i < self->pieces->len; i++)
    if (g_array_index (self->pieces, Piece, i).id == id)
      {
        g_array_remove_index_fast (self->pieces, i);
        return;
      }
}

static const BtsByteRange *
get_newest_request (BtsRangePlan *self)
{
  if (self->requests->len == 0)
    return NULL;
  return &g_array_index (self->requests, BtsByteRange, self->requests->len - 1);
}

guint
bts_range_plan_get_n_to_move (BtsRangePlan *self)
{
  const BtsByteRange *request = get_newest_request (self);
  g_autoptr (BtsByteRanges) busy = NULL;
  BtsByteRange gap;
  guint64 missing = 0;

  if (request == NULL)
    return 0;
  busy = dup_busy (self, request);
  for (guint64 from = request->offset;
       bts_byte_ranges_get_gap (busy, from, request->offset + request->length, &gap);
       from = gap.offset + gap.length)
    missing += gap.length;
  return (guint) MIN ((missing + MIN_SPLIT_BYTES - 1) / MIN_SPLIT_BYTES, G_MAXUINT);
}

gboolean
bts_range_plan_is_elsewhere (BtsRangePlan *self, guint id)
{
  const BtsByteRange *request = get_newest_request (self);
  const Piece *piece = get_piece (self, id);

  return request != NULL && piece != NULL && !is_at (piece, request);
}

gboolean
bts_range_plan_is_serving (BtsRangePlan *self)
{
  for (guint i = 0; i < self->requests->len; i++)
    {
      const BtsByteRange *request = &g_array_index (self->requests, BtsByteRange, i);
      BtsByteRange gap;

      if (bts_byte_ranges_get_gap (self->received, request->offset,
                                   request->offset + request->length, &gap))
        return TRUE;
    }
  return FALSE;
}

guint64
bts_range_plan_get_received (BtsRangePlan *self)
{
  return bts_byte_ranges_get_total (self->received);
}

gboolean
bts_range_plan_is_done (BtsRangePlan *self)
{
  return bts_byte_ranges_get_total (self->received) >= self->total;
}
