/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/byte-ranges.h"

/* What of a file is written and what of that is durable. Thread-safe: several writers add, one
 * sync at a time confirms. */

typedef struct
{
  GMutex lock;
  BtsByteRanges *held;    /* (owned) durable */
  BtsByteRanges *pending; /* (owned) written, and no sync has begun since */
  BtsByteRanges *written; /* (owned) both, and what a sync is under way for */
} BtsHeldRanges;

void bts_held_ranges_init (BtsHeldRanges *self);
void bts_held_ranges_clear (BtsHeldRanges *self);

BtsByteRanges *bts_held_ranges_dup (BtsHeldRanges *self);

void bts_held_ranges_add_written (BtsHeldRanges *self, guint64 offset, guint64 length);
gboolean bts_held_ranges_is_written (BtsHeldRanges *self, guint64 offset);

/* What a sync that begins now will make durable; the caller gives it to _confirm, or, if the sync
 * fails, frees it: what a failed sync should have kept is never claimed, since the kernel may have
 * dropped it and report success the next time. */
BtsByteRanges *bts_held_ranges_steal_written (BtsHeldRanges *self);
void bts_held_ranges_confirm (BtsHeldRanges *self, const BtsByteRanges *written);

/* Nothing but @ranges below @size is held, and nothing is written. */
void bts_held_ranges_set (BtsHeldRanges *self, const BtsByteRanges *ranges, guint64 size);
void bts_held_ranges_truncate (BtsHeldRanges *self, guint64 size);

/* Whether all below @total is held; BGT_WEB_ERROR_FILE_ERROR where not. */
gboolean bts_held_ranges_check_whole (BtsHeldRanges *self, guint64 total, GError **error);
