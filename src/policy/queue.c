/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/queue.h"

#include <stdlib.h>

/* The candidates are dealt with in passes: by priority, and within it first those that have a
 * slot already, then the others. In a pass the turn is always of the user with the fewest slots,
 * of that user's application with the fewest slots, and of its oldest candidate; who gets no slot
 * names the limits that are full. Nothing is ever given back, so a limit once full stays full. */

typedef struct
{
  BtsCandidate candidate;
  gsize index; /* where it came from, so that the order is the same every time */
} Entry;

/* Slots and turns that somebody has had, and the age of what is next: least goes first. */
typedef struct
{
  guint n_running;
  guint n_turns;     /* in this pass */
  const Entry *next; /* (unowned) */
} Share;

typedef struct
{
  Share share;
  GHashTable *applications; /* (owned) (element-type utf8 Application) */
  GSequence *waiting;       /* (owned) (element-type Application): those with entries left */
} User;

typedef struct
{
  Share share;
  User *user;       /* (unowned) */
  GPtrArray *queue; /* (owned) (element-type Entry): of this pass, the oldest first */
  guint n_decided;  /* how many of @queue */
} Application;

typedef struct
{
  const char *name; /* (unowned) */
  guint n_running;
} Host;

typedef struct
{
  const BtsLimits *limits;
  guint n_running;
  GHashTable *users;     /* (owned) (element-type guint User) */
  GHashTable *hosts;     /* (owned) (element-type utf8 Host) */
  GSequence *waiting;    /* (owned) (element-type User): those with entries left */
  BtsCandidate *decided; /* (unowned): where the next goes */

  /* Of thousands that were asked for together, one is like the one before. */
  const BtsCandidate *last_candidate; /* (unowned) (nullable) */
  Application *last_application;      /* (unowned) (nullable): its */
  Host *last_host;                    /* (unowned) (nullable) */
} Queue;

static int
compare_numbers (guint64 a, guint64 b)
{
  return a < b ? -1 : a > b;
}

static int
compare_ages (const Entry *a, const Entry *b)
{
  if (a->candidate.started != b->candidate.started)
    return a->candidate.started < b->candidate.started ? -1 : 1;
  if (a->candidate.sequence != b->candidate.sequence)
    return compare_numbers (a->candidate.sequence, b->candidate.sequence);

  return compare_numbers (a->index, b->index);
}

static gboolean
is_in_same_pass (const Entry *a, const Entry *b)
{
  return a->candidate.priority == b->candidate.priority &&
         !a->candidate.is_active == !b->candidate.is_active;
}

/* For qsort(): passes, and within them age */
static int
compare_entries (const void *left, const void *right)
{
  const Entry *a = left;
  const Entry *b = right;

  if (a->candidate.priority != b->candidate.priority)
    return a->candidate.priority > b->candidate.priority ? -1 : 1;
  if (!is_in_same_pass (a, b))
    return a->candidate.is_active ? -1 : 1;

  return compare_ages (a, b);
}

/* For sequences of User and Application, which both begin with their share */
static int
compare_shares (gconstpointer left, gconstpointer right, gpointer user_data)
{
  const Share *a = left;
  const Share *b = right;

  if (a->n_running != b->n_running)
    return compare_numbers (a->n_running, b->n_running);
  if (a->n_turns != b->n_turns)
    return compare_numbers (a->n_turns, b->n_turns);

  return compare_ages (a->next, b->next);
}

static void
application_free (Application *self)
{
  g_ptr_array_unref (self->queue);
  g_free (self);
}

static void
user_free (User *self)
{
  g_sequence_free (self->waiting);
  g_hash_table_unref (self->applications);
  g_free (self);
}

static User *
ensure_user (Queue *self, guint uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user == NULL)
    {
      user = g_new0 (User, 1);
      user->applications =
          g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) application_free);
      user->waiting = g_sequence_new (NULL);
      g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
    }

  return user;
}

