/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/descriptors.h"

#include "common/closing.h"

static void
close_one (gpointer fd)
{
  if (*(int *) fd >= 0)
    bts_close_elsewhere (*(int *) fd);
}

/* Takes @fd. */
static void
add (GArray **files, int fd)
{
  if (*files == NULL)
    {
      *files = g_array_new (FALSE, FALSE, sizeof (int));
      g_array_set_clear_func (*files, close_one);
    }
  g_array_append_val (*files, fd);
}

BtsDescriptors
bts_descriptors_steal (BtsDescriptors *self)
{
  BtsDescriptors taken = *self;

  *self = BTS_DESCRIPTORS_NONE;
  return taken;
}

void
bts_descriptors_clear (BtsDescriptors *self)
{
  close_one (&self->file);
  close_one (&self->body);
  g_clear_pointer (&self->parts, g_array_unref);
  bts_descriptors_close_streams (self);
  *self = BTS_DESCRIPTORS_NONE;
}

guint
bts_descriptors_get_count (const BtsDescriptors *self)
{
  return (self->file >= 0 ? 1 : 0) + (self->body >= 0 ? 1 : 0) +
         (self->parts != NULL ? self->parts->len : 0) +
         (self->streams != NULL ? self->streams->len : 0);
}

void
bts_descriptors_add_part (BtsDescriptors *self, int fd)
{
  add (&self->parts, fd);
}

void
bts_descriptors_add_stream (BtsDescriptors *self, int fd)
{
  add (&self->streams, fd);
}

void
bts_descriptors_close_streams (BtsDescriptors *self)
{
  g_clear_pointer (&self->streams, g_array_unref);
}

void
bts_descriptors_end (BtsDescriptors *self, gboolean may_be_resumed)
{
  if (may_be_resumed)
    bts_descriptors_close_streams (self);
  else
    bts_descriptors_clear (self);
}
