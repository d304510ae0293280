/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-filter.h"

#include <gio/gunixfdlist.h>
#include <string.h>

#include "bus/call-size.h"
#include "common/bgt-error.h"
#include "common/closing.h"
#include "common/names.h"

/* Calls of one connection that are told of together. */
#define CALLS_AT_ONCE 64

/* One connection that has called. */
typedef struct
{
  guint n_calls;       /* not told of yet */
  guint n_descriptors; /* of its calls that have not ended */
  gboolean is_ignored;
} Connection;

/* GDBus's own thread may use it for a while after the filter has been removed. */
typedef struct
{
  GMainContext *context; /* (owned) */
  guint max_descriptors;
  GMutex lock;
  BtsCallFilter *filter;   /* (unowned) (nullable): NULL once it is gone; in the main thread only */
  GHashTable *connections; /* (owned) (element-type utf8 Connection): under the lock */
} Shared;

struct _BtsCallFilter
{
  GDBusConnection *connection; /* (owned) */
  const BtsCallFilterHooks *hooks;
  gpointer user_data;
  Shared *shared; /* (owned) */
  guint filter_id;
};

/* What GDBus's thread has to tell. */
typedef struct
{
  Shared *shared;        /* (owned) */
  GDBusMessage *message; /* (owned) (nullable): a call of Introspect */
  char *name;            /* (owned) */
  guint n_calls;
} News;

/* The descriptors of one call, as long as its message lives. */
typedef struct
{
  Shared *shared; /* (owned) */
  char *name;     /* (owned) */
  guint n;
} Descriptors;

static void
shared_clear (Shared *shared)
{
  g_main_context_unref (shared->context);
  g_hash_table_unref (shared->connections);
  g_mutex_clear (&shared->lock);
}

static void
shared_unref (Shared *shared)
{
  g_atomic_rc_box_release_full (shared, (GDestroyNotify) shared_clear);
}

static void
news_free (News *news)
{
  shared_unref (news->shared);
  g_clear_object (&news->message);
  g_free (news->name);
  g_free (news);
}

static gboolean
on_news (gpointer user_data)
{
  News *news = user_data;
  BtsCallFilter *self = news->shared->filter;

  if (self == NULL)
    return G_SOURCE_REMOVE;
  if (news->n_calls > 0)
    self->hooks->called (news->name, news->n_calls, self->user_data);
  if (news->message != NULL)
    self->hooks->introspected (news->message, self->user_data);

  return G_SOURCE_REMOVE;
}

static void
send_news (Shared *shared, GDBusMessage *message, const char *name, guint n_calls)
{
  g_autoptr (GSource) source = g_idle_source_new ();
  News *news = g_new0 (News, 1);

  news->shared = g_atomic_rc_box_acquire (shared);
  news->message = message;
  news->name = g_strdup (name);
  news->n_calls = n_calls;
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, on_news, news, (GDestroyNotify) news_free);
  g_source_attach (source, shared->context);
}

static Connection *
get_connection (Shared *shared, const char *name, gboolean *is_new)
{
  Connection *connection = g_hash_table_lookup (shared->connections, name);

  *is_new = connection == NULL;
  if (connection == NULL)
    {
      connection = g_new0 (Connection, 1);
      g_hash_table_insert (shared->connections, g_strdup (name), connection);
    }

  return connection;
}

/* FALSE where the call is to be ignored. */
static gboolean
count_call (Shared *shared, const char *name)
{
  Connection *connection;
  gboolean is_new, is_ignored;
  guint n_calls = 0;

  g_mutex_lock (&shared->lock);
  connection = get_connection (shared, name, &is_new);
  is_ignored = connection->is_ignored;
  connection->n_calls += is_ignored ? 0 : 1;
  if (is_new || connection->n_calls >= CALLS_AT_ONCE)
    {
      n_calls = connection->n_calls;
      connection->n_calls = 0;
    }
  g_mutex_unlock (&shared->lock);
  if (n_calls > 0)
    send_news (shared, NULL, name, n_calls);

  return !is_ignored;
}

static void
descriptors_free (Descriptors *self)
{
  Connection *connection;

  g_mutex_lock (&self->shared->lock);
  connection = g_hash_table_lookup (self->shared->connections, self->name);
  if (connection != NULL)
    connection->n_descriptors -= self->n;
  g_mutex_unlock (&self->shared->lock);
  shared_unref (self->shared);
  g_free (self->name);
  g_free (self);
}

static gboolean
take_descriptors (Shared *shared, const char *name, guint n)
{
  Connection *connection;
  gboolean is_new, has_room;

  g_mutex_lock (&shared->lock);
  connection = get_connection (shared, name, &is_new);
  has_room = n <= shared->max_descriptors - connection->n_descriptors;
  if (has_room)
    connection->n_descriptors += n;
  g_mutex_unlock (&shared->lock);

  return has_room;
}

