/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "policy/queue.h"

/* Random candidates and limits, and what must be true of every decision. */
#define N_RANDOM 120

static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h", "i" };

static guint
random_limit (void)
{
  return (guint) g_test_rand_int_range (0, 20);
}

static void
make_random (BtsCandidate *candidates, gsize n, BtsLimits *limits)
{
  *limits = (BtsLimits){
    .max_active = random_limit (),
    .max_active_per_user = random_limit (),
    .max_active_per_application = random_limit (),
    .max_active_per_host = random_limit (),
  };

  for (gsize i = 0; i < n; i++)
    {
      candidates[i] = (BtsCandidate){
        .priority = (BgtPriority) g_test_rand_int_range (0, 3),
        .started = g_test_rand_int_range (0, 50),
        .sequence = i,
        .uid = (guint) g_test_rand_int_range (0, 4),
        .application = names[g_test_rand_int_range (0, 3)],
        .host = names[g_test_rand_int_range (0, 9)],
        .is_active = g_test_rand_int_range (0, 3) == 0,
      };
      if (g_test_rand_int_range (0, 5) == 0)
        {
          candidates[i].group = names[g_test_rand_int_range (0, 2)];
          candidates[i].group_position = (guint64) g_test_rand_int_range (0, 10);
        }
    }
}

/* Whether @a and @b share what @limit counts */
static gboolean
share (const BtsCandidate *a, const BtsCandidate *b, BtsBlocker limit)
{
  if (limit == BTS_BLOCKER_USER_LIMIT)
    return a->uid == b->uid;
  if (limit == BTS_BLOCKER_APPLICATION_LIMIT)
    return a->uid == b->uid && strcmp (a->application, b->application) == 0;
  if (limit == BTS_BLOCKER_HOST_LIMIT)
    return strcmp (a->host, b->host) == 0;

  return TRUE;
}

static guint
get_limit (const BtsLimits *limits, BtsBlocker limit)
{
  if (limit == BTS_BLOCKER_USER_LIMIT)
    return limits->max_active_per_user;
  if (limit == BTS_BLOCKER_APPLICATION_LIMIT)
    return limits->max_active_per_application;
  if (limit == BTS_BLOCKER_HOST_LIMIT)
    return limits->max_active_per_host;

  return limits->max_active;
}

static const BtsBlocker limit_blockers[] = {
  BTS_BLOCKER_MACHINE_LIMIT,
  BTS_BLOCKER_USER_LIMIT,
  BTS_BLOCKER_APPLICATION_LIMIT,
  BTS_BLOCKER_HOST_LIMIT,
};

/* Neither is a limit exceeded, nor named where it is not full, nor full and not named. */
static void
assert_limits_are_true (const BtsCandidate *candidates, gsize n, const BtsLimits *limits, gsize i)
{
  for (gsize j = 0; j < G_N_ELEMENTS (limit_blockers); j++)
    {
      BtsBlocker blocker = limit_blockers[j];
      guint limit = get_limit (limits, blocker);
      guint n_running = 0;

      for (gsize k = 0; k < n; k++)
        n_running += candidates[k].blockers == 0 && share (&candidates[i], &candidates[k], blocker);

      if (limit != 0)
        g_assert_cmpuint (n_running, <=, limit);
      if (candidates[i].blockers & blocker)
        g_assert_true (limit != 0 && n_running == limit);
    }
}

/* One of lower priority runs only where it has no part in what keeps this one waiting. */
static void
assert_priority_holds (const BtsCandidate *candidates, gsize n, gsize i)
{
  for (gsize k = 0; k < n; k++)
    {
      gboolean is_explained = FALSE;

      if (candidates[k].blockers != 0 || candidates[k].priority >= candidates[i].priority)
        continue;

      for (gsize j = 0; j < G_N_ELEMENTS (limit_blockers); j++)
        is_explained |= (candidates[i].blockers & limit_blockers[j]) &&
                        !share (&candidates[i], &candidates[k], limit_blockers[j]);

      g_assert_true (is_explained);
    }
}

