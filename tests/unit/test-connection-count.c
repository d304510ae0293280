/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/connection-count.h"

#define MIB (1024.0 * 1024)
#define STEP_US (G_USEC_PER_SEC / 10)
#define GIB (G_GUINT64_CONSTANT (1) << 30)

/* A server and the way to it. */
typedef struct
{
  BtsConnectionCount count;
  gint64 now;
  double received;
  guint64 left;
  guint64 max_rate;
  double each;   /* bytes a second that a connection brings */
  double all;    /* what they bring together at most */
  guint allowed; /* connections; the others are refused */
} Way;

static void
init (Way *way, double each, double all)
{
  *way = (Way){ .now = G_USEC_PER_SEC, .left = GIB, .each = each, .all = all, .allowed = 100 };
  bts_connection_count_init (&way->count, 8);
}

/* Returns how often a connection was refused. */
static guint
run (Way *way, guint seconds)
{
  gint64 end = way->now + seconds * G_USEC_PER_SEC;
  guint n_refused = 0;

  for (; way->now < end; way->now += STEP_US)
    {
      BtsConnectionSample sample = {
        .now = way->now, .left = way->left, .max_rate = way->max_rate, .are_flowing = TRUE
      };

      if (way->count.n_wanted > way->allowed)
        {
          bts_connection_count_take_loss (&way->count, way->allowed, FALSE, way->now);
          n_refused++;
        }
      sample.n_connections = way->count.n_wanted;
      sample.received = (guint64) way->received;
      bts_connection_count_update (&way->count, &sample);
      way->received += MIN (way->each * way->count.n_wanted, way->all) * STEP_US / G_USEC_PER_SEC;
    }
  return n_refused;
}

static void
test_more_are_added_while_each_brings_more (void)
{
  Way way;

  init (&way, MIB, 100 * MIB);
  run (&way, 3);
  g_assert_cmpuint (way.count.n_wanted, ==, 8);
}

static void
test_no_more_than_bring_something (void)
{
  Way way;

  init (&way, 10 * MIB, 20 * MIB);
  run (&way, 3);
  g_assert_cmpuint (way.count.n_wanted, ==, 2);
}

static void
test_one_that_fills_the_link_stays_alone (void)
{
  Way way;

  init (&way, 20 * MIB, 20 * MIB);
  run (&way, 3);
  g_assert_cmpuint (way.count.n_wanted, ==, 1);
}

static void
test_more_are_tried_again_after_a_while (void)
{
  Way way;

  init (&way, 20 * MIB, 20 * MIB);
  run (&way, 3);
  /* Faster than before, so that nothing looks poor: but more could be had. */
  way.all = 200 * MIB;
  run (&way, 60);
  g_assert_cmpuint (way.count.n_wanted, ==, 8);
}

static void
test_more_are_tried_soon_where_it_became_slow (void)
{
  Way way;

  init (&way, 20 * MIB, 20 * MIB);
  run (&way, 120);
  g_assert_cmpuint (way.count.n_wanted, ==, 1);
  way.each = MIB;
  run (&way, 15);
  g_assert_cmpuint (way.count.n_wanted, ==, 8);
}

static void
test_what_is_in_vain_is_tried_ever_more_seldom (void)
{
  Way way;
  guint n_refused = 0;

  init (&way, MIB, 100 * MIB);
  way.allowed = 1;
  n_refused = run (&way, 20);
  g_assert_cmpuint (n_refused, >=, 2);
  g_assert_cmpuint (way.count.n_wanted, ==, 1);
  run (&way, 200);
  g_assert_cmpuint (run (&way, 300), <=, 5);
}

static void
test_a_server_that_lets_more_in_later_is_used (void)
{
  Way way;

  init (&way, MIB, 100 * MIB);
  way.allowed = 2;
  run (&way, 10);
  g_assert_cmpuint (way.count.n_wanted, <=, 2);
  way.allowed = 100;
  run (&way, 60);
  g_assert_cmpuint (way.count.n_wanted, ==, 8);
}

static void
test_one_that_broke_is_soon_replaced (void)
{
  Way way;

  init (&way, MIB, 100 * MIB);
  run (&way, 3);
  bts_connection_count_take_loss (&way.count, 7, TRUE, way.now);
  g_assert_cmpuint (way.count.n_wanted, ==, 7);
  run (&way, 10);
  g_assert_cmpuint (way.count.n_wanted, ==, 8);
}

static void
test_a_rate_that_is_reached_needs_no_more (void)
{
  Way way;

  init (&way, MIB, MIB);
  way.max_rate = (guint64) MIB;
  run (&way, 200);
  g_assert_cmpuint (way.count.n_wanted, ==, 1);
}

static void
test_what_is_nearly_done_needs_no_more (void)
{
  Way way;

  init (&way, MIB, 100 * MIB);
  way.left = (guint64) (MIB / 2);
  run (&way, 3);
  g_assert_cmpuint (way.count.n_wanted, ==, 1);
}

static void
test_only_one_is_allowed (void)
{
  BtsConnectionCount count;
  BtsConnectionSample sample = { .now = 1, .left = GIB, .n_connections = 1, .are_flowing = TRUE };

  bts_connection_count_init (&count, 0);
  for (; sample.now < 10 * G_USEC_PER_SEC; sample.now += STEP_US)
    bts_connection_count_update (&count, &sample);
  g_assert_cmpuint (count.n_wanted, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection-count/more-are-added-while-each-brings-more",
                   test_more_are_added_while_each_brings_more);
  g_test_add_func ("/connection-count/no-more-than-bring-something",
                   test_no_more_than_bring_something);
  g_test_add_func ("/connection-count/one-that-fills-the-link-stays-alone",
                   test_one_that_fills_the_link_stays_alone);
  g_test_add_func ("/connection-count/more-are-tried-again-after-a-while",
                   test_more_are_tried_again_after_a_while);
  g_test_add_func ("/connection-count/more-are-tried-soon-where-it-became-slow",
                   test_more_are_tried_soon_where_it_became_slow);
  g_test_add_func ("/connection-count/what-is-in-vain-is-tried-ever-more-seldom",
                   test_what_is_in_vain_is_tried_ever_more_seldom);
  g_test_add_func ("/connection-count/a-server-that-lets-more-in-later-is-used",
                   test_a_server_that_lets_more_in_later_is_used);
  g_test_add_func ("/connection-count/one-that-broke-is-soon-replaced",
                   test_one_that_broke_is_soon_replaced);
  g_test_add_func ("/connection-count/a-rate-that-is-reached-needs-no-more",
                   test_a_rate_that_is_reached_needs_no_more);
  g_test_add_func ("/connection-count/what-is-nearly-done-needs-no-more",
                   test_what_is_nearly_done_needs_no_more);
  g_test_add_func ("/connection-count/only-one-is-allowed", test_only_one_is_allowed);
  return g_test_run ();
}
