/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/unread.h"

/* After so much the bus is asked; after so much more the connection waits. */
#define ASK_BYTES (64 * 1024)
#define CONNECTION_BYTES (1024 * 1024)

/* dbus-daemon bears 127 MiB of a service. A user beyond this has only the small answers of
 * connections that have read nearly everything. */
#define USER_BYTES (8 * 1024 * 1024)
#define SHARE_BYTES (4 * 1024)

/* What GDBus's own answer to a call may come to. */
#define ANSWER_BYTES 512

/* Whoever lets so many calls be answered while it reads nothing has more of them ignored. */
#define MAX_CALLS 2000
#define MAX_CALLS_OVER 32

#define FIRST_DELAY_US (10 * 1000)
#define LAST_DELAY_US (5 * G_USEC_PER_SEC)

/* Exists as long as it has connections. */
typedef struct
{
  uid_t uid;
  GPtrArray *connections; /* (owned) (element-type Connection) */
  gsize n_bytes;          /* of all connections: what they may not have read */
  gsize n_told;           /* likewise: what the bus has said that they have not read */
} User;

typedef struct
{
  BtsUnread *unread; /* (unowned) */
  User *user;        /* (unowned) */
  char *name;        /* (owned) */
  gsize n_bytes;
  gsize n_told;
  gsize n_since; /* of @n_bytes: sent after the bus was asked */
  guint n_calls; /* since it has last gone on */
  gboolean is_asking;
  BtsUnreadVerdict verdict; /* the last one told */
  gint64 delay_us;
  guint alarm; /* for the next question; 0 where there is none */
} Connection;

struct _BtsUnread
{
  BtsClock *clock; /* (owned) */
  const BtsUnreadHooks *hooks;
  gpointer user_data;
  GHashTable *connections; /* (owned) (element-type utf8 Connection) */
  GHashTable *users;       /* (owned) (element-type uid_t User) */
};

static void
user_free (User *user)
{
  g_ptr_array_unref (user->connections);
  g_free (user);
}

static void
set_bytes (Connection *connection, gsize n_bytes, gsize n_told)
{
  User *user = connection->user;

  user->n_bytes += n_bytes - connection->n_bytes;
  user->n_told += n_told - connection->n_told;
  connection->n_bytes = n_bytes;
  connection->n_told = n_told;
}

static void
ask (Connection *connection)
{
  BtsUnread *self = connection->unread;

  if (connection->is_asking || connection->alarm != 0)
    return;
  connection->is_asking = TRUE;
  connection->n_since = 0;
  self->hooks->ask (connection->name, self->user_data);
}

static gboolean
is_over (const User *user)
{
  return user->n_bytes >= USER_BYTES;
}

/* Whoever has something unread may be the one that the others of its user wait for. */
static void
ask_all (User *user)
{
  for (guint i = 0; i < user->connections->len; i++)
    {
      Connection *connection = user->connections->pdata[i];

      if (connection->n_bytes > 0)
        ask (connection);
    }
}

void
bts_unread_count (BtsUnread *self, const char *name, gsize n_bytes)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);
  gboolean was_over;

  if (connection == NULL)
    return;

  was_over = is_over (connection->user);
  connection->n_since += n_bytes;
  set_bytes (connection, connection->n_bytes + n_bytes, connection->n_told);
  if (!was_over && is_over (connection->user))
    ask_all (connection->user);
  else if (connection->n_bytes >= ASK_BYTES)
    ask (connection);
}

void
bts_unread_count_calls (BtsUnread *self, const char *name, guint n_calls)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);

  if (connection == NULL)
    return;
  connection->n_calls += n_calls;
  bts_unread_count (self, name, (gsize) n_calls * ANSWER_BYTES);
}

static BtsUnreadVerdict
judge (const Connection *connection)
{
  const User *user = connection->user;
  gboolean is_user_over = user->n_told >= USER_BYTES;

  if (connection->n_told >= CONNECTION_BYTES && connection->n_calls >= MAX_CALLS)
    return BTS_UNREAD_IGNORE;
  if (is_user_over && connection->n_told >= SHARE_BYTES && connection->n_calls >= MAX_CALLS_OVER)
    return BTS_UNREAD_IGNORE;
  if (connection->n_bytes >= CONNECTION_BYTES)
    return BTS_UNREAD_WAIT;
  if (!is_over (user))
    return BTS_UNREAD_GO_ON;

  return is_user_over && connection->n_bytes < SHARE_BYTES ? BTS_UNREAD_REFUSE : BTS_UNREAD_WAIT;
}

