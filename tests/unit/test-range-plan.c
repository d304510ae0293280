/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/range-plan.h"

#define KIB 1024ULL
#define MIB (1024 * KIB)

static BtsRangePlan *
new_plan (guint64 total)
{
  g_autoptr (BtsByteRanges) none = bts_byte_ranges_new ();

  return bts_range_plan_new (none, total);
}

static void
assert_taken (BtsRangePlan *plan, guint id, guint64 size, guint64 offset, guint64 length)
{
  BtsByteRange piece = { 0, 0 };

  g_assert_true (bts_range_plan_take (plan, id, size, &piece));
  g_assert_cmpuint (piece.offset, ==, offset);
  g_assert_cmpuint (piece.length, ==, length);
}

static void
test_pieces_come_in_order (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (10 * MIB);

  assert_taken (plan, 1, 4 * MIB, 0, 4 * MIB);
  assert_taken (plan, 2, 4 * MIB, 4 * MIB, 4 * MIB);
  assert_taken (plan, 3, 4 * MIB, 8 * MIB, 2 * MIB);
}

static void
test_what_is_held_is_left_out (void)
{
  g_autoptr (BtsByteRanges) held = bts_byte_ranges_new ();
  g_autoptr (BtsRangePlan) plan = NULL;

  bts_byte_ranges_add (held, 0, 3 * MIB);
  bts_byte_ranges_add (held, 5 * MIB, MIB);
  plan = bts_range_plan_new (held, 7 * MIB);
  assert_taken (plan, 1, 4 * MIB, 3 * MIB, 2 * MIB);
  assert_taken (plan, 2, 4 * MIB, 6 * MIB, MIB);
}

static void
test_no_crumbs_stay_behind (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (4 * MIB + 100);

  assert_taken (plan, 1, 4 * MIB, 0, 4 * MIB + 100);
}

static void
test_largest_piece_is_split (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (16 * MIB);

  assert_taken (plan, 1, 16 * MIB, 0, 16 * MIB);
  g_assert_cmpuint (bts_range_plan_advance (plan, 1, 4 * MIB), ==, 12 * MIB);
  assert_taken (plan, 2, 16 * MIB, 10 * MIB, 6 * MIB);
  g_assert_cmpuint (bts_range_plan_get_left (plan, 1), ==, 6 * MIB);
  g_assert_cmpuint (bts_range_plan_advance (plan, 1, 6 * MIB), ==, 0);
}

static void
test_small_pieces_are_not_split (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (2 * MIB - 1);
  BtsByteRange piece;

  assert_taken (plan, 1, 4 * MIB, 0, 2 * MIB - 1);
  g_assert_false (bts_range_plan_has_work (plan));
  g_assert_false (bts_range_plan_take (plan, 2, 4 * MIB, &piece));
}

static void
test_what_was_released_is_taken_again (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (4 * MIB);

  assert_taken (plan, 1, 4 * MIB, 0, 4 * MIB);
  bts_range_plan_advance (plan, 1, MIB + 5);
  bts_range_plan_release (plan, 1);
  assert_taken (plan, 2, 4 * MIB, MIB + 5, 3 * MIB - 5);
  g_assert_cmpuint (bts_range_plan_advance (plan, 2, 3 * MIB - 5), ==, 0);
  g_assert_true (bts_range_plan_is_done (plan));
  g_assert_cmpuint (bts_range_plan_get_received (plan), ==, 4 * MIB);
}

static void
test_requests_come_first_and_what_follows_them_next (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (40 * MIB);

  bts_range_plan_request (plan, 30 * MIB, 2 * MIB);
  assert_taken (plan, 1, 4 * MIB, 30 * MIB, 2 * MIB);
  assert_taken (plan, 2, 4 * MIB, 32 * MIB, 4 * MIB);
  assert_taken (plan, 3, 4 * MIB, 36 * MIB, 4 * MIB);
  assert_taken (plan, 4, 4 * MIB, 0, 4 * MIB);
}

static void
test_newest_request_comes_first (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (40 * MIB);

  bts_range_plan_request (plan, 10 * MIB, 4 * MIB);
  bts_range_plan_request (plan, 20 * MIB, 4 * MIB);
  assert_taken (plan, 1, 4 * MIB, 20 * MIB, 4 * MIB);
  assert_taken (plan, 2, 4 * MIB, 10 * MIB, 4 * MIB);
}

static void
test_small_request_brings_a_little_more (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (40 * MIB);

  bts_range_plan_request (plan, 10 * MIB, 1);
  assert_taken (plan, 1, 4 * MIB, 10 * MIB, MIB);
}

