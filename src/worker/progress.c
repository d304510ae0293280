/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/progress.h"

gboolean
bts_progress_take_change (BtsProgress *self, guint64 *received, guint64 *total)
{
  *received = self->received;
  *total = self->total;
  if (*received == self->told_received && *total == self->told_total)
    return FALSE;
  self->told_received = *received;
  self->told_total = *total;
  return TRUE;
}