static Application *
ensure_application (Queue *self, const BtsCandidate *candidate)
{
  const BtsCandidate *last = self->last_candidate;
  const char *name = candidate->application != NULL ? candidate->application : "";
  Application *application;
  User *user;

  self->last_candidate = candidate;
  if (last != NULL && last->uid == candidate->uid &&
      g_strcmp0 (last->application, candidate->application) == 0)
    return self->last_application;

  user = ensure_user (self, candidate->uid);
  application = g_hash_table_lookup (user->applications, name);
  if (application == NULL)
    {
      application = g_new0 (Application, 1);
      application->user = user;
      application->queue = g_ptr_array_new ();
      g_hash_table_insert (user->applications, (gpointer) name, application);
    }
  self->last_application = application;

  return application;
}

static Host *
ensure_host (Queue *self, const char *name)
{
  Host *host = self->last_host;

  if (name == NULL)
    name = "";
  if (host != NULL && (host->name == name || g_str_equal (host->name, name)))
    return host;

  host = g_hash_table_lookup (self->hosts, name);
  if (host == NULL)
    {
      host = g_new0 (Host, 1);
      host->name = name;
      g_hash_table_insert (self->hosts, (gpointer) name, host);
    }
  self->last_host = host;

  return host;
}

static gboolean
is_full (guint n_running, guint limit)
{
  return limit != 0 && n_running >= limit;
}

/* Gives @candidate a slot, or the limits that refuse it one. */
static gboolean
decide (Queue *self, const Application *application, BtsCandidate *candidate)
{
  Host *host = ensure_host (self, candidate->host);

  if (is_full (self->n_running, self->limits->max_active))
    candidate->blockers |= BTS_BLOCKER_MACHINE_LIMIT;
  if (is_full (application->user->share.n_running, self->limits->max_active_per_user))
    candidate->blockers |= BTS_BLOCKER_USER_LIMIT;
  if (is_full (application->share.n_running, self->limits->max_active_per_application))
    candidate->blockers |= BTS_BLOCKER_APPLICATION_LIMIT;
  if (is_full (host->n_running, self->limits->max_active_per_host))
    candidate->blockers |= BTS_BLOCKER_HOST_LIMIT;

  if (candidate->blockers != 0)
    return FALSE;

  self->n_running++;
  host->n_running++;

  return TRUE;
}

/* Of a sequence that is not empty: g_sequence_get_length() counts. */
static gboolean
is_alone (GSequence *sequence)
{
  return g_sequence_iter_is_end (g_sequence_iter_next (g_sequence_get_begin_iter (sequence)));
}

static void
take_turn (Queue *self)
{
  GSequenceIter *user_iter = g_sequence_get_begin_iter (self->waiting);
  User *user = g_sequence_get (user_iter);
  GSequenceIter *application_iter = g_sequence_get_begin_iter (user->waiting);
  Application *application = g_sequence_get (application_iter);
  Entry *entry = g_ptr_array_index (application->queue, application->n_decided);
  guint n_slots = 0;

  /* Who waits for its group waits for no limit, which its group's first one has to mind. */
  if (entry->candidate.blockers == 0 && decide (self, application, &entry->candidate))
    n_slots = 1;

  *self->decided++ = entry->candidate;

  application->n_decided++;
  application->share.n_turns++;
  application->share.n_running += n_slots;
  user->share.n_turns++;
  user->share.n_running += n_slots;

  if (application->n_decided == application->queue->len)
    g_sequence_remove (application_iter);
  else
    {
      application->share.next = g_ptr_array_index (application->queue, application->n_decided);
      if (!is_alone (user->waiting))
        g_sequence_sort_changed (application_iter, compare_shares, NULL);
    }

  if (g_sequence_is_empty (user->waiting))
    g_sequence_remove (user_iter);
  else
    {
      const Application *next = g_sequence_get (g_sequence_get_begin_iter (user->waiting));

      user->share.next = next->share.next;
      if (!is_alone (self->waiting))
        g_sequence_sort_changed (user_iter, compare_shares, NULL);
    }
}