/* It only gets worse here: when it gets better, or so bad that the connection is ignored, somebody
 * has to be told. */
BtsUnreadVerdict
bts_unread_judge (BtsUnread *self, const char *name)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);

  if (connection == NULL)
    return BTS_UNREAD_GO_ON;
  connection->verdict = MAX (connection->verdict, MIN (judge (connection), BTS_UNREAD_WAIT));
  if (connection->verdict != BTS_UNREAD_GO_ON)
    ask (connection);

  return connection->verdict;
}

static void
on_alarm (gpointer user_data)
{
  Connection *connection = user_data;

  connection->alarm = 0;
  ask (connection);
}

static void
ask_later (Connection *connection)
{
  BtsClock *clock = connection->unread->clock;

  connection->alarm = bts_clock_add_alarm (
      clock, bts_clock_get_boot_time (clock) + connection->delay_us, on_alarm, connection);
  connection->delay_us = MIN (2 * connection->delay_us, LAST_DELAY_US);
}

void
bts_unread_take_answer (BtsUnread *self, const char *name, gsize n_bytes)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);
  BtsUnreadVerdict before;

  if (connection == NULL || !connection->is_asking)
    return;

  /* The bus counts what others have sent it, too. */
  n_bytes = MIN (n_bytes, connection->n_bytes - connection->n_since);
  set_bytes (connection, n_bytes + connection->n_since, n_bytes);
  connection->is_asking = FALSE;
  before = connection->verdict;
  connection->verdict = judge (connection);

  if (connection->verdict != BTS_UNREAD_GO_ON ||
      (connection->n_bytes > 0 && is_over (connection->user)))
    {
      ask_later (connection);
    }
  else
    {
      connection->delay_us = FIRST_DELAY_US;
      connection->n_calls = 0;
    }
  if (connection->verdict != before)
    self->hooks->changed (name, connection->verdict, self->user_data);
}

static User *
get_user (BtsUnread *self, uid_t uid)
{
  User *user = g_hash_table_lookup (self->users, GUINT_TO_POINTER (uid));

  if (user == NULL)
    {
      user = g_new0 (User, 1);
      user->uid = uid;
      user->connections = g_ptr_array_new ();
      g_hash_table_insert (self->users, GUINT_TO_POINTER (uid), user);
    }

  return user;
}

static void
leave_user (Connection *connection)
{
  BtsUnread *self = connection->unread;
  User *user = connection->user;

  user->n_bytes -= connection->n_bytes;
  user->n_told -= connection->n_told;
  g_ptr_array_remove_fast (user->connections, connection);
  if (user->connections->len == 0)
    g_hash_table_remove (self->users, GUINT_TO_POINTER (user->uid));
}

static void
join_user (Connection *connection, uid_t uid)
{
  User *user = get_user (connection->unread, uid);

  connection->user = user;
  user->n_bytes += connection->n_bytes;
  user->n_told += connection->n_told;
  g_ptr_array_add (user->connections, connection);
}

static void
connection_free (Connection *connection)
{
  if (connection->alarm != 0)
    bts_clock_remove_alarm (connection->unread->clock, connection->alarm);
  leave_user (connection);
  g_free (connection->name);
  g_free (connection);
}

void
bts_unread_add (BtsUnread *self, const char *name, uid_t uid)
{
  Connection *connection = g_hash_table_lookup (self->connections, name);

  if (connection == NULL)
    {
      connection = g_new0 (Connection, 1);
      connection->unread = self;
      connection->name = g_strdup (name);
      connection->delay_us = FIRST_DELAY_US;
      join_user (connection, uid);
      g_hash_table_insert (self->connections, connection->name, connection);
    }
  else if (uid != BTS_UNREAD_UNKNOWN_UID && connection->user->uid != uid)
    {
      leave_user (connection);
      join_user (connection, uid);
    }
}

void
bts_unread_remove (BtsUnread *self, const char *name)
{
  g_hash_table_remove (self->connections, name);
}

BtsUnread *
bts_unread_new (BtsClock *clock, const BtsUnreadHooks *hooks, gpointer user_data)
{
  BtsUnread *self = g_new0 (BtsUnread, 1);

  self->clock = g_object_ref (clock);
  self->hooks = hooks;
  self->user_data = user_data;
  self->users = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) user_free);
  self->connections =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) connection_free);

  return self;
}

void
bts_unread_free (BtsUnread *self)
{
  g_hash_table_unref (self->connections);
  g_hash_table_unref (self->users);
  g_object_unref (self->clock);
  g_free (self);
}
