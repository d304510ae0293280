/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/queue.h"

/* A day of 2000 operations of 20 applications over 5 users, minute by minute: some come all at
 * once, some now and then. */

#define N_OPERATIONS 2000
#define N_APPLICATIONS 20
#define N_USERS 5
#define N_MINUTES (24 * 60)
#define MAX_MINUTES 10

typedef struct
{
  guint application;
  guint arrival; /* minute */
  guint length;  /* minutes */
  guint begin;   /* minute; G_MAXUINT while it waits */
  guint left;    /* minutes */
  guint n_ahead; /* of its own application, when it came */
} Operation;

static const BtsLimits limits = {
  .max_active = 32,
  .max_active_per_user = 32,
  .max_active_per_application = 16,
  .max_active_per_host = 6,
};

static char names[N_APPLICATIONS][16];

/* Three applications put in 300 each within the first hour, all others share the rest. */
static void
make_operations (Operation *operations)
{
  for (guint i = 0; i < N_OPERATIONS; i++)
    {
      gboolean is_greedy = i < 900;

      operations[i] = (Operation){
        .application =
            is_greedy ? i / 300 : 3 + (guint) g_test_rand_int_range (0, N_APPLICATIONS - 3),
        .arrival = (guint) g_test_rand_int_range (0, is_greedy ? 60 : N_MINUTES - 240),
        .length = (guint) g_test_rand_int_range (1, MAX_MINUTES + 1),
        .begin = G_MAXUINT,
      };
      operations[i].left = operations[i].length;
    }
}

static gboolean
is_there (const Operation *operation, guint minute)
{
  return operation->arrival <= minute && operation->left > 0;
}

static void
count_ahead (Operation *operations, guint minute)
{
  guint n_of_application[N_APPLICATIONS] = { 0 };

  for (guint i = 0; i < N_OPERATIONS; i++)
    if (is_there (&operations[i], minute))
      n_of_application[operations[i].application]++;
  for (guint i = 0; i < N_OPERATIONS; i++)
    if (operations[i].arrival == minute)
      operations[i].n_ahead = n_of_application[operations[i].application];
}

static void
decide (Operation *operations, guint minute)
{
  g_autoptr (GArray) candidates = g_array_new (FALSE, TRUE, sizeof (BtsCandidate));

  for (guint i = 0; i < N_OPERATIONS; i++)
    {
      BtsCandidate candidate = {
        .priority = BGT_PRIORITY_DEFAULT,
        .started = operations[i].arrival,
        .sequence = i,
        .uid = operations[i].application % N_USERS,
        .application = names[operations[i].application],
        .host = names[operations[i].application],
        .is_active = operations[i].begin != G_MAXUINT,
        .user_data = &operations[i],
      };

      if (is_there (&operations[i], minute))
        g_array_append_val (candidates, candidate);
    }

  bts_queue_decide ((BtsCandidate *) (gpointer) candidates->data, candidates->len, &limits);
  for (guint i = 0; i < candidates->len; i++)
    {
      const BtsCandidate *candidate = &g_array_index (candidates, BtsCandidate, i);
      Operation *operation = candidate->user_data;

      if (candidate->blockers != 0)
        {
          /* Nobody loses a slot to another of the same priority. */
          g_assert_cmpuint (operation->begin, ==, G_MAXUINT);
          continue;
        }
      operation->begin = MIN (operation->begin, minute);
      operation->left--;
    }
}

static void
test_a_day_is_fair (void)
{
  g_autofree Operation *operations = g_new (Operation, N_OPERATIONS);

  for (guint i = 0; i < N_APPLICATIONS; i++)
    g_snprintf (names[i], sizeof names[i], "app%u", i);
  make_operations (operations);
  for (guint minute = 0; minute < N_MINUTES; minute++)
    {
      count_ahead (operations, minute);
      decide (operations, minute);
    }

  for (guint i = 0; i < N_OPERATIONS; i++)
    {
      const Operation *operation = &operations[i];

      g_assert_cmpuint (operation->left, ==, 0);
      /* There are more slots than applications: in the time that the longest takes each gets one,
       * whatever the others have put in. */
      g_assert_cmpuint (operation->begin - operation->arrival, <=,
                        (operation->n_ahead + 1) * MAX_MINUTES);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/policy/queue/a-day-is-fair", test_a_day_is_fair);

  return g_test_run ();
}
