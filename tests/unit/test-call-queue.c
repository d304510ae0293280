/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-queue.h"

static GString *served;
static guint n_dropped;

static void
serve (gpointer user_data)
{
  g_string_append_c (served, (char) GPOINTER_TO_INT (user_data));
}

static void
drop (gpointer user_data)
{
  n_dropped++;
}

static void
test_users_take_turns (void)
{
  static const struct
  {
    uid_t uid;
    char name;
  } calls[] = { { 1, 'a' }, { 1, 'b' }, { 1, 'c' }, { 2, 'x' }, { 3, 'p' }, { 2, 'y' } };
  BtsCallQueue *queue = bts_call_queue_new ();

  g_string_truncate (served, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    g_assert_true (
        bts_call_queue_push (queue, calls[i].uid, serve, drop, GINT_TO_POINTER (calls[i].name)));
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (served->str, ==, "axpbyc");
  bts_call_queue_free (queue);
}

static void
test_one_user_is_limited (void)
{
  BtsCallQueue *queue = bts_call_queue_new ();
  guint n = 0;

  n_dropped = 0;
  while (n < 1000000 && bts_call_queue_push (queue, 1, serve, drop, GINT_TO_POINTER ('a')))
    n++;
  g_assert_cmpuint (n, <, 1000000);
  g_assert_true (bts_call_queue_push (queue, 2, serve, drop, GINT_TO_POINTER ('b')));
  bts_call_queue_free (queue);
  g_assert_cmpuint (n_dropped, ==, n + 1);
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  served = g_string_new (NULL);
  g_test_add_func ("/bus/call-queue/users-take-turns", test_users_take_turns);
  g_test_add_func ("/bus/call-queue/one-user-is-limited", test_one_user_is_limited);
  status = g_test_run ();
  g_string_free (served, TRUE);
  return status;
}
