/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/writer-set.h"

void
bts_writer_set_init (BtsWriterSet *self)
{
  g_mutex_init (&self->lock);
  self->writers = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_writer_free);
}

void
bts_writer_set_clear (BtsWriterSet *self)
{
  g_clear_pointer (&self->writers, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
}

BtsWriter *
bts_writer_set_add (BtsWriterSet *self, BtsWriter *writer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_add (self->writers, writer);
  return writer;
}

void
bts_writer_set_drop (BtsWriterSet *self, BtsWriter *writer)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  g_ptr_array_remove_fast (self->writers, writer);
}

gboolean
bts_writer_set_show (BtsWriterSet *self, guint64 position)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean is_shown = FALSE;

  for (guint i = 0; i < self->writers->len; i++)
    {
      BtsByteRange shown = bts_writer_show (g_ptr_array_index (self->writers, i));

      is_shown |= position >= shown.offset && position - shown.offset < shown.length;
    }
  return is_shown;
}

void
bts_writer_set_write (BtsWriterSet *self, BtsWriterFunc on_written, gpointer user_data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->writers->len; i++)
    {
      BtsByteRange shown = bts_writer_show (g_ptr_array_index (self->writers, i));

      if (shown.length > 0)
        on_written (shown.offset, shown.length, user_data);
    }
}
