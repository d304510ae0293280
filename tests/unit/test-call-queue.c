/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-queue.h"

#include "fakes/clock-fake.h"

static GString *served;
static guint n_dropped;
static const char *held;
static BtsClockFake *clock_fake;
static BtsCallPace *pace;
static gboolean are_answered_at_once;
static GQueue under_way; /* (element-type BtsCallTurn) (owned) */

static void
serve (gpointer user_data, BtsCallTurn *turn)
{
  g_string_append_c (served, (char) GPOINTER_TO_INT (user_data));
  if (are_answered_at_once)
    bts_call_turn_end (turn);
  else
    g_queue_push_tail (&under_way, turn);
}

static void
drop (gpointer user_data)
{
  n_dropped++;
}

static gboolean
is_held (const char *name, gpointer user_data)
{
  return g_strcmp0 (name, held) == 0;
}

static BtsCallQueue *
new_queue (void)
{
  n_dropped = 0;
  held = NULL;
  are_answered_at_once = TRUE;
  g_string_truncate (served, 0);

  return bts_call_queue_new (pace, BTS_CLOCK (clock_fake), is_held, NULL);
}

static gboolean
push (BtsCallQueue *queue, uid_t uid, const char *name, gsize n_bytes, char letter)
{
  BtsQueuedCall call = { uid, name, n_bytes, serve, drop, GINT_TO_POINTER (letter) };

  return bts_call_queue_push (queue, &call);
}

static void
serve_all (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_users_take_turns (void)
{
  static const struct
  {
    uid_t uid;
    const char *name;
    char letter;
  } calls[] = { { 1, ":1", 'a' }, { 1, ":1", 'b' }, { 1, ":1", 'c' }, { 1, ":4", 'k' },
                { 2, ":2", 'x' }, { 3, ":3", 'p' }, { 2, ":2", 'y' } };
  BtsCallQueue *queue = new_queue ();

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    g_assert_true (push (queue, calls[i].uid, calls[i].name, 0, calls[i].letter));
  serve_all ();
  g_assert_cmpstr (served->str, ==, "axpkybc");
  bts_call_queue_free (queue);
}

static void
test_one_user_is_limited (void)
{
  BtsCallQueue *queue = new_queue ();
  guint n = 0;

  while (n < 1000000 && push (queue, 1, ":1", 0, 'a'))
    n++;
  g_assert_cmpuint (n, <, 1000000);
  g_assert_true (push (queue, 2, ":2", 0, 'b'));
  bts_call_queue_free (queue);
  g_assert_cmpuint (n_dropped, ==, n + 1);
}

static void
test_what_waits_is_limited_in_size (void)
{
  BtsCallQueue *queue = new_queue ();
  gsize large = 30 * 1024 * 1024;

  g_assert_true (push (queue, 1, ":1", large, 'a'));
  g_assert_true (push (queue, 1, ":2", large, 'b'));
  g_assert_false (push (queue, 1, ":3", large, 'c'));
  g_assert_true (push (queue, 2, ":4", large, 'd'));
  serve_all ();
  g_assert_true (push (queue, 1, ":3", large, 'e'));
  bts_call_queue_free (queue);
}

static void
test_one_that_is_held_keeps_its_order_and_stops_nobody (void)
{
  BtsCallQueue *queue = new_queue ();

  held = ":1";
  g_assert_true (push (queue, 1, ":1", 0, 'a'));
  g_assert_true (push (queue, 1, ":2", 0, 'x'));
  serve_all ();
  g_assert_true (push (queue, 1, ":1", 0, 'b'));
  g_assert_true (push (queue, 1, ":2", 0, 'y'));
  bts_call_queue_resume (queue, ":2");
  serve_all ();
  g_assert_cmpstr (served->str, ==, "xy");
  held = NULL;
  bts_call_queue_resume (queue, ":1");
  g_assert_true (push (queue, 1, ":1", 0, 'c'));
  serve_all ();
  g_assert_cmpstr (served->str, ==, "xyabc");
  bts_call_queue_free (queue);
  g_assert_cmpuint (n_dropped, ==, 0);
}

static void
test_one_that_goes_takes_its_calls_along (void)
{
  BtsCallQueue *queue = new_queue ();

  held = ":1";
  g_assert_true (push (queue, 1, ":1", 0, 'a'));
  g_assert_true (push (queue, 1, ":2", 0, 'x'));
  g_assert_true (push (queue, 2, ":3", 0, 'p'));
  bts_call_queue_forget (queue, ":2");
  bts_call_queue_forget (queue, ":3");
  serve_all ();
  bts_call_queue_forget (queue, ":1");
  bts_call_queue_resume (queue, ":1");
  serve_all ();
  g_assert_cmpstr (served->str, ==, "");
  g_assert_cmpuint (n_dropped, ==, 3);
  bts_call_queue_free (queue);
}

static void
test_who_has_a_call_under_way_waits_for_its_end_and_not_in_front_of_others (void)
{
  BtsCallQueue *queue = new_queue ();

  are_answered_at_once = FALSE;
  g_assert_true (push (queue, 2, ":2", 0, 'x'));
  serve_all ();
  for (char letter = 'a'; letter <= 'e'; letter++)
    g_assert_true (push (queue, 1, letter % 2 != 0 ? ":1" : ":4", 0, letter));
  serve_all ();
  bts_call_turn_end (g_queue_pop_head (&under_way));
  g_assert_true (push (queue, 2, ":2", 0, 'y'));
  serve_all ();
  g_assert_cmpstr (served->str, ==, "xay");
  bts_call_turn_end (g_queue_pop_head (&under_way));
  serve_all ();
  g_assert_cmpstr (served->str, ==, "xayb");
  bts_call_queue_free (queue);
  g_assert_cmpuint (n_dropped, ==, 3);
  g_queue_clear_full (&under_way, (GDestroyNotify) bts_call_turn_end);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  served = g_string_new (NULL);
  clock_fake = bts_clock_fake_new ();
  pace = bts_call_pace_new (BTS_CLOCK (clock_fake));
  g_test_add_func ("/bus/call-queue/users-take-turns", test_users_take_turns);
  g_test_add_func ("/bus/call-queue/one-user-is-limited", test_one_user_is_limited);
  g_test_add_func ("/bus/call-queue/what-waits-is-limited-in-size",
                   test_what_waits_is_limited_in_size);
  g_test_add_func ("/bus/call-queue/one-that-is-held-keeps-its-order-and-stops-nobody",
                   test_one_that_is_held_keeps_its_order_and_stops_nobody);
  g_test_add_func ("/bus/call-queue/one-that-goes-takes-its-calls-along",
                   test_one_that_goes_takes_its_calls_along);
  g_test_add_func ("/bus/call-queue/who-has-a-call-under-way-waits-for-its-end",
                   test_who_has_a_call_under_way_waits_for_its_end_and_not_in_front_of_others);
  status = g_test_run ();
  bts_call_pace_unref (pace);
  g_object_unref (clock_fake);
  g_string_free (served, TRUE);
  return status;
}