static void
test_request_beyond_the_end_is_ignored (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (4 * MIB);

  bts_range_plan_request (plan, 4 * MIB, 1);
  bts_range_plan_request (plan, G_MAXUINT64, G_MAXUINT64);
  g_assert_false (bts_range_plan_is_serving (plan));
  bts_range_plan_request (plan, MIB, G_MAXUINT64);
  g_assert_true (bts_range_plan_is_serving (plan));
  assert_taken (plan, 1, 4 * MIB, MIB, 3 * MIB);
}

static void
test_only_as_many_move_as_there_is_to_do (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (100 * MIB);

  assert_taken (plan, 1, 40 * MIB, 0, 40 * MIB);
  assert_taken (plan, 2, 40 * MIB, 40 * MIB, 40 * MIB);
  g_assert_cmpuint (bts_range_plan_get_n_to_move (plan), ==, 0);
  bts_range_plan_request (plan, 90 * MIB, 100);
  g_assert_cmpuint (bts_range_plan_get_n_to_move (plan), ==, 1);
  g_assert_true (bts_range_plan_is_elsewhere (plan, 1));
  g_assert_true (bts_range_plan_is_elsewhere (plan, 2));

  /* A piece that begins just before it serves it already. */
  bts_range_plan_request (plan, 40 * MIB + 1000, 100);
  g_assert_cmpuint (bts_range_plan_get_n_to_move (plan), ==, 0);
  g_assert_false (bts_range_plan_is_elsewhere (plan, 2));

  /* One that comes there only much later does not. */
  bts_range_plan_request (plan, 30 * MIB, 100);
  g_assert_cmpuint (bts_range_plan_get_n_to_move (plan), ==, 1);
  g_assert_true (bts_range_plan_is_elsewhere (plan, 1));
}

static void
test_total_is_corrected (void)
{
  g_autoptr (BtsRangePlan) plan = new_plan (4 * MIB);

  assert_taken (plan, 1, 4 * MIB, 0, 4 * MIB);
  bts_range_plan_set_total (plan, MIB);
  g_assert_cmpuint (bts_range_plan_get_left (plan, 1), ==, MIB);
  bts_range_plan_set_total (plan, 8 * MIB);
  bts_range_plan_extend (plan, 1);
  g_assert_cmpuint (bts_range_plan_get_left (plan, 1), ==, 8 * MIB);
}

/* Whatever is asked for and given back, every byte comes, and comes once. */
static void
test_random_walks_end (void)
{
  for (guint round = 0; round < 200; round++)
    {
      guint64 total = (guint64) g_test_rand_int_range (1, 1 << 30);
      g_autoptr (BtsRangePlan) plan = new_plan (total);
      gboolean is_busy[4] = { FALSE };
      guint n_steps = 0;

      while (!bts_range_plan_is_done (plan))
        {
          guint id = (guint) g_test_rand_int_range (0, 4);
          BtsByteRange piece;

          g_assert_cmpuint (n_steps++, <, 100000);
          if (g_test_rand_int_range (0, 8) == 0)
            bts_range_plan_request (plan, (guint64) g_test_rand_int_range (0, 1 << 30),
                                    (guint64) g_test_rand_int_range (0, 1 << 24));
          if (!is_busy[id])
            is_busy[id] = bts_range_plan_take (plan, id, 16 * MIB, &piece);
          else
            {
              guint64 left = bts_range_plan_get_left (plan, id);
              guint64 most = (guint64) g_test_rand_int_range (1, 1 << 24);
              guint64 n = MIN (left, most);

              if (n == 0 || bts_range_plan_advance (plan, id, n) == 0 ||
                  g_test_rand_int_range (0, 20) == 0)
                {
                  bts_range_plan_release (plan, id);
                  is_busy[id] = FALSE;
                }
            }
        }
      g_assert_cmpuint (bts_range_plan_get_received (plan), ==, total);
    }
}

static const struct
{
  const char *name;
  GTestFunc test;
} tests[] = {
  { "pieces-come-in-order", test_pieces_come_in_order },
  { "what-is-held-is-left-out", test_what_is_held_is_left_out },
  { "no-crumbs-stay-behind", test_no_crumbs_stay_behind },
  { "largest-piece-is-split", test_largest_piece_is_split },
  { "small-pieces-are-not-split", test_small_pieces_are_not_split },
  { "what-was-released-is-taken-again", test_what_was_released_is_taken_again },
  { "requests-come-first-and-what-follows-them-next",
    test_requests_come_first_and_what_follows_them_next },
  { "newest-request-comes-first", test_newest_request_comes_first },
  { "small-request-brings-a-little-more", test_small_request_brings_a_little_more },
  { "request-beyond-the-end-is-ignored", test_request_beyond_the_end_is_ignored },
  { "only-as-many-move-as-there-is-to-do", test_only_as_many_move_as_there_is_to_do },
  { "total-is-corrected", test_total_is_corrected },
  { "random-walks-end", test_random_walks_end },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/worker/range-plan/%s", tests[i].name);

      g_test_add_func (path, tests[i].test);
    }
  return g_test_run ();
}
