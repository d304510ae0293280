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
bts_descriptors_dup (const BtsDescriptors *self)
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
  *self = BTS_DESCRIPTORS_NONE;
}
