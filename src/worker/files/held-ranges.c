/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/held-ranges.h"

#include "common/bgt-web-error.h"

void
bts_held_ranges_init (BtsHeldRanges *self)
{
  g_mutex_init (&self->lock);
  self->held = bts_byte_ranges_new ();
  self->pending = bts_byte_ranges_new ();
  self->written = bts_byte_ranges_new ();
}

void
bts_held_ranges_clear (BtsHeldRanges *self)
{
  g_clear_pointer (&self->held, bts_byte_ranges_free);
  g_clear_pointer (&self->pending, bts_byte_ranges_free);
  g_clear_pointer (&self->written, bts_byte_ranges_free);
  g_mutex_clear (&self->lock);
}

BtsByteRanges *
bts_held_ranges_dup (BtsHeldRanges *self)
{
  BtsByteRanges *held;

  g_mutex_lock (&self->lock);
  held = bts_byte_ranges_copy (self->held);
  g_mutex_unlock (&self->lock);

  return held;
}

void
bts_held_ranges_add_written (BtsHeldRanges *self, guint64 offset, guint64 length)
{
  g_mutex_lock (&self->lock);
  bts_byte_ranges_add (self->pending, offset, length);
  bts_byte_ranges_add (self->written, offset, length);
  g_mutex_unlock (&self->lock);
}

gboolean
bts_held_ranges_is_written (BtsHeldRanges *self, guint64 offset)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return bts_byte_ranges_get_held_from (self->written, offset) > 0;
}

BtsByteRanges *
bts_held_ranges_steal_written (BtsHeldRanges *self)
{
  BtsByteRanges *written;

  g_mutex_lock (&self->lock);
  written = self->pending;
  self->pending = bts_byte_ranges_new ();
  g_mutex_unlock (&self->lock);

  return written;
}

void
bts_held_ranges_confirm (BtsHeldRanges *self, const BtsByteRanges *written)
{
  g_mutex_lock (&self->lock);
  for (guint n = 0; n < bts_byte_ranges_get_count (written); n++)
    {
      BtsByteRange range = bts_byte_ranges_get_nth (written, n);

      bts_byte_ranges_add (self->held, range.offset, range.length);
    }
  g_mutex_unlock (&self->lock);
}

void
bts_held_ranges_set (BtsHeldRanges *self, const BtsByteRanges *ranges, guint64 size)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->held, bts_byte_ranges_free);
  self->held = bts_byte_ranges_copy (ranges);
  bts_byte_ranges_truncate (self->held, size);
  bts_byte_ranges_truncate (self->pending, 0);
  bts_byte_ranges_free (self->written);
  self->written = bts_byte_ranges_copy (self->held);
  g_mutex_unlock (&self->lock);
}

void
bts_held_ranges_truncate (BtsHeldRanges *self, guint64 size)
{
  g_mutex_lock (&self->lock);
  bts_byte_ranges_truncate (self->held, size);
  bts_byte_ranges_truncate (self->written, size);
  g_mutex_unlock (&self->lock);
}

gboolean
bts_held_ranges_check_whole (BtsHeldRanges *self, guint64 total, GError **error)
{
  g_autoptr (BtsByteRanges) ranges = bts_held_ranges_dup (self);
  guint64 n_held = bts_byte_ranges_get_held_from (ranges, 0);

  if (n_held >= total)
    return TRUE;

  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR,
               "Only %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes are on disk", n_held,
               total);
  return FALSE;
}
