/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/byte-ranges.h"

#define N_BYTES 300

static BtsByteRanges *
new_ranges (const char *text)
{
  g_autoptr (GVariant) variant = g_variant_parse (G_VARIANT_TYPE ("a(tt)"), text, NULL, NULL, NULL);

  return bts_byte_ranges_from_variant (variant);
}

static void
assert_ranges (const BtsByteRanges *ranges, const char *text)
{
  g_autoptr (GVariant) variant = bts_byte_ranges_to_variant (ranges);
  g_autofree char *printed = g_variant_print (variant, FALSE);

  g_assert_false (g_variant_is_floating (variant));
  g_assert_cmpstr (printed, ==, text);
}

static void
test_neighbours_merge (void)
{
  g_autoptr (BtsByteRanges) ranges = bts_byte_ranges_new ();

  g_assert_true (bts_byte_ranges_add (ranges, 10, 10));
  g_assert_true (bts_byte_ranges_add (ranges, 30, 10));
  assert_ranges (ranges, "[(10, 10), (30, 10)]");
  g_assert_true (bts_byte_ranges_add (ranges, 20, 10));
  assert_ranges (ranges, "[(10, 30)]");
  g_assert_true (bts_byte_ranges_add (ranges, 0, 100));
  assert_ranges (ranges, "[(0, 100)]");
  g_assert_cmpuint (bts_byte_ranges_get_total (ranges), ==, 100);
}

static void
test_nothing_and_overflow_are_refused (void)
{
  g_autoptr (BtsByteRanges) ranges = bts_byte_ranges_new ();

  g_assert_false (bts_byte_ranges_add (ranges, 5, 0));
  g_assert_false (bts_byte_ranges_add (ranges, 1, G_MAXUINT64));
  g_assert_false (bts_byte_ranges_add (ranges, G_MAXUINT64, 1));
  g_assert_cmpuint (bts_byte_ranges_get_count (ranges), ==, 0);
  g_assert_true (bts_byte_ranges_add (ranges, 0, G_MAXUINT64));
  g_assert_cmpuint (bts_byte_ranges_get_total (ranges), ==, G_MAXUINT64);
}

static void
test_a_copy_is_its_own (void)
{
  g_autoptr (BtsByteRanges) ranges = new_ranges ("[(1, 2), (5, 6)]");
  g_autoptr (BtsByteRanges) copy = bts_byte_ranges_copy (ranges);

  bts_byte_ranges_add (ranges, 0, 20);
  assert_ranges (copy, "[(1, 2), (5, 6)]");
  g_assert_cmpuint (bts_byte_ranges_get_total (copy), ==, 8);
  g_assert_cmpuint (bts_byte_ranges_get_nth (copy, 1).offset, ==, 5);
}

static const char *const refused_variants[] = {
  "[(uint64 5, uint64 0)]",
  "[(uint64 5, uint64 5), (0, 1)]",
  "[(uint64 5, uint64 5), (9, 1)]",
  "[(uint64 5, uint64 5), (5, 5)]",
  "[(uint64 5, uint64 18446744073709551615)]",
  "[uint64 5]",
  "[(5, 5)]",
  "'text'",
};

static void
test_wrong_variants_are_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused_variants); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) variant =
                     g_variant_parse (NULL, refused_variants[i], NULL, NULL, &error);

      g_assert_no_error (error);
      g_assert_null (bts_byte_ranges_from_variant (variant));
    }

  g_assert_null (bts_byte_ranges_from_variant (NULL));
}

static void
test_garbage_bytes_are_harmless (void)
{
  for (gsize size = 0; size < 100; size++)
    {
      g_autofree guint8 *data = g_malloc0 (size + 1);
      g_autoptr (GBytes) bytes = NULL;
      g_autoptr (GVariant) variant = NULL;
      g_autoptr (BtsByteRanges) ranges = NULL;

      for (gsize i = 0; i < size; i++)
        data[i] = (guint8) g_test_rand_int ();
      bytes = g_bytes_new (data, size);
      variant =
          g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE ("a(tt)"), bytes, FALSE));
      ranges = bts_byte_ranges_from_variant (variant);
    }
}

