/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "common/byte-ranges.h"
#include "worker/files/file-identity.h"

/* What is written down about a file, so that it can be taken up again. It comes back from a disk,
 * so anything may be in it. */

typedef struct
{
  char *partial_name;       /* (owned) (nullable) in the target's folder */
  char *published_name;     /* (owned) (nullable) in the target's folder, once it is whole */
  char *folder;             /* (owned) (nullable) path bytes: where that folder has been moved to */
  BtsFileIdentity identity; /* all 0: none */
  BtsByteRanges *ranges;    /* (owned) what is durable */
  guint64 total;            /* 0: not known */
} BtsFileCheckpoint;

/* @variant: a{sv} (nullable). Names that could not be of @guid are left out. */
BtsFileCheckpoint *bts_file_checkpoint_new (GVariant *variant, const char *guid);
void bts_file_checkpoint_free (BtsFileCheckpoint *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsFileCheckpoint, bts_file_checkpoint_free)

/* a{sv}, not floating. */
GVariant *bts_file_checkpoint_to_variant (const BtsFileCheckpoint *self);
