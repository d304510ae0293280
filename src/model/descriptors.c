/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

static int
dup_one (int fd)
{
  return fd >= 0 ? fcntl (fd, F_DUPFD_CLOEXEC, 3) : -1;
}

BtsDescriptors
bts_descriptors_dup_files (const BtsDescriptors *self)
{
  return (BtsDescriptors){ .file = dup_one (self->file), .body = dup_one (self->body) };
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
  if (self->file >= 0)
    close (self->file);
  if (self->body >= 0)
    close (self->body);
  bts_descriptors_close_streams (self);
  *self = BTS_DESCRIPTORS_NONE;
}

static void
close_stream (gpointer stream)
{
  close (*(int *) stream);
}

void
bts_descriptors_add_stream (BtsDescriptors *self, int fd)
{
  if (self->streams == NULL)
    {
      self->streams = g_array_new (FALSE, FALSE, sizeof (int));
      g_array_set_clear_func (self->streams, close_stream);
    }
  g_array_append_val (self->streams, fd);
}

void
bts_descriptors_close_streams (BtsDescriptors *self)
{
  g_clear_pointer (&self->streams, g_array_unref);
}
