/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/change-queue.h"

typedef struct
{
  BtsChangeBegin begin;
  gpointer user_data; /* (unowned) */
} Change;

struct _BtsChangeQueue
{
  /* (owned) (element-type gpointer GQueue): of each thing that is being changed, what waits */
  GHashTable *waiting;
};

BtsChangeQueue *
bts_change_queue_new (void)
{
  BtsChangeQueue *self = g_rc_box_new0 (BtsChangeQueue);

  self->waiting = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) g_queue_free);
  return self;
}

BtsChangeQueue *
bts_change_queue_ref (BtsChangeQueue *self)
{
  return g_rc_box_acquire (self);
}

static void
clear (gpointer data)
{
  g_hash_table_unref (((BtsChangeQueue *) data)->waiting);
}

void
bts_change_queue_unref (BtsChangeQueue *self)
{
  g_rc_box_release_full (self, clear);
}

static void
begin_next (BtsChangeQueue *self, gpointer thing)
{
  /* The answer to the last call lets go of what owns the queue. */
  g_autoptr (BtsChangeQueue) kept = bts_change_queue_ref (self);
  GQueue *waiting = g_hash_table_lookup (self->waiting, thing);

  while (!g_queue_is_empty (waiting))
    {
      g_autofree Change *next = g_queue_pop_head (waiting);

      if (next->begin (next->user_data))
        return;
    }
  g_hash_table_remove (self->waiting, thing);
}

void
bts_change_queue_push (BtsChangeQueue *self,
                       gpointer thing,
                       BtsChangeBegin begin,
                       gpointer user_data)
{
  const Change change = { begin, user_data };
  GQueue *waiting = g_hash_table_lookup (self->waiting, thing);
  gboolean is_first = waiting == NULL;

  if (is_first)
    {
      waiting = g_queue_new ();
      g_hash_table_insert (self->waiting, thing, waiting);
    }
  g_queue_push_tail (waiting, g_memdup2 (&change, sizeof change));
  if (is_first)
    begin_next (self, thing);
}

void
bts_change_queue_end (BtsChangeQueue *self, gpointer thing)
{
  begin_next (self, thing);
}