static gboolean
is_ordered_member (const BtsCandidate *one)
{
  return one->group != NULL && one->priority < BGT_PRIORITY_HIGH;
}

/* Of a group one does not wait for the order, and none that does is before it. */
static void
assert_group_order_is_true (const BtsCandidate *candidates, gsize n, gsize i)
{
  guint n_first = 0;

  if (!is_ordered_member (&candidates[i]))
    {
      g_assert_cmphex (candidates[i].blockers & BTS_BLOCKER_GROUP_ORDER, ==, 0);
      return;
    }

  for (gsize k = 0; k < n; k++)
    {
      if (!is_ordered_member (&candidates[k]) ||
          !share (&candidates[i], &candidates[k], BTS_BLOCKER_APPLICATION_LIMIT) ||
          strcmp (candidates[i].group, candidates[k].group) != 0 ||
          (candidates[k].blockers & BTS_BLOCKER_GROUP_ORDER))
        continue;

      n_first++;
      g_assert_cmpuint (candidates[k].group_position, <=, candidates[i].group_position);
    }

  g_assert_cmpuint (n_first, ==, 1);
}

static void
assert_is_permutation (const BtsCandidate *candidates, gsize n)
{
  gboolean seen[N_RANDOM] = { FALSE };

  for (gsize i = 0; i < n; i++)
    {
      g_assert_false (seen[candidates[i].sequence]);
      seen[candidates[i].sequence] = TRUE;
      if (i > 0)
        g_assert_cmpint (candidates[i].priority, <=, candidates[i - 1].priority);
    }
}

static void
test_every_decision_is_right (void)
{
  for (guint round = 0; round < 500; round++)
    {
      BtsCandidate candidates[N_RANDOM];
      gsize n = (gsize) g_test_rand_int_range (1, N_RANDOM + 1);
      BtsLimits limits;

      make_random (candidates, n, &limits);
      bts_queue_decide (candidates, n, &limits);

      assert_is_permutation (candidates, n);
      for (gsize i = 0; i < n; i++)
        {
          assert_limits_are_true (candidates, n, &limits, i);
          assert_group_order_is_true (candidates, n, i);
          if (candidates[i].blockers != 0 && !(candidates[i].blockers & BTS_BLOCKER_GROUP_ORDER))
            assert_priority_holds (candidates, n, i);
        }
    }
}

static int
compare_by_sequence (const void *left, const void *right)
{
  const BtsCandidate *a = left;
  const BtsCandidate *b = right;

  return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

/* What has been decided is decided the same way again, once it runs: nothing flaps. */
static void
test_a_decision_stands (void)
{
  for (guint round = 0; round < 200; round++)
    {
      BtsCandidate first[N_RANDOM];
      BtsCandidate second[N_RANDOM];
      BtsLimits limits;

      make_random (first, N_RANDOM, &limits);
      for (gsize i = 0; i < N_RANDOM; i++) /* unique, so that who is first is not by chance */
        first[i].group_position = i;
      bts_queue_decide (first, N_RANDOM, &limits);

      memcpy (second, first, sizeof second);
      for (gsize i = 0; i < N_RANDOM; i++)
        second[i].is_active = second[i].blockers == 0;
      bts_queue_decide (second, N_RANDOM, &limits);

      qsort (first, N_RANDOM, sizeof *first, compare_by_sequence);
      qsort (second, N_RANDOM, sizeof *second, compare_by_sequence);
      for (gsize i = 0; i < N_RANDOM; i++)
        g_assert_cmpint (first[i].blockers == 0, ==, second[i].blockers == 0);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy/queue/random/every-decision-is-right", test_every_decision_is_right);
  g_test_add_func ("/policy/queue/random/a-decision-stands", test_a_decision_stands);

  return g_test_run ();
}
