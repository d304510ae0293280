/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>
#include <time.h>

#include "policy/queue.h"

#define LIMITS                                                                                     \
  (BTS_BLOCKER_MACHINE_LIMIT | BTS_BLOCKER_USER_LIMIT | BTS_BLOCKER_APPLICATION_LIMIT |            \
   BTS_BLOCKER_HOST_LIMIT)

static const BtsLimits wide = {
  .max_active = 1000,
  .max_active_per_user = 1000,
  .max_active_per_application = 1000,
  .max_active_per_host = 1000,
};

static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };

static BtsCandidate
candidate (guint uid, const char *application, const char *host, gint64 started)
{
  return (BtsCandidate){ .priority = BGT_PRIORITY_DEFAULT,
                         .started = started,
                         .sequence = (guint64) started,
                         .uid = uid,
                         .application = application,
                         .host = host };
}

static guint
count_running (const BtsCandidate *candidates, gsize n, guint uid)
{
  guint n_running = 0;

  for (gsize i = 0; i < n; i++)
    n_running += candidates[i].uid == uid && candidates[i].blockers == 0;

  return n_running;
}

/* The decision about the one of that age, which is unique in these tests */
static BtsBlockers
get_blockers (const BtsCandidate *candidates, gsize n, gint64 started)
{
  for (gsize i = 0; i < n; i++)
    if (candidates[i].started == started)
      return candidates[i].blockers;

  g_assert_not_reached ();
}

static void
test_nobody_is_fine (void)
{
  bts_queue_decide (NULL, 0, &wide);
}

static void
test_old_blockers_are_forgotten (void)
{
  BtsCandidate one = candidate (1, "a", "h", 1);

  one.blockers = BTS_BLOCKER_HOST_LIMIT;
  bts_queue_decide (&one, 1, &wide);
  g_assert_cmphex (one.blockers, ==, 0);
}

static void
test_age_decides (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[] = { candidate (1, "a", "h", 3), candidate (1, "a", "h", 1),
                                candidate (1, "a", "h", 2) };

  limits.max_active = 2;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  for (gint64 i = 0; i < 3; i++)
    g_assert_cmpint (candidates[i].started, ==, i + 1);
  g_assert_cmphex (candidates[0].blockers, ==, 0);
  g_assert_cmphex (candidates[1].blockers, ==, 0);
  g_assert_cmphex (candidates[2].blockers, ==, BTS_BLOCKER_MACHINE_LIMIT);
}

static void
test_sequence_decides_between_the_same_age (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[] = { candidate (1, "a", "h", 5), candidate (1, "a", "h", 5) };

  candidates[0].sequence = 2;
  candidates[1].sequence = 1;
  limits.max_active = 1;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmpuint (candidates[0].sequence, ==, 1);
  g_assert_cmphex (candidates[0].blockers, ==, 0);
}

static void
test_who_runs_goes_on (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[] = { candidate (2, "b", "h", 1), candidate (1, "a", "h", 2) };

  candidates[1].is_active = TRUE;
  limits.max_active = 1;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmphex (get_blockers (candidates, 2, 2), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 2, 1), ==, BTS_BLOCKER_MACHINE_LIMIT);
}

static void
test_higher_priority_preempts (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[] = { candidate (1, "a", "h", 1), candidate (1, "a", "h", 2) };

  candidates[0].is_active = TRUE;
  candidates[1].priority = BGT_PRIORITY_HIGH;
  limits.max_active = 1;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmphex (get_blockers (candidates, 2, 2), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 2, 1), ==, BTS_BLOCKER_MACHINE_LIMIT);
}

static void
test_every_full_limit_is_named (void)
{
  BtsLimits limits = {
    .max_active = 1,
    .max_active_per_user = 1,
    .max_active_per_application = 1,
    .max_active_per_host = 1,
  };
  BtsCandidate candidates[] = { candidate (1, "a", "h", 1), candidate (1, "a", "h", 2) };

  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmphex (candidates[1].blockers, ==, LIMITS);
}

static void
test_applications_of_one_name_have_limits_of_their_own (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[] = { candidate (1, "a", "h", 1), candidate (2, "a", "h", 2),
                                candidate (2, "a", "h", 3) };

  limits.max_active_per_application = 1;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmphex (get_blockers (candidates, 3, 1), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 3, 2), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 3, 3), ==, BTS_BLOCKER_APPLICATION_LIMIT);
}

static void
test_no_limit_is_no_limit (void)
{
  BtsLimits limits = { 0 };
  BtsCandidate candidates[50];

  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++)
    candidates[i] = candidate (1, NULL, NULL, i);
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmpuint (count_running (candidates, G_N_ELEMENTS (candidates), 1), ==, 50);
}

/* User 1 was first with 200; user 2 comes with two. */
static void
test_two_of_one_are_not_behind_200_of_another (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[202];

  for (guint i = 0; i < 200; i++)
    candidates[i] = candidate (1, "a", names[i % 9], i);
  candidates[200] = candidate (2, "b", "z", 1000);
  candidates[201] = candidate (2, "b", "z", 1001);

  limits.max_active = 8;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmpuint (count_running (candidates, 202, 1), ==, 6);
  g_assert_cmpuint (count_running (candidates, 202, 2), ==, 2);
}

static void
test_a_slot_that_becomes_free_goes_to_who_has_least (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[40];

  for (guint i = 0; i < 38; i++)
    {
      candidates[i] = candidate (1, "a", names[i % 9], i);
      candidates[i].is_active = i < 7;
    }
  candidates[38] = candidate (2, "b", "z", 1000);
  candidates[39] = candidate (2, "b", "z", 1001);

  limits.max_active = 8;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmpuint (count_running (candidates, 40, 1), ==, 7);
  g_assert_cmphex (get_blockers (candidates, 40, 1000), ==, 0);
}

