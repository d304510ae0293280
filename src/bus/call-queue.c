/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-queue.h"

#define MAX_WAITING_PER_USER 2000
#define MAX_BYTES_PER_USER (64 * 1024 * 1024)

/* Exists as long as one of its connections does. */
typedef struct
{
  uid_t uid;
  GQueue ready; /* (element-type Connection) (unowned): the next one first */
  guint n_connections;
  guint n_calls;
  gsize n_bytes;
  gboolean is_in_turn; /* among those who have something ready */
} User;

/* Exists as long as it has something that waits. */
typedef struct
{
  char *name;       /* (owned) */
  User *user;       /* (unowned) */
  GQueue calls;     /* (element-type BtsQueuedCall) (owned) */
  gboolean is_held; /* and so not among those that are ready */
} Connection;

struct _BtsCallQueue
{
  BtsClock *clock;   /* (owned) */
  BtsCallPace *pace; /* (owned) */
  BtsCallQueueHolds holds;
  gpointer user_data;
  GQueue ready;      /* (element-type User) (unowned): who may have something served, in turn */
  GHashTable *users; /* (owned) (element-type uid_t User) */
  GHashTable *connections; /* (owned) (element-type utf8 Connection) */
  guint source_id;
};

static gboolean serve_next (gpointer user_data);

/* As soon as @user has something ready and may have it served. */
static void
line_up (BtsCallQueue *self, User *user)
{
  if (user->is_in_turn || g_queue_is_empty (&user->ready) ||
      !bts_call_pace_may_begin (self->pace, user->uid))
    return;

  user->is_in_turn = TRUE;
  g_queue_push_tail (&self->ready, user);
  if (self->source_id == 0)
    self->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, serve_next, self, NULL);
}

static void
on_may_begin (uid_t uid, gpointer user_data)
{
  BtsCallQueue *self = user_data;
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user != NULL)
    line_up (self, user);
}

BtsCallQueue *
bts_call_queue_new (BtsCallPace *pace, BtsClock *clock, BtsCallQueueHolds holds, gpointer user_data)
{
  BtsCallQueue *self = g_new0 (BtsCallQueue, 1);

  self->clock = g_object_ref (clock);
  self->pace = bts_call_pace_ref (pace);
  bts_call_pace_watch (pace, on_may_begin, self);
  self->holds = holds;
  self->user_data = user_data;
  self->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->connections = g_hash_table_new (g_str_hash, g_str_equal);

  return self;
}

static BtsQueuedCall *
pop (Connection *connection)
{
  BtsQueuedCall *call = g_queue_pop_head (&connection->calls);

  if (call != NULL)
    {
      connection->user->n_calls--;
      connection->user->n_bytes -= call->n_bytes;
    }

  return call;
}

static void
remove_connection (BtsCallQueue *self, Connection *connection)
{
  User *user = connection->user;

  g_hash_table_remove (self->connections, connection->name);
  user->n_connections--;
  if (user->n_connections == 0)
    g_hash_table_remove (self->users, GUINT_TO_POINTER (user->uid));
  g_free (connection->name);
  g_free (connection);
}

static void
make_ready (BtsCallQueue *self, Connection *connection)
{
  connection->is_held = FALSE;
  g_queue_push_tail (&connection->user->ready, connection);
  line_up (self, connection->user);
}

/* NULL where those that were ready have gone. */
static Connection *
take_next (BtsCallQueue *self)
{
  User *user = g_queue_pop_head (&self->ready);

  if (user == NULL)
    return NULL;

  user->is_in_turn = FALSE;
  return g_queue_pop_head (&user->ready);
}

/* The next call of @connection, which may be gone then. */
static BtsQueuedCall *
take_call (BtsCallQueue *self, Connection *connection)
{
  BtsQueuedCall *call = pop (connection);

  if (g_queue_is_empty (&connection->calls))
    remove_connection (self, connection);
  else
    g_queue_push_tail (&connection->user->ready, connection);

  return call;
}

/* The queue may be gone after it. */
static void
serve (BtsCallPace *pace, BtsClock *clock, BtsQueuedCall *call, BtsCallTurn *turn)
{
  gint64 begin = bts_clock_get_boot_time (clock);

  call->serve (call->user_data, turn);
  bts_call_pace_charge (pace, call->uid, bts_clock_get_boot_time (clock) - begin);
}

