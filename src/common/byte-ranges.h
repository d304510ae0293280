/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Sorted, disjoint, non-adjacent ranges of a file: what has arrived. Pure. */

typedef struct
{
  guint64 offset;
  guint64 length;
} BtsByteRange;

typedef struct _BtsByteRanges BtsByteRanges;

BtsByteRanges *bts_byte_ranges_new (void);
BtsByteRanges *bts_byte_ranges_copy (const BtsByteRanges *self);
void bts_byte_ranges_free (BtsByteRanges *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsByteRanges, bts_byte_ranges_free)

/* Adds and merges; a length of 0, or one that would overflow, adds nothing and returns FALSE. */
gboolean bts_byte_ranges_add (BtsByteRanges *self, guint64 offset, guint64 length);

/* Removes everything at and after @offset. */
void bts_byte_ranges_truncate (BtsByteRanges *self, guint64 offset);

guint64 bts_byte_ranges_get_total (const BtsByteRanges *self);
guint bts_byte_ranges_get_count (const BtsByteRanges *self);
BtsByteRange bts_byte_ranges_get_nth (const BtsByteRanges *self, guint n);

/* How many bytes from @offset on are held without a gap; 0 where @offset itself is missing. */
guint64 bts_byte_ranges_get_held_from (const BtsByteRanges *self, guint64 offset);

/* Whether all of @others is held. */
gboolean bts_byte_ranges_contain (const BtsByteRanges *self, const BtsByteRanges *others);
gboolean bts_byte_ranges_equal (const BtsByteRanges *self, const BtsByteRanges *others);

/* The first gap at or after @from and before @end; FALSE where there is none. */
gboolean
bts_byte_ranges_get_gap (const BtsByteRanges *self, guint64 from, guint64 end, BtsByteRange *gap);

/* a(tt), offset and length; not floating. */
GVariant *bts_byte_ranges_to_variant (const BtsByteRanges *self);

/* NULL where @variant is not a(tt), not sorted, overlapping, overflows, or has an empty range. */
BtsByteRanges *bts_byte_ranges_from_variant (GVariant *variant);
