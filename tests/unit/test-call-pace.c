/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-pace.h"

#include "fakes/clock-fake.h"

#define SECOND G_USEC_PER_SEC
#define ALICE 1
#define BOB 2

typedef struct
{
  BtsClockFake *clock;
  BtsCallPace *pace;
  guint n_ready[3]; /* by uid */
} Fixture;

static void
on_ready (uid_t uid, gpointer user_data)
{
  Fixture *fixture = user_data;

  fixture->n_ready[uid]++;
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->clock = bts_clock_fake_new ();
  fixture->pace = bts_call_pace_new (BTS_CLOCK (fixture->clock));
  bts_call_pace_watch (fixture->pace, on_ready, fixture);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  bts_call_pace_watch (fixture->pace, NULL, NULL);
  bts_clock_fake_advance (fixture->clock, 10 * SECOND);
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (fixture->clock), ==, 0);
  bts_call_pace_unref (fixture->pace);
  g_object_unref (fixture->clock);
}

static gboolean
may_begin (Fixture *fixture, uid_t uid)
{
  return bts_call_pace_may_begin (fixture->pace, uid);
}

static void
call (Fixture *fixture, uid_t uid)
{
  bts_call_turn_end (bts_call_pace_begin (fixture->pace, uid));
}

/* Both have called. */
static void
meet (Fixture *fixture)
{
  call (fixture, ALICE);
  call (fixture, BOB);
}

static void
test_one_who_is_alone_has_many_under_way (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) turns = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_call_turn_end);

  while (turns->len < 1000 && may_begin (fixture, BOB))
    g_ptr_array_add (turns, bts_call_pace_begin (fixture->pace, BOB));
  g_assert_cmpuint (turns->len, >=, 16);
  g_assert_cmpuint (turns->len, <, 1000);
  /* Another's first does not wait for that. */
  g_assert_true (may_begin (fixture, ALICE));
}

static void
test_in_company_each_has_one (Fixture *fixture, gconstpointer data)
{
  BtsCallTurn *turn;

  meet (fixture);
  turn = bts_call_pace_begin (fixture->pace, BOB);
  g_assert_false (may_begin (fixture, BOB));
  g_assert_true (may_begin (fixture, ALICE));
  g_assert_cmpuint (fixture->n_ready[BOB], ==, 0);
  bts_call_turn_end (turn);
  g_assert_cmpuint (fixture->n_ready[BOB], ==, 1);
  g_assert_true (may_begin (fixture, BOB));
  g_assert_cmpuint (fixture->n_ready[ALICE], ==, 0);
}

static void
test_company_ends (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsCallTurn) turn = NULL;

  meet (fixture);
  bts_clock_fake_advance (fixture->clock, 2 * SECOND);
  turn = bts_call_pace_begin (fixture->pace, BOB);
  g_assert_true (may_begin (fixture, BOB));
  bts_call_pace_charge (fixture->pace, BOB, SECOND);
  g_assert_true (may_begin (fixture, BOB));
}

static void
test_one_that_hangs_holds_nothing_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsCallTurn) hanging = NULL;
  g_autoptr (BtsCallTurn) next = NULL;

  meet (fixture);
  hanging = bts_call_pace_begin (fixture->pace, BOB);
  g_assert_false (may_begin (fixture, BOB));
  for (guint i = 0; i < 6; i++)
    {
      bts_clock_fake_advance (fixture->clock, SECOND / 10);
      call (fixture, ALICE);
    }
  g_assert_cmpuint (fixture->n_ready[BOB], ==, 1);
  g_assert_true (may_begin (fixture, BOB));
  next = bts_call_pace_begin (fixture->pace, BOB);
  g_clear_pointer (&hanging, bts_call_turn_end);
  g_assert_false (may_begin (fixture, BOB));
}

static void
test_work_is_followed_by_rest (Fixture *fixture, gconstpointer data)
{
  meet (fixture);
  bts_call_pace_charge (fixture->pace, BOB, SECOND / 20);
  g_assert_false (may_begin (fixture, BOB));
  g_assert_true (may_begin (fixture, ALICE));
  bts_clock_fake_advance (fixture->clock, SECOND / 20);
  g_assert_cmpuint (fixture->n_ready[BOB], ==, 0);
  bts_clock_fake_advance (fixture->clock, SECOND / 10);
  g_assert_cmpuint (fixture->n_ready[BOB], ==, 1);
  g_assert_true (may_begin (fixture, BOB));
}

static void
test_large_messages_are_work (Fixture *fixture, gconstpointer data)
{
  meet (fixture);
  for (guint i = 0; i < 20; i++)
    bts_call_pace_charge_bytes (fixture->pace, ALICE, 1000);
  for (guint i = 0; i < 20; i++)
    bts_call_pace_charge_bytes (fixture->pace, BOB, 50000);
  g_assert_true (may_begin (fixture, ALICE));
  g_assert_false (may_begin (fixture, BOB));
}

static void
test_rest_has_an_end (Fixture *fixture, gconstpointer data)
{
  meet (fixture);
  for (guint i = 0; i < 100; i++)
    bts_call_pace_charge (fixture->pace, BOB, 60 * SECOND);
  g_assert_false (may_begin (fixture, BOB));
  bts_clock_fake_advance (fixture->clock, SECOND / 2);
  g_assert_cmpuint (fixture->n_ready[BOB], ==, 1);
}

int
main (int argc, char *argv[])
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *fixture, gconstpointer data);
  } tests[] = {
    { "one-who-is-alone-has-many-under-way", test_one_who_is_alone_has_many_under_way },
    { "in-company-each-has-one", test_in_company_each_has_one },
    { "company-ends", test_company_ends },
    { "one-that-hangs-holds-nothing-up", test_one_that_hangs_holds_nothing_up },
    { "work-is-followed-by-rest", test_work_is_followed_by_rest },
    { "large-messages-are-work", test_large_messages_are_work },
    { "rest-has-an-end", test_rest_has_an_end },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/bus/call-pace/", tests[i].name, NULL);

      g_test_add (path, Fixture, NULL, set_up, tests[i].test, tear_down);
    }
  return g_test_run ();
}
