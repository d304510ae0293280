/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/piece-size.h"

/* What comes in that time, within bounds, and not all at once. */
#define PIECE_SECONDS 2
#define MIN_PIECE_BYTES (4 * 1024 * 1024)
#define MAX_PIECE_BYTES (64 * 1024 * 1024)
#define GROWTH 2

/* A larger piece that comes that much slower was too large, for so many pieces. */
#define WORSE 0.75
#define N_CAPPED 32

void
bts_piece_size_init (BtsPieceSize *self)
{
  *self = (BtsPieceSize){ .size = MIN_PIECE_BYTES };
}

static guint64
get_wanted (const BtsPieceSize *self)
{
  return (guint64) CLAMP (self->rate * PIECE_SECONDS, MIN_PIECE_BYTES, MAX_PIECE_BYTES);
}

guint64
bts_piece_size_choose (BtsPieceSize *self)
{
  guint64 wanted = get_wanted (self);

  if (self->is_trying || self->n_capped > 0 || wanted <= self->size)
    return self->size;
  self->is_trying = TRUE;
  return MIN (wanted, GROWTH * self->size);
}

void
bts_piece_size_take (BtsPieceSize *self, guint64 chosen, guint64 received, gint64 elapsed_us)
{
  double rate = (double) received * G_USEC_PER_SEC / (double) MAX (elapsed_us, 1);
  gboolean is_larger = chosen > self->size;

  if (is_larger)
    self->is_trying = FALSE;
  /* One that was left early says little. */
  if (received < chosen / 2)
    return;
  if (is_larger && rate < self->rate * WORSE)
    {
      self->n_capped = N_CAPPED;
      return;
    }

  self->rate = rate;
  self->size = is_larger ? chosen : MIN (self->size, get_wanted (self));
  if (self->n_capped > 0)
    self->n_capped--;
}