/* One pass over @n_entries of the same kind, the oldest first. */
static void
run_pass (Queue *self, Entry *entries, gsize n_entries)
{
  for (gsize i = 0; i < n_entries; i++)
    {
      Application *application = ensure_application (self, &entries[i].candidate);
      User *user = application->user;

      if (application->n_decided == application->queue->len)
        {
          g_ptr_array_set_size (application->queue, 0);
          application->n_decided = 0;
          application->share.n_turns = 0;
          application->share.next = &entries[i];

          if (g_sequence_is_empty (user->waiting))
            {
              user->share.n_turns = 0;
              g_sequence_append (self->waiting, user);
            }
          g_sequence_append (user->waiting, application);
        }

      g_ptr_array_add (application->queue, &entries[i]);
    }

  for (GSequenceIter *i = g_sequence_get_begin_iter (self->waiting); !g_sequence_iter_is_end (i);
       i = g_sequence_iter_next (i))
    {
      User *user = g_sequence_get (i);
      const Application *first;

      g_sequence_sort (user->waiting, compare_shares, NULL);
      first = g_sequence_get (g_sequence_get_begin_iter (user->waiting));
      user->share.next = first->share.next;
    }
  g_sequence_sort (self->waiting, compare_shares, NULL);

  while (!g_sequence_is_empty (self->waiting))
    take_turn (self);
}

/* Whether @candidate has to keep to its group's order */
static gboolean
is_serialized (const BtsCandidate *candidate)
{
  return candidate->group != NULL && candidate->priority < BGT_PRIORITY_HIGH;
}

static guint
hash_group (gconstpointer key)
{
  const BtsCandidate *candidate = key;

  return g_str_hash (candidate->group) ^ candidate->uid;
}

static const char *
get_group_application (const BtsCandidate *candidate)
{
  return candidate->group_application != NULL ? candidate->group_application
                                              : candidate->application;
}

/* A group belongs to an application of a user; others may have one of that name too. */
static gboolean
equal_groups (gconstpointer left, gconstpointer right)
{
  const BtsCandidate *a = left;
  const BtsCandidate *b = right;

  return a->uid == b->uid && g_str_equal (a->group, b->group) &&
         g_strcmp0 (get_group_application (a), get_group_application (b)) == 0;
}

/* Everyone but the first of a serialized group waits for its order. */
static void
block_by_group (Entry *entries, gsize n_entries)
{
  g_autoptr (GHashTable) firsts = g_hash_table_new (hash_group, equal_groups);

  for (gsize i = 0; i < n_entries; i++)
    {
      BtsCandidate *candidate = &entries[i].candidate;
      BtsCandidate *first;

      if (!is_serialized (candidate))
        continue;

      first = g_hash_table_lookup (firsts, candidate);
      if (first == NULL || candidate->group_position < first->group_position)
        {
          if (first != NULL)
            first->blockers = BTS_BLOCKER_GROUP_ORDER;
          g_hash_table_add (firsts, candidate);
        }
      else
        candidate->blockers = BTS_BLOCKER_GROUP_ORDER;
    }
}

/* The candidates come by age as a rule, and mostly of one kind. */
static gboolean
is_sorted (const Entry *entries, gsize n_entries)
{
  for (gsize i = 1; i < n_entries; i++)
    {
      if (compare_entries (&entries[i - 1], &entries[i]) > 0)
        return FALSE;
    }

  return TRUE;
}

void
bts_queue_decide (BtsCandidate *candidates, gsize n_candidates, const BtsLimits *limits)
{
  g_autofree Entry *entries = g_new (Entry, n_candidates);
  g_autoptr (GHashTable) hosts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  g_autoptr (GHashTable) users =
                 g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) user_free);
  Queue queue = { .limits = limits, .users = users, .hosts = hosts, .decided = candidates };
  gsize n_in_pass;

  if (n_candidates == 0)
    return;

  for (gsize i = 0; i < n_candidates; i++)
    {
      entries[i].candidate = candidates[i];
      entries[i].candidate.blockers = 0;
      entries[i].index = i;
    }

  if (!is_sorted (entries, n_candidates))
    qsort (entries, n_candidates, sizeof *entries, compare_entries);
  block_by_group (entries, n_candidates);

  queue.waiting = g_sequence_new (NULL);
  for (gsize i = 0; i < n_candidates; i += n_in_pass)
    {
      n_in_pass = 1;
      while (i + n_in_pass < n_candidates && is_in_same_pass (&entries[i], &entries[i + n_in_pass]))
        n_in_pass++;

      run_pass (&queue, &entries[i], n_in_pass);
    }
  g_sequence_free (queue.waiting);
}
