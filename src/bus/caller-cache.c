/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/caller-cache.h"

#include "common/bgt-error.h"
#include "common/process-info.h"

typedef struct
{
  BtsCallerReady ready;
  gpointer user_data;
} Waiting;

/* One connection. While its look-up is under way @waiting holds its calls. */
typedef struct
{
  char *name;        /* (owned) */
  BtsCaller *caller; /* (owned) (nullable): NULL while, and where, it is not known */
  gboolean is_looked_up;
  GArray *waiting;      /* (owned) (element-type Waiting) */
  GHashTable *attached; /* (owned) (nullable) (element-type utf8): GUIDs */
} Entry;

struct _BtsCallerCache
{
  GObject parent_instance;
  GDBusConnection *connection; /* (owned) */
  BtsEngine *engine;           /* (owned) (nullable) */
  GHashTable *entries;         /* (owned) (element-type utf8 Entry) */
  guint watch_id;
  /* When those connected that were not there before us (owned) (element-type utf8 guint64), and
   * since when it is sure that none is missed; 0 while it is not. Both as process-info.h counts. */
  GHashTable *connected;
  guint64 watched_since;
};

typedef struct
{
  BtsCallerCache *cache; /* (owned) */
  char *name;            /* (owned) */
} LookUpData;

enum
{
  SIGNAL_KNOWN,
  SIGNAL_VANISHED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (BtsCallerCache, bts_caller_cache, G_TYPE_OBJECT)

static void
entry_free (Entry *entry)
{
  g_free (entry->name);
  g_clear_pointer (&entry->caller, bts_caller_unref);
  g_array_unref (entry->waiting);
  g_clear_pointer (&entry->attached, g_hash_table_unref);
  g_free (entry);
}

static void
hand_on (Entry *entry, BtsCaller *caller, const GError *error)
{
  /* A call that is handed on may bring the next one, for which the caller is known by now. */
  g_autoptr (GArray) waiting = g_steal_pointer (&entry->waiting);

  entry->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  for (guint i = 0; i < waiting->len; i++)
    {
      Waiting *call = &g_array_index (waiting, Waiting, i);

      call->ready (caller, error, call->user_data);
    }
}

static void on_name_owner_changed (GDBusConnection *connection,
                                   const char *sender_name,
                                   const char *object_path,
                                   const char *interface_name,
                                   const char *signal_name,
                                   GVariant *parameters,
                                   gpointer user_data);

/* One match rule for all: a bus lets a connection have some hundred. */
static void
watch (BtsCallerCache *self)
{
  self->watch_id = g_dbus_connection_signal_subscribe (
      self->connection, "org.freedesktop.DBus", "org.freedesktop.DBus", "NameOwnerChanged",
      "/org/freedesktop/DBus", NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_name_owner_changed, self, NULL);
}

static void
forget (BtsCallerCache *self, const char *name, const GError *reason)
{
  Entry *entry = NULL;

  if (!g_hash_table_steal_extended (self->entries, name, NULL, (gpointer *) &entry))
    return;

  hand_on (entry, NULL, reason);
  g_signal_emit (self, signals[SIGNAL_VANISHED], 0, entry->name);
  entry_free (entry);
}

static void
on_name_owner_changed (GDBusConnection *connection,
                       const char *sender_name,
                       const char *object_path,
                       const char *interface_name,
                       const char *signal_name,
                       GVariant *parameters,
                       gpointer user_data)
{
  BtsCallerCache *self = user_data;
  const char *name, *new_owner;
  g_autoptr (GError) gone = NULL;
  guint64 now;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sss)")))
    return;
  g_variant_get (parameters, "(&s&s&s)", &name, NULL, &new_owner);
  if (*new_owner != '\0')
    {
      now = bts_process_info_get_time ();
      if (*name == ':')
        g_hash_table_insert (self->connected, g_strdup (name), g_memdup2 (&now, sizeof now));
      return;
    }

  g_hash_table_remove (self->connected, name);
  gone = g_error_new_literal (BGT_ERROR, BGT_ERROR_ACCESS_DENIED, "The caller has left the bus");
  forget (self, name, gone);
}

static void
on_looked_up (GObject *source, GAsyncResult *result, gpointer user_data)
{
  LookUpData *data = user_data;
  g_autoptr (BtsCallerCache) self = g_steal_pointer (&data->cache);
  g_autofree char *name = g_steal_pointer (&data->name);
  g_autoptr (BtsCaller) caller = NULL;
  g_autoptr (GError) error = NULL;
  Entry *entry;

  g_free (data);
  caller = bts_caller_look_up_finish (result, &error);
  /* The bus has answered, and so it has begun to tell who comes. */
  if (caller != NULL && self->watched_since == 0)
    self->watched_since = bts_process_info_get_time ();
  entry = g_hash_table_lookup (self->entries, name);
  if (entry == NULL)
    return;

  entry->is_looked_up = FALSE;
  if (caller == NULL && g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    {
      forget (self, name, error);
      return;
    }
  if (caller != NULL)
    {
      entry->caller = bts_caller_ref (caller);
      g_signal_emit (self, signals[SIGNAL_KNOWN], 0, name, caller);
    }
  hand_on (entry, caller, error);
}

static guint64
get_time_of_connection (BtsCallerCache *self, const char *name)
{
  const guint64 *connected = g_hash_table_lookup (self->connected, name);

  if (connected != NULL)
    return *connected;
  return self->watched_since != 0 ? self->watched_since : bts_process_info_get_time ();
}

static void
look_up (BtsCallerCache *self, Entry *entry)
{
  LookUpData *data = g_new0 (LookUpData, 1);

  entry->is_looked_up = TRUE;
  data->cache = g_object_ref (self);
  data->name = g_strdup (entry->name);
  bts_caller_look_up_async (self->connection, self->engine, entry->name,
                            get_time_of_connection (self, entry->name), on_looked_up, data);
}

static Entry *
add_entry (BtsCallerCache *self, const char *name)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->name = g_strdup (name);
  entry->waiting = g_array_new (FALSE, FALSE, sizeof (Waiting));
  g_hash_table_insert (self->entries, entry->name, entry);

  return entry;
}

