/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/progress.h"

#include <string.h>

const guint64 *
bts_progress_take_change (BtsProgress *self)
{
  const guint64 now[G_N_ELEMENTS (self->told)] = { self->received, self->total, self->sent,
                                                   self->total_to_send };

  if (memcmp (now, self->told, sizeof now) == 0)
    return NULL;
  memcpy (self->told, now, sizeof now);
  return self->told;
}

void
bts_progress_tell_again (BtsProgress *self)
{
  self->told[0] = G_MAXUINT64;
}
