/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/registry.h"

#include <string.h>

#include "model/worker-update.h"

/* What an operation takes there beside what its caller has given. */
#define OPERATION_BYTES 1024

typedef struct
{
  BtsOperation *operation; /* (owned) */
  gboolean is_counted;     /* among the unfinished */
  BtsRoom room;            /* likewise, and what it takes when it is finished, too */
  gulong changed_id;
  gulong finished_id;
} Item;

struct _BtsRegistry
{
  GObject parent_instance;

  GHashTable *items;     /* (owned) (element-type utf8 Item): by GUID */
  GPtrArray *operations; /* (owned) (element-type BtsOperation): by age, then GUID */
  GHashTable *arriving;  /* (owned) (element-type BtsOperation): (unowned), of @operations */
  BtsUsage *usage;       /* (owned) */
};

G_DEFINE_FINAL_TYPE (BtsRegistry, bts_registry, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_OPERATION_ADDED,
  SIGNAL_OPERATION_REMOVED,
  SIGNAL_OPERATION_CHANGED,
  SIGNAL_OPERATION_FINISHED,
  N_SIGNALS,
} Signal;

static guint signals[N_SIGNALS];

static void
item_free (gpointer data)
{
  Item *item = data;

  g_signal_handler_disconnect (item->operation, item->changed_id);
  g_signal_handler_disconnect (item->operation, item->finished_id);
  g_object_unref (item->operation);
  g_free (item);
}

static void
set_counted (BtsRegistry *self, Item *item, gboolean is_counted)
{
  int change = (is_counted ? 1 : 0) - (item->is_counted ? 1 : 0);

  if (change == 0)
    return;

  item->is_counted = is_counted;
  bts_usage_count_unfinished (self->usage, bts_operation_get_owner (item->operation), change);
}

static void
set_room (BtsRegistry *self, Item *item, BtsRoom room)
{
  bts_usage_count_room (self->usage, bts_operation_get_owner (item->operation), &item->room, &room);
  item->room = room;
}

static gsize
get_length (const char *text)
{
  return text != NULL ? strlen (text) : 0;
}

static void
count_room (BtsRegistry *self, Item *item)
{
  BtsOperation *operation = item->operation;
  const BtsRoom room = {
    .n_bytes = OPERATION_BYTES + bts_request_get_size (bts_operation_get_request (operation)) +
               get_length (bts_operation_get_destination (operation)) +
               get_length (bts_operation_get_error_message (operation)),
    .n_reported_bytes =
        bts_report_get_weight (bts_operation_get_response (operation)) +
        bts_report_get_weight (bts_operation_get_checkpoint (operation)) +
        bts_byte_ranges_get_count (bts_operation_get_ranges (operation)) * sizeof (BtsByteRange),
    .n_descriptors = bts_descriptors_get_count (bts_operation_get_files (operation)),
  };

  set_room (self, item, room);
}

static int
compare_age (BtsOperation *a, BtsOperation *b)
{
  gint64 created_a = bts_operation_get_created (a);
  gint64 created_b = bts_operation_get_created (b);

  if (created_a != created_b)
    return created_a < created_b ? -1 : 1;

  return strcmp (bts_operation_get_guid (a), bts_operation_get_guid (b));
}

/* Where @operation is, or where it belongs. */
static guint
find_position (BtsRegistry *self, BtsOperation *operation)
{
  guint begin = 0;
  guint end = self->operations->len;

  while (begin < end)
    {
      guint middle = begin + (end - begin) / 2;

      if (compare_age (g_ptr_array_index (self->operations, middle), operation) < 0)
        begin = middle + 1;
      else
        end = middle;
    }

  return begin;
}

static void
on_changed (BtsOperation *operation, guint changes, gpointer user_data)
{
  BtsRegistry *self = user_data;
  Item *item = g_hash_table_lookup (self->items, bts_operation_get_guid (operation));

  set_counted (self, item, !bts_operation_is_finished (operation));
  if ((changes & (BTS_CHANGE_REQUEST | BTS_CHANGE_RESPONSE | BTS_CHANGE_STATUS)) != 0)
    count_room (self, item);
  g_signal_emit (self, signals[SIGNAL_OPERATION_CHANGED], 0, operation, changes);
}