void
bts_caller_cache_look_up (BtsCallerCache *self,
                          const char *name,
                          BtsCallerReady ready,
                          gpointer user_data)
{
  Entry *entry = g_hash_table_lookup (self->entries, name);
  Waiting waiting = { ready, user_data };

  if (entry == NULL)
    entry = add_entry (self, name);

  if (entry->caller != NULL)
    {
      g_autoptr (BtsCaller) caller = bts_caller_ref (entry->caller);

      ready (caller, NULL, user_data);
      return;
    }
  g_array_append_val (entry->waiting, waiting);
  if (!entry->is_looked_up)
    look_up (self, entry);
}

BtsCaller *
bts_caller_cache_get (BtsCallerCache *self, const char *name)
{
  Entry *entry = g_hash_table_lookup (self->entries, name);

  return entry != NULL ? entry->caller : NULL;
}

void
bts_caller_cache_foreach (BtsCallerCache *self, BtsCallerVisit visit, gpointer user_data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      if (entry->caller != NULL)
        visit (entry->name, entry->caller, user_data);
    }
}

gboolean
bts_caller_cache_has_audience (BtsCallerCache *self, const BtsOwner *owner, BtsViewpoint viewpoints)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      if (entry->caller != NULL && bts_owner_may_see (entry->caller->owner, owner) &&
          (bts_owner_get_viewpoint (entry->caller->owner, owner) & viewpoints) != 0)
        return TRUE;
    }

  return FALSE;
}

void
bts_caller_cache_let_manage_all (BtsCallerCache *self, const char *name)
{
  Entry *entry = g_hash_table_lookup (self->entries, name);
  g_autoptr (BtsOwner) owner = NULL;
  gboolean has_network;

  if (entry == NULL || entry->caller == NULL)
    return;
  owner = bts_owner_new_managing_all (entry->caller->owner);
  has_network = entry->caller->has_network;
  bts_caller_unref (entry->caller);
  entry->caller = bts_caller_new (owner, has_network);
}

void
bts_caller_cache_attach (BtsCallerCache *self, const char *name, const char *guid)
{
  Entry *entry = g_hash_table_lookup (self->entries, name);

  if (entry == NULL)
    return;
  if (entry->attached == NULL)
    entry->attached = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (entry->attached, g_strdup (guid));
}

void
bts_caller_cache_forget_operation (BtsCallerCache *self, const char *guid)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      if (entry->attached != NULL)
        g_hash_table_remove (entry->attached, guid);
    }
}

gboolean
bts_caller_cache_is_attached (BtsCallerCache *self, BtsGuidMatch matches, gpointer user_data)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;
      GHashTableIter attached;
      gpointer guid;

      if (entry->attached == NULL)
        continue;
      g_hash_table_iter_init (&attached, entry->attached);
      while (g_hash_table_iter_next (&attached, &guid, NULL))
        {
          if (matches (guid, user_data))
            return TRUE;
        }
    }

  return FALSE;
}

static void
bts_caller_cache_dispose (GObject *object)
{
  BtsCallerCache *self = BTS_CALLER_CACHE (object);

  if (self->watch_id != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->watch_id);
  self->watch_id = 0;
  g_clear_pointer (&self->connected, g_hash_table_unref);
  g_clear_pointer (&self->entries, g_hash_table_unref);
  g_clear_object (&self->engine);
  g_clear_object (&self->connection);

  G_OBJECT_CLASS (bts_caller_cache_parent_class)->dispose (object);
}

static void
bts_caller_cache_class_init (BtsCallerCacheClass *class)
{
  G_OBJECT_CLASS (class)->dispose = bts_caller_cache_dispose;

  signals[SIGNAL_KNOWN] =
      g_signal_new ("known", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_POINTER);
  signals[SIGNAL_VANISHED] = g_signal_new ("vanished", G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST,
                                           0, NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bts_caller_cache_init (BtsCallerCache *self)
{
  self->entries =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) entry_free);
}

BtsCallerCache *
bts_caller_cache_new (GDBusConnection *connection, BtsEngine *engine)
{
  BtsCallerCache *self = g_object_new (BTS_TYPE_CALLER_CACHE, NULL);

  self->connection = g_object_ref (connection);
  g_set_object (&self->engine, engine);
  self->connected = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  watch (self);

  return self;
}