static void
limit_descriptors (Shared *shared, const char *name, GDBusMessage *message)
{
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (message);
  Descriptors *descriptors;
  g_autofree int *closed = NULL;
  int n_closed = 0;

  if (fds == NULL)
    return;
  if (take_descriptors (shared, name, g_unix_fd_list_get_length (fds)))
    {
      descriptors = g_new0 (Descriptors, 1);
      descriptors->shared = g_atomic_rc_box_acquire (shared);
      descriptors->name = g_strdup (name);
      descriptors->n = g_unix_fd_list_get_length (fds);
      g_object_set_data_full (G_OBJECT (message), "bts-descriptors", descriptors,
                              (GDestroyNotify) descriptors_free);
      return;
    }
  closed = g_unix_fd_list_steal_fds (fds, &n_closed);
  for (int i = 0; i < n_closed; i++)
    bts_close_elsewhere (closed[i]);
}

static gboolean
is_ours (const char *path)
{
  return g_str_has_prefix (path, BGT_OBJECT_PATH) &&
         (path[strlen (BGT_OBJECT_PATH)] == '\0' || path[strlen (BGT_OBJECT_PATH)] == '/');
}

static gboolean
is_introspect (GDBusMessage *message)
{
  return g_strcmp0 (g_dbus_message_get_member (message), "Introspect") == 0 &&
         g_strcmp0 (g_dbus_message_get_interface (message),
                    "org.freedesktop.DBus.Introspectable") == 0 &&
         *g_dbus_message_get_signature (message) == '\0' &&
         is_ours (g_dbus_message_get_path (message));
}

/* The bus lets no answer pass that nobody waits for, and takes it for a mistake. */
static gboolean
is_answered (GDBusMessage *message)
{
  return (g_dbus_message_get_flags (message) & G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED) == 0;
}

/* Whoever has to look at more than that keeps everybody waiting. */
static gboolean
is_too_large (GDBusMessage *message)
{
  gboolean is_batch = g_strcmp0 (g_dbus_message_get_member (message), "CreateOperations") == 0;

  return bts_call_has_more_values (g_dbus_message_get_body (message),
                                   is_batch ? BTS_MAX_BATCH_VALUES : BTS_MAX_CALL_VALUES);
}

static void
refuse (GDBusConnection *connection, GDBusMessage *message)
{
  g_autoptr (GError) error = g_error_new (BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                                          "The arguments of a call may be %d values, of "
                                          "CreateOperations %d",
                                          BTS_MAX_CALL_VALUES, BTS_MAX_BATCH_VALUES);
  g_autofree char *name = g_dbus_error_encode_gerror (error);
  g_autoptr (GDBusMessage) reply =
                 g_dbus_message_new_method_error_literal (message, name, error->message);

  /* It fails only on a closed connection, and then there is nobody to tell. */
  g_dbus_connection_send_message (connection, reply, G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
}

static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage *message,
            gboolean is_incoming,
            gpointer user_data)
{
  Shared *shared = user_data;
  const char *name = g_dbus_message_get_sender (message);

  if (!is_incoming || name == NULL ||
      g_dbus_message_get_message_type (message) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
    return message;

  if (!count_call (shared, name))
    {
      g_object_unref (message);
      return NULL;
    }
  if (is_too_large (message))
    {
      if (is_answered (message))
        refuse (connection, message);
      g_object_unref (message);
      return NULL;
    }
  limit_descriptors (shared, name, message);
  if (!is_introspect (message))
    return message;
  if (is_answered (message))
    send_news (shared, message, name, 0);
  else
    g_object_unref (message);

  return NULL;
}

void
bts_call_filter_ignore (BtsCallFilter *self, const char *name, gboolean is_ignored)
{
  Connection *connection;

  g_mutex_lock (&self->shared->lock);
  connection = g_hash_table_lookup (self->shared->connections, name);
  if (connection != NULL)
    connection->is_ignored = is_ignored;
  g_mutex_unlock (&self->shared->lock);
}

void
bts_call_filter_forget (BtsCallFilter *self, const char *name)
{
  g_mutex_lock (&self->shared->lock);
  g_hash_table_remove (self->shared->connections, name);
  g_mutex_unlock (&self->shared->lock);
}

BtsCallFilter *
bts_call_filter_new (GDBusConnection *connection,
                     guint max_descriptors,
                     const BtsCallFilterHooks *hooks,
                     gpointer user_data)
{
  BtsCallFilter *self = g_new0 (BtsCallFilter, 1);
  Shared *shared = g_atomic_rc_box_new0 (Shared);

  g_mutex_init (&shared->lock);
  shared->max_descriptors = max_descriptors;
  shared->context = g_main_context_ref_thread_default ();
  shared->connections = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  shared->filter = self;
  self->connection = g_object_ref (connection);
  self->hooks = hooks;
  self->user_data = user_data;
  self->shared = shared;
  self->filter_id = g_dbus_connection_add_filter (
      connection, on_message, g_atomic_rc_box_acquire (shared), (GDestroyNotify) shared_unref);

  return self;
}

void
bts_call_filter_free (BtsCallFilter *self)
{
  self->shared->filter = NULL;
  g_dbus_connection_remove_filter (self->connection, self->filter_id);
  shared_unref (self->shared);
  g_object_unref (self->connection);
  g_free (self);
}