/* One call: the other sources of the main loop have their turn after it, too. */
static gboolean
serve_next (gpointer user_data)
{
  BtsCallQueue *self = user_data;
  g_autoptr (BtsCallPace) pace = bts_call_pace_ref (self->pace);
  g_autoptr (BtsClock) clock = g_object_ref (self->clock);
  g_autofree BtsQueuedCall *call = NULL;
  Connection *connection = take_next (self);
  BtsCallTurn *turn = NULL;
  gboolean goes_on;

  if (connection != NULL)
    {
      uid_t uid = connection->user->uid;

      if (self->holds (connection->name, self->user_data))
        connection->is_held = TRUE;
      else
        call = take_call (self, connection);
      if (call != NULL)
        turn = bts_call_pace_begin (pace, uid);
      on_may_begin (uid, self);
    }
  goes_on = !g_queue_is_empty (&self->ready);
  if (!goes_on)
    self->source_id = 0;
  if (call != NULL)
    serve (pace, clock, call, turn);

  return goes_on;
}

static void
drop_all (BtsCallQueue *self, Connection *connection)
{
  BtsQueuedCall *call;

  while ((call = pop (connection)) != NULL)
    {
      call->drop (call->user_data);
      g_free (call);
    }
  remove_connection (self, connection);
}

void
bts_call_queue_free (BtsCallQueue *self)
{
  g_autoptr (GList) connections = g_hash_table_get_values (self->connections);

  bts_call_pace_watch (self->pace, NULL, NULL);
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_queue_clear (&self->ready);
  for (GList *link = connections; link != NULL; link = link->next)
    {
      Connection *connection = link->data;

      g_queue_clear (&connection->user->ready);
      drop_all (self, connection);
    }
  g_hash_table_unref (self->connections);
  g_hash_table_unref (self->users);
  bts_call_pace_unref (self->pace);
  g_object_unref (self->clock);
  g_free (self);
}

static User *
get_user (BtsCallQueue *self, uid_t uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user == NULL)
    {
      user = g_new0 (User, 1);
      user->uid = uid;
      g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
    }

  return user;
}

static Connection *
get_connection (BtsCallQueue *self, const BtsQueuedCall *call)
{
  Connection *connection = g_hash_table_lookup (self->connections, call->name);

  if (connection == NULL)
    {
      connection = g_new0 (Connection, 1);
      connection->name = g_strdup (call->name);
      connection->user = get_user (self, call->uid);
      connection->user->n_connections++;
      g_hash_table_insert (self->connections, connection->name, connection);
      make_ready (self, connection);
    }

  return connection;
}

/* One call alone may be larger than what all may hold. */
static gboolean
has_room (const User *user, gsize n_bytes)
{
  return user == NULL ||
         (user->n_calls < MAX_WAITING_PER_USER &&
          (n_bytes <= MAX_BYTES_PER_USER - MIN (user->n_bytes, MAX_BYTES_PER_USER)));
}

gboolean
bts_call_queue_push (BtsCallQueue *self, const BtsQueuedCall *call)
{
  Connection *connection;
  BtsQueuedCall *waiting;

  if (!has_room (g_hash_table_lookup (self->users, GUINT_TO_POINTER (call->uid)), call->n_bytes))
    return FALSE;

  connection = get_connection (self, call);
  waiting = g_memdup2 (call, sizeof *call);
  waiting->name = connection->name;
  g_queue_push_tail (&connection->calls, waiting);
  connection->user->n_calls++;
  connection->user->n_bytes += call->n_bytes;

  return TRUE;
}

void
bts_call_queue_resume (BtsCallQueue *self, const char *name)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);

  if (connection != NULL && connection->is_held)
    make_ready (self, connection);
}

void
bts_call_queue_forget (BtsCallQueue *self, const char *name)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);
  User *user;

  if (connection == NULL)
    return;

  user = connection->user;
  if (!connection->is_held)
    {
      g_queue_remove (&user->ready, connection);
      if (g_queue_is_empty (&user->ready) && user->is_in_turn)
        {
          g_queue_remove (&self->ready, user);
          user->is_in_turn = FALSE;
        }
    }
  drop_all (self, connection);
}