static void
test_applications_of_one_user_share (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[30];
  guint n_of_b = 0;

  for (guint i = 0; i < 30; i++)
    candidates[i] = candidate (1, i < 20 ? "a" : "b", names[i % 9], i);

  limits.max_active = 10;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  for (guint i = 0; i < 30; i++)
    n_of_b += candidates[i].blockers == 0 && strcmp (candidates[i].application, "b") == 0;
  g_assert_cmpuint (n_of_b, ==, 5);
}

static void
test_a_full_host_leaves_slots_to_others (void)
{
  BtsLimits limits = wide;
  BtsCandidate candidates[101];

  for (guint i = 0; i < 100; i++)
    candidates[i] = candidate (1, "a", "busy", i);
  candidates[100] = candidate (1, "a", "idle", 1000);

  limits.max_active_per_host = 6;
  limits.max_active = 32;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &limits);

  g_assert_cmpuint (count_running (candidates, 101, 1), ==, 7);
  g_assert_cmphex (get_blockers (candidates, 101, 1000), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 101, 99), ==, BTS_BLOCKER_HOST_LIMIT);
}

static BtsCandidate
member (gint64 started, guint64 position, BgtPriority priority)
{
  BtsCandidate result = candidate (1, "a", "h", started);

  result.group = "photos";
  result.group_position = position;
  result.priority = priority;

  return result;
}

static void
test_a_serialized_group_runs_its_first (void)
{
  BtsCandidate candidates[] = {
    member (1, 3, BGT_PRIORITY_DEFAULT), member (2, 1, BGT_PRIORITY_LOW),
    member (3, 2, BGT_PRIORITY_DEFAULT), member (4, 9, BGT_PRIORITY_HIGH),
    candidate (1, "a", "h", 5),
  };

  candidates[0].is_active = TRUE;
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &wide);

  g_assert_cmphex (get_blockers (candidates, 5, 1), ==, BTS_BLOCKER_GROUP_ORDER);
  g_assert_cmphex (get_blockers (candidates, 5, 2), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 5, 3), ==, BTS_BLOCKER_GROUP_ORDER);
  g_assert_cmphex (get_blockers (candidates, 5, 4), ==, 0);
  g_assert_cmphex (get_blockers (candidates, 5, 5), ==, 0);
}

static void
test_groups_of_one_name_are_their_owners (void)
{
  BtsCandidate candidates[] = {
    member (1, 1, BGT_PRIORITY_DEFAULT),
    member (2, 2, BGT_PRIORITY_DEFAULT),
    member (3, 3, BGT_PRIORITY_DEFAULT),
  };

  candidates[1].uid = 2;
  candidates[2].application = "b";
  bts_queue_decide (candidates, G_N_ELEMENTS (candidates), &wide);

  for (gint64 i = 1; i <= 3; i++)
    g_assert_cmphex (get_blockers (candidates, 3, i), ==, 0);
}

static void
test_ten_thousand_are_decided_at_once (void)
{
  const gsize n = 10000;
  g_autofree BtsCandidate *candidates = g_new0 (BtsCandidate, n);
  BtsLimits limits = wide;
  clock_t start;
  double seconds;

  for (gsize i = 0; i < n; i++)
    candidates[i] = candidate ((guint) i % 5000, names[i % 9], names[i % 7], (gint64) (n - i));
  limits.max_active = 32;

  start = clock (); /* of this process, so that a busy machine does not count */
  bts_queue_decide (candidates, n, &limits);
  seconds = (double) (clock () - start) / CLOCKS_PER_SEC;

  g_test_message ("%.1f ms", seconds * 1000);
  g_assert_cmpfloat (seconds, <, 0.3);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy/queue/nobody-is-fine", test_nobody_is_fine);
  g_test_add_func ("/policy/queue/old-blockers-are-forgotten", test_old_blockers_are_forgotten);
  g_test_add_func ("/policy/queue/age-decides", test_age_decides);
  g_test_add_func ("/policy/queue/sequence-decides-between-the-same-age",
                   test_sequence_decides_between_the_same_age);
  g_test_add_func ("/policy/queue/who-runs-goes-on", test_who_runs_goes_on);
  g_test_add_func ("/policy/queue/higher-priority-preempts", test_higher_priority_preempts);
  g_test_add_func ("/policy/queue/every-full-limit-is-named", test_every_full_limit_is_named);
  g_test_add_func ("/policy/queue/applications-of-one-name-have-limits-of-their-own",
                   test_applications_of_one_name_have_limits_of_their_own);
  g_test_add_func ("/policy/queue/no-limit-is-no-limit", test_no_limit_is_no_limit);
  g_test_add_func ("/policy/queue/two-of-one-are-not-behind-200-of-another",
                   test_two_of_one_are_not_behind_200_of_another);
  g_test_add_func ("/policy/queue/a-free-slot-goes-to-who-has-least",
                   test_a_slot_that_becomes_free_goes_to_who_has_least);
  g_test_add_func ("/policy/queue/applications-of-one-user-share",
                   test_applications_of_one_user_share);
  g_test_add_func ("/policy/queue/a-full-host-leaves-slots-to-others",
                   test_a_full_host_leaves_slots_to_others);
  g_test_add_func ("/policy/queue/a-serialized-group-runs-its-first",
                   test_a_serialized_group_runs_its_first);
  g_test_add_func ("/policy/queue/groups-of-one-name-are-their-owners",
                   test_groups_of_one_name_are_their_owners);
  g_test_add_func ("/policy/queue/ten-thousand-are-decided-at-once",
                   test_ten_thousand_are_decided_at_once);

  return g_test_run ();
}
