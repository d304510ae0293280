/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/byte-ranges.h"

struct _BtsByteRanges
{
  GArray *ranges; /* (owned) (element-type BtsByteRange): each ends before the next begins */
  guint64 total;
};

/* Where a(tt) lies in memory as it is here. */
G_STATIC_ASSERT (sizeof (BtsByteRange) == 16);

static BtsByteRange *
nth (const BtsByteRanges *self, guint n)
{
  return &g_array_index (self->ranges, BtsByteRange, n);
}

static guint64
end_of (const BtsByteRange *range)
{
  return range->offset + range->length;
}

/* The first range that ends after @offset, or at it too with @and_at; the count where none does. */
static guint
find (const BtsByteRanges *self, guint64 offset, gboolean and_at)
{
  guint low = 0;
  guint high = self->ranges->len;

  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      guint64 end = end_of (nth (self, middle));

      if (end > offset || (and_at && end == offset))
        high = middle;
      else
        low = middle + 1;
    }

  return low;
}

BtsByteRanges *
bts_byte_ranges_new (void)
{
  BtsByteRanges *self = g_new0 (BtsByteRanges, 1);

  self->ranges = g_array_new (FALSE, FALSE, sizeof (BtsByteRange));

  return self;
}

BtsByteRanges *
bts_byte_ranges_copy (const BtsByteRanges *self)
{
  BtsByteRanges *copy = g_new0 (BtsByteRanges, 1);

  copy->ranges = g_array_copy (self->ranges);
  copy->total = self->total;

  return copy;
}

void
bts_byte_ranges_free (BtsByteRanges *self)
{
  if (self == NULL)
    return;

  g_array_unref (self->ranges);
  g_free (self);
}

gboolean
bts_byte_ranges_add (BtsByteRanges *self, guint64 offset, guint64 length)
{
  guint first;
  guint n_merged = 0;
  guint64 start = offset;
  guint64 end;
  BtsByteRange merged;

  if (length == 0 || length > G_MAXUINT64 - offset)
    return FALSE;

  end = offset + length;
  first = find (self, offset, TRUE);

  for (guint i = first; i < self->ranges->len && nth (self, i)->offset <= end; i++)
    {
      start = MIN (start, nth (self, i)->offset);
      end = MAX (end, end_of (nth (self, i)));
      self->total -= nth (self, i)->length;
      n_merged++;
    }

  merged = (BtsByteRange){ start, end - start };
  self->total += merged.length;

  if (n_merged == 0)
    {
      g_array_insert_val (self->ranges, first, merged);
      return TRUE;
    }

  *nth (self, first) = merged;
  if (n_merged > 1)
    g_array_remove_range (self->ranges, first + 1, n_merged - 1);

  return TRUE;
}

void
bts_byte_ranges_truncate (BtsByteRanges *self, guint64 offset)
{
  guint first = find (self, offset, FALSE);

  if (first == self->ranges->len)
    return;

  for (guint i = first; i < self->ranges->len; i++)
    self->total -= nth (self, i)->length;

  if (nth (self, first)->offset < offset)
    {
      nth (self, first)->length = offset - nth (self, first)->offset;
      self->total += nth (self, first)->length;
      first++;
    }

  g_array_set_size (self->ranges, first);
}

guint64
bts_byte_ranges_get_total (const BtsByteRanges *self)
{
  return self->total;
}

guint
bts_byte_ranges_get_count (const BtsByteRanges *self)
{
  return self->ranges->len;
}

BtsByteRange
bts_byte_ranges_get_nth (const BtsByteRanges *self, guint n)
{
  g_assert (n < self->ranges->len);

  return *nth (self, n);
}

guint64
bts_byte_ranges_get_held_from (const BtsByteRanges *self, guint64 offset)
{
  guint n = find (self, offset, FALSE);

  if (n == self->ranges->len || nth (self, n)->offset > offset)
    return 0;

  return end_of (nth (self, n)) - offset;
}

gboolean
bts_byte_ranges_contain (const BtsByteRanges *self, const BtsByteRanges *others)
{
  for (guint i = 0; i < bts_byte_ranges_get_count (others); i++)
    {
      BtsByteRange range = bts_byte_ranges_get_nth (others, i);

      if (bts_byte_ranges_get_held_from (self, range.offset) < range.length)
        return FALSE;
    }
  return TRUE;
}

gboolean
bts_byte_ranges_equal (const BtsByteRanges *self, const BtsByteRanges *others)
{
  return bts_byte_ranges_get_total (self) == bts_byte_ranges_get_total (others) &&
         bts_byte_ranges_contain (self, others);
}

gboolean
bts_byte_ranges_get_gap (const BtsByteRanges *self, guint64 from, guint64 end, BtsByteRange *gap)
{
  guint n = find (self, from, FALSE);
  guint64 start = from;
  guint64 stop = end;

  if (n < self->ranges->len && nth (self, n)->offset <= from)
    {
      start = end_of (nth (self, n));
      n++;
    }

  if (n < self->ranges->len)
    stop = MIN (stop, nth (self, n)->offset);

  if (start >= end)
    return FALSE;

  *gap = (BtsByteRange){ start, stop - start };
  return TRUE;
}

GVariant *
bts_byte_ranges_to_variant (const BtsByteRanges *self)
{
  return g_variant_ref_sink (g_variant_new_fixed_array (G_VARIANT_TYPE ("(tt)"), self->ranges->data,
                                                        self->ranges->len, sizeof (BtsByteRange)));
}

BtsByteRanges *
bts_byte_ranges_from_variant (GVariant *variant)
{
  g_autoptr (BtsByteRanges) self = NULL;
  const BtsByteRange *ranges;
  gsize n_ranges;
  guint64 end = 0;

  if (variant == NULL || !g_variant_is_of_type (variant, G_VARIANT_TYPE ("a(tt)")))
    return NULL;

  self = bts_byte_ranges_new ();
  ranges = g_variant_get_fixed_array (variant, &n_ranges, sizeof (BtsByteRange));

  for (gsize i = 0; i < n_ranges; i++)
    {
      if (ranges[i].offset < end || !bts_byte_ranges_add (self, ranges[i].offset, ranges[i].length))
        return NULL;

      end = end_of (&ranges[i]);
    }

  return g_steal_pointer (&self);
}