/* The same as the ranges, told by one flag a byte */
typedef gboolean Bitmap[N_BYTES];

static void
assert_same (const BtsByteRanges *ranges, const gboolean *bitmap)
{
  g_autoptr (GVariant) variant = bts_byte_ranges_to_variant (ranges);
  g_autoptr (BtsByteRanges) again = bts_byte_ranges_from_variant (variant);
  guint64 total = 0;
  guint n_ranges = 0;

  for (guint i = 0; i < N_BYTES; i++)
    {
      total += bitmap[i] ? 1 : 0;
      n_ranges += bitmap[i] && (i == 0 || !bitmap[i - 1]);
    }

  g_assert_cmpuint (bts_byte_ranges_get_total (ranges), ==, total);
  g_assert_cmpuint (bts_byte_ranges_get_count (ranges), ==, n_ranges);
  g_assert_cmpuint (bts_byte_ranges_get_total (again), ==, total);
  g_assert_cmpuint (bts_byte_ranges_get_count (again), ==, n_ranges);

  for (guint i = 0; i < n_ranges; i++)
    {
      BtsByteRange range = bts_byte_ranges_get_nth (ranges, i);

      for (guint64 j = range.offset; j < range.offset + range.length; j++)
        g_assert_true (bitmap[j]);
    }
}

static void
assert_same_answers (const BtsByteRanges *ranges, const gboolean *bitmap)
{
  guint from = (guint) g_test_rand_int_range (0, N_BYTES);
  guint end = (guint) g_test_rand_int_range ((int) from, N_BYTES + 1);
  guint held = from;
  guint gap_start = from;
  guint gap_end;
  BtsByteRange gap;

  while (held < N_BYTES && bitmap[held])
    held++;
  g_assert_cmpuint (bts_byte_ranges_get_held_from (ranges, from), ==, held - from);

  while (gap_start < end && bitmap[gap_start])
    gap_start++;
  gap_end = gap_start;
  while (gap_end < end && !bitmap[gap_end])
    gap_end++;

  if (bts_byte_ranges_get_gap (ranges, from, end, &gap))
    {
      g_assert_cmpuint (gap.offset, ==, gap_start);
      g_assert_cmpuint (gap.length, ==, gap_end - gap_start);
    }
  else
    g_assert_cmpuint (gap_start, ==, end);
}

static void
test_ranges_agree_with_a_bitmap (void)
{
  for (guint round = 0; round < 200; round++)
    {
      g_autoptr (BtsByteRanges) ranges = bts_byte_ranges_new ();
      Bitmap bitmap = { FALSE };

      for (guint step = 0; step < 60; step++)
        {
          guint offset = (guint) g_test_rand_int_range (0, N_BYTES);
          guint length = (guint) g_test_rand_int_range (1, 30);
          gboolean is_truncation = g_test_rand_int_range (0, 20) == 0;

          length = MIN (length, N_BYTES - offset);
          if (is_truncation)
            {
              length = N_BYTES - offset;
              bts_byte_ranges_truncate (ranges, offset);
            }
          else
            g_assert_true (bts_byte_ranges_add (ranges, offset, length));

          for (guint i = offset; i < offset + length; i++)
            bitmap[i] = !is_truncation;

          assert_same (ranges, bitmap);
          assert_same_answers (ranges, bitmap);
        }
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/byte-ranges/neighbours-merge", test_neighbours_merge);
  g_test_add_func ("/common/byte-ranges/nothing-and-overflow-are-refused",
                   test_nothing_and_overflow_are_refused);
  g_test_add_func ("/common/byte-ranges/a-copy-is-its-own", test_a_copy_is_its_own);
  g_test_add_func ("/common/byte-ranges/wrong-variants-are-refused",
                   test_wrong_variants_are_refused);
  g_test_add_func ("/common/byte-ranges/garbage-bytes-are-harmless",
                   test_garbage_bytes_are_harmless);
  g_test_add_func ("/common/byte-ranges/ranges-agree-with-a-bitmap",
                   test_ranges_agree_with_a_bitmap);

  return g_test_run ();
}
