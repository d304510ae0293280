/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/missed.h"

/* Whoever misses more of one user's objects has to ask for all of them again. */
#define MAX_BYTES_PER_USER (4 * 1024 * 1024)
#define ENTRY_BYTES 256

typedef struct
{
  BtsSignal signal; /* its members are (owned) */
  guint64 sequence;
  gsize n_bytes;
  char *key; /* (owned) (nullable): where a later one replaces it */
} Entry;

struct _BtsMissed
{
  GQueue entries;         /* (element-type Entry) (owned): in the order of their sequence */
  GHashTable *by_key;     /* (owned) (element-type utf8 GList): links of @entries */
  GHashTable *user_bytes; /* (owned) (element-type uid_t gsize) */
  GHashTable *names;      /* (owned) (element-type utf8 guint64): the first that each has missed */
  guint64 sequence;       /* of the last one */
};

static void
entry_free (Entry *entry)
{
  if (entry->signal.owner != NULL)
    bts_owner_unref ((BtsOwner *) entry->signal.owner);
  g_free ((char *) entry->signal.object_path);
  g_free ((char *) entry->signal.interface_name);
  g_free ((char *) entry->signal.signal_name);
  g_variant_unref (entry->signal.parameters);
  g_free (entry->key);
  g_free (entry);
}

static gpointer
get_user (const BtsSignal *signal)
{
  return GUINT_TO_POINTER (signal->owner != NULL ? bts_owner_get_uid (signal->owner) : (uid_t) -1);
}

static gsize
get_user_bytes (BtsMissed *self, gpointer user)
{
  return GPOINTER_TO_SIZE (g_hash_table_lookup (self->user_bytes, user));
}

static void
remove_link (BtsMissed *self, GList *link)
{
  Entry *entry = link->data;
  gpointer user = get_user (&entry->signal);

  g_hash_table_insert (self->user_bytes, user,
                       GSIZE_TO_POINTER (get_user_bytes (self, user) - entry->n_bytes));
  if (entry->key != NULL)
    g_hash_table_remove (self->by_key, entry->key);
  g_queue_delete_link (&self->entries, link);
  entry_free (entry);
}

static void
remove_user (BtsMissed *self, gpointer user)
{
  GList *next;

  for (GList *link = self->entries.head; link != NULL; link = next)
    {
      Entry *entry = link->data;

      next = link->next;
      if (get_user (&entry->signal) == user)
        remove_link (self, link);
    }
}

static void
clear (BtsMissed *self)
{
  while (self->entries.head != NULL)
    remove_link (self, self->entries.head);
  g_hash_table_remove_all (self->user_bytes);
}

/* NULL where every single one counts. */
static char *
dup_key (const BtsSignal *signal)
{
  const char *interface_name;

  if (!g_str_equal (signal->signal_name, "PropertiesChanged"))
    return NULL;
  g_variant_get_child (signal->parameters, 0, "&s", &interface_name);

  return g_strconcat (signal->object_path, " ", interface_name, NULL);
}

/* The parameters of a PropertiesChanged, (sa{sv}as), that says what @earlier and then @later say.
 */
static GVariant *
merge (GVariant *earlier, GVariant *later)
{
  g_autoptr (GVariant) before = g_variant_get_child_value (earlier, 1);
  g_autoptr (GVariant) interface_name = g_variant_get_child_value (later, 0);
  g_autoptr (GVariant) after = g_variant_get_child_value (later, 1);
  g_autoptr (GVariant) invalidated = g_variant_get_child_value (later, 2);
  GVariantDict dict = G_VARIANT_DICT_INIT (before);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, after);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    g_variant_dict_insert_value (&dict, name, value);

  return g_variant_ref_sink (
      g_variant_new ("(@s@a{sv}@as)", interface_name, g_variant_dict_end (&dict), invalidated));
}

void
bts_missed_add (BtsMissed *self, const BtsSignal *signal)
{
  g_autofree char *key = dup_key (signal);
  GList *earlier = key != NULL ? g_hash_table_lookup (self->by_key, key) : NULL;
  gpointer user = get_user (signal);
  Entry *entry = g_new0 (Entry, 1);

  entry->sequence = ++self->sequence;
  entry->signal.owner = signal->owner != NULL ? bts_owner_ref ((BtsOwner *) signal->owner) : NULL;
  entry->signal.viewpoints = signal->viewpoints;
  entry->signal.object_path = g_strdup (signal->object_path);
  entry->signal.interface_name = g_strdup (signal->interface_name);
  entry->signal.signal_name = g_strdup (signal->signal_name);
  if (earlier != NULL)
    entry->signal.parameters =
        merge (((Entry *) earlier->data)->signal.parameters, signal->parameters);
  else
    entry->signal.parameters = g_variant_ref (signal->parameters);
  entry->n_bytes = ENTRY_BYTES + g_variant_get_size (entry->signal.parameters);

  if (earlier != NULL)
    remove_link (self, earlier);
  if (get_user_bytes (self, user) + entry->n_bytes > MAX_BYTES_PER_USER)
    remove_user (self, user);
  g_hash_table_insert (self->user_bytes, user,
                       GSIZE_TO_POINTER (get_user_bytes (self, user) + entry->n_bytes));
  g_queue_push_tail (&self->entries, entry);
  if (key != NULL)
    {
      entry->key = g_steal_pointer (&key);
      g_hash_table_insert (self->by_key, entry->key, self->entries.tail);
    }
}

void
bts_missed_note (BtsMissed *self, const char *name)
{
  guint64 *first;

  if (g_hash_table_contains (self->names, name))
    return;
  first = g_new (guint64, 1);
  *first = self->sequence + 1;
  g_hash_table_insert (self->names, g_strdup (name), first);
}

gboolean
bts_missed_has (BtsMissed *self, const char *name)
{
  return g_hash_table_contains (self->names, name);
}

void
bts_missed_replay (BtsMissed *self, const char *name, BtsMissedTell tell, gpointer user_data)
{
  guint64 *first = g_hash_table_lookup (self->names, name);

  if (first == NULL)
    return;
  for (GList *link = self->entries.head; link != NULL; link = link->next)
    {
      Entry *entry = link->data;

      if (entry->sequence < *first)
        continue;
      if (!tell (&entry->signal, user_data))
        {
          *first = entry->sequence;
          return;
        }
    }
  bts_missed_forget (self, name);
}

void
bts_missed_forget (BtsMissed *self, const char *name)
{
  if (g_hash_table_remove (self->names, name) && g_hash_table_size (self->names) == 0)
    clear (self);
}

BtsMissed *
bts_missed_new (void)
{
  BtsMissed *self = g_new0 (BtsMissed, 1);

  self->by_key = g_hash_table_new (g_str_hash, g_str_equal);
  self->user_bytes = g_hash_table_new (NULL, NULL);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);

  return self;
}

void
bts_missed_free (BtsMissed *self)
{
  clear (self);
  g_hash_table_unref (self->by_key);
  g_hash_table_unref (self->user_bytes);
  g_hash_table_unref (self->names);
  g_free (self);
}
