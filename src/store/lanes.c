/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/lanes.h"

/* Exists as long as something waits in it, or it has its turn. */
typedef struct
{
  uid_t uid;
  GQueue items;
} Lane;

struct _BtsLanes
{
  GQueue in_turn;    /* (element-type Lane) (unowned): whose turn it is first */
  GHashTable *lanes; /* (owned) (element-type uid_t Lane) */
  guint n_items;
};

static void
lane_free (Lane *lane)
{
  g_queue_clear (&lane->items);
  g_free (lane);
}

BtsLanes *
bts_lanes_new (void)
{
  BtsLanes *self = g_new0 (BtsLanes, 1);

  self->lanes = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) lane_free);

  return self;
}

void
bts_lanes_free (BtsLanes *self)
{
  g_queue_clear (&self->in_turn);
  g_hash_table_unref (self->lanes);
  g_free (self);
}

gboolean
bts_lanes_is_empty (BtsLanes *self)
{
  return self->n_items == 0;
}

GList *
bts_lanes_push (BtsLanes *self, uid_t uid, gpointer item)
{
  Lane *lane = g_hash_table_lookup (self->lanes, GUINT_TO_POINTER (uid));

  if (lane == NULL)
    {
      lane = g_new0 (Lane, 1);
      lane->uid = uid;
      g_hash_table_insert (self->lanes, GUINT_TO_POINTER (uid), lane);
      g_queue_push_tail (&self->in_turn, lane);
    }
  g_queue_push_tail (&lane->items, item);
  self->n_items++;

  return lane->items.tail;
}

GList *
bts_lanes_peek (BtsLanes *self)
{
  Lane *lane = g_queue_peek_head (&self->in_turn);

  return lane != NULL ? lane->items.head : NULL;
}

gpointer
bts_lanes_pop (BtsLanes *self)
{
  Lane *lane = g_queue_peek_head (&self->in_turn);

  if (lane == NULL || g_queue_is_empty (&lane->items))
    return NULL;

  self->n_items--;
  return g_queue_pop_head (&lane->items);
}

void
bts_lanes_end_turn (BtsLanes *self)
{
  Lane *lane = g_queue_pop_head (&self->in_turn);

  if (lane == NULL)
    return;
  if (g_queue_is_empty (&lane->items))
    g_hash_table_remove (self->lanes, GUINT_TO_POINTER (lane->uid));
  else
    g_queue_push_tail (&self->in_turn, lane);
}