static void
on_finished (BtsOperation *operation, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_OPERATION_FINISHED], 0, operation);
}

static void
bts_registry_finalize (GObject *object)
{
  BtsRegistry *self = BTS_REGISTRY (object);

  g_ptr_array_unref (self->operations);
  g_hash_table_unref (self->items);
  g_hash_table_unref (self->arriving);
  bts_usage_free (self->usage);

  G_OBJECT_CLASS (bts_registry_parent_class)->finalize (object);
}

static void
bts_registry_class_init (BtsRegistryClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_registry_finalize;

  signals[SIGNAL_OPERATION_ADDED] =
      g_signal_new ("operation-added", BTS_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, BTS_TYPE_OPERATION);
  signals[SIGNAL_OPERATION_REMOVED] =
      g_signal_new ("operation-removed", BTS_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, BTS_TYPE_OPERATION);
  signals[SIGNAL_OPERATION_CHANGED] =
      g_signal_new ("operation-changed", BTS_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, BTS_TYPE_OPERATION, G_TYPE_UINT);
  signals[SIGNAL_OPERATION_FINISHED] =
      g_signal_new ("operation-finished", BTS_TYPE_REGISTRY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, BTS_TYPE_OPERATION);
}

static void
bts_registry_init (BtsRegistry *self)
{
  self->items = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, item_free);
  self->operations = g_ptr_array_new ();
  self->arriving = g_hash_table_new (NULL, NULL);
  self->usage = bts_usage_new ();
}

BtsRegistry *
bts_registry_new (void)
{
  return g_object_new (BTS_TYPE_REGISTRY, NULL);
}

void
bts_registry_add (BtsRegistry *self, BtsOperation *operation)
{
  Item *item;

  g_return_if_fail (bts_registry_lookup (self, bts_operation_get_guid (operation)) == NULL);

  item = g_new0 (Item, 1);
  item->operation = g_object_ref (operation);
  item->changed_id = g_signal_connect (operation, "changed", G_CALLBACK (on_changed), self);
  item->finished_id = g_signal_connect (operation, "finished", G_CALLBACK (on_finished), self);
  g_hash_table_insert (self->items, (gpointer) bts_operation_get_guid (operation), item);
  g_ptr_array_insert (self->operations, (int) find_position (self, operation), operation);
  set_counted (self, item, !bts_operation_is_finished (operation));
  count_room (self, item);

  g_signal_emit (self, signals[SIGNAL_OPERATION_ADDED], 0, operation);
}

void
bts_registry_add_arriving (BtsRegistry *self, BtsOperation *operation)
{
  g_hash_table_add (self->arriving, operation);
  bts_registry_add (self, operation);
}

void
bts_registry_end_arrival (BtsRegistry *self, BtsOperation *operation)
{
  g_hash_table_remove (self->arriving, operation);
}

gboolean
bts_registry_is_arriving (BtsRegistry *self, BtsOperation *operation)
{
  return g_hash_table_contains (self->arriving, operation);
}

void
bts_registry_remove (BtsRegistry *self, BtsOperation *operation)
{
  g_autoptr (BtsOperation) kept = g_object_ref (operation);
  const char *guid = bts_operation_get_guid (operation);
  Item *item = g_hash_table_lookup (self->items, guid);

  if (item == NULL || item->operation != operation)
    return;

  set_counted (self, item, FALSE);
  set_room (self, item, (BtsRoom){ 0 });
  g_ptr_array_remove_index (self->operations, find_position (self, operation));
  g_hash_table_remove (self->arriving, operation);
  g_hash_table_remove (self->items, guid);

  g_signal_emit (self, signals[SIGNAL_OPERATION_REMOVED], 0, operation);
}

BtsOperation *
bts_registry_lookup (BtsRegistry *self, const char *guid)
{
  Item *item = g_hash_table_lookup (self->items, guid);

  return item != NULL ? item->operation : NULL;
}

GPtrArray *
bts_registry_get_operations (BtsRegistry *self)
{
  return self->operations;
}

guint
bts_registry_get_n_operations (BtsRegistry *self)
{
  return self->operations->len;
}

BtsUsage *
bts_registry_get_usage (BtsRegistry *self)
{
  return self->usage;
}
