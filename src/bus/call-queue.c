/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-queue.h"

#define MAX_WAITING_PER_USER 2000

typedef struct
{
  BtsQueuedCall serve;
  BtsQueuedCall drop;
  gpointer user_data;
} Item;

/* Exists as long as it has something that waits. */
typedef struct
{
  uid_t uid;
  GQueue items; /* (element-type Item) (owned) */
} User;

struct _BtsCallQueue
{
  GQueue users;       /* (element-type User) (owned): the next one first */
  GHashTable *by_uid; /* (owned) (element-type uid_t User) */
  guint source_id;
};

BtsCallQueue *
bts_call_queue_new (void)
{
  BtsCallQueue *self = g_new0 (BtsCallQueue, 1);

  self->by_uid = g_hash_table_new (NULL, NULL);

  return self;
}

static void
remove_user (BtsCallQueue *self, User *user)
{
  g_hash_table_remove (self->by_uid, GUINT_TO_POINTER (user->uid));
  g_free (user);
}

/* One call: the other sources of the main loop have their turn after it, too. */
static gboolean
serve_next (gpointer user_data)
{
  BtsCallQueue *self = user_data;
  User *user = g_queue_pop_head (&self->users);
  g_autofree Item *item = g_queue_pop_head (&user->items);
  gboolean goes_on;

  if (g_queue_is_empty (&user->items))
    remove_user (self, user);
  else
    g_queue_push_tail (&self->users, user);
  if (g_queue_is_empty (&self->users))
    self->source_id = 0;
  goes_on = self->source_id != 0;
  /* After this the queue may be gone. */
  item->serve (item->user_data);

  return goes_on;
}

void
bts_call_queue_free (BtsCallQueue *self)
{
  User *user;

  g_clear_handle_id (&self->source_id, g_source_remove);
  while ((user = g_queue_pop_head (&self->users)) != NULL)
    {
      Item *item;

      while ((item = g_queue_pop_head (&user->items)) != NULL)
        {
          item->drop (item->user_data);
          g_free (item);
        }
      remove_user (self, user);
    }
  g_hash_table_unref (self->by_uid);
  g_free (self);
}

gboolean
bts_call_queue_push (
    BtsCallQueue *self, uid_t uid, BtsQueuedCall serve, BtsQueuedCall drop, gpointer user_data)
{
  User *user = g_hash_table_lookup (self->by_uid, GUINT_TO_POINTER (uid));
  Item *item;

  if (user != NULL && g_queue_get_length (&user->items) >= MAX_WAITING_PER_USER)
    return FALSE;
  if (user == NULL)
    {
      user = g_new0 (User, 1);
      user->uid = uid;
      g_hash_table_insert (self->by_uid, GUINT_TO_POINTER (uid), user);
      g_queue_push_tail (&self->users, user);
    }
  item = g_new0 (Item, 1);
  item->serve = serve;
  item->drop = drop;
  item->user_data = user_data;
  g_queue_push_tail (&user->items, item);
  if (self->source_id == 0)
    self->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, serve_next, self, NULL);

  return TRUE;
}
