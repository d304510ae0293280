/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* How much a connection asks for at once: fast servers should not be asked all the time, but
 * those with a rate limit give each request a burst, so that small pieces may come faster than
 * large ones. Pure. */

typedef struct
{
  guint64 size;       /* bytes: what has proved good */
  double rate;        /* with it, of late */
  gboolean is_trying; /* a larger one is under way */
  guint n_capped;     /* so many pieces until larger ones are tried again */
} BtsPieceSize;

void bts_piece_size_init (BtsPieceSize *self);

/* How large the next piece should be; one at a time is larger than those before. */
guint64 bts_piece_size_choose (BtsPieceSize *self);

/* So much has come of a piece of the size @chosen, in so long. */
void bts_piece_size_take (BtsPieceSize *self, guint64 chosen, guint64 received, gint64 elapsed_us);
