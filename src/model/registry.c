/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/registry.h"

#include <string.h>

#include "common/bgt-error.h"
#include "model/worker-update.h"

/* A message of the system bus has 32 MiB, and has to hold all of a user's operations. */
#define MAX_BYTES_PER_USER (24 * 1024 * 1024)
/* What servers have answered and workers note is in no such message, but in memory and on the disk,
 * where it is text that a start has to read. It comes later than the operation: then new ones are
 * refused, and little is taken of what is reported of those that are there. */
#define MAX_REPORTED_BYTES_PER_USER (64 * 1024 * 1024)
/* Beyond that, for checkpoints alone, of which none but odd ones has as much: without its last one
 * a transfer may have to begin anew. */
#define MAX_CHECKPOINT_BYTES (128 * 1024)
#define CHECKPOINT_BYTES_PER_USER (16 * 1024 * 1024)
/* The service keeps them until an operation is completed or canceled; all users together have what
 * LimitNOFILE of the unit allows. */
#define MAX_DESCRIPTORS_PER_USER 8192
/* Where so much of one of them is used, what has finished is to make room. */
#define SCARCE(maximum) ((maximum) / 4 * 3)
/* What an operation takes there beside what its caller has given. */
#define OPERATION_BYTES 1024

/* What operations take, finished ones too. */
typedef struct
{
  gsize n_bytes;
  gsize n_reported_bytes;
  guint n_descriptors;
} Room;

/* How many unfinished operations somebody has; reserved ones are still being created. */
typedef struct
{
  guint n_unfinished;
  guint n_reserved;
  guint n_reserved_descriptors;
  gsize n_reserved_bytes;
  Room room;
} Count;

typedef struct
{
  BtsOperation *operation; /* (owned) */
  gboolean is_counted;     /* among the unfinished */
  Room room;               /* that is counted */
  gulong changed_id;
  gulong finished_id;
} Item;

struct _BtsRegistry
{
  GObject parent_instance;

  GHashTable *items;        /* (owned) (element-type utf8 Item): by GUID */
  GPtrArray *operations;    /* (owned) (element-type BtsOperation): by age, then GUID */
  GHashTable *arriving;     /* (owned) (element-type BtsOperation): (unowned), of @operations */
  GHashTable *applications; /* (owned) (element-type utf8 Count): by uid and name */
  GHashTable *users;        /* (owned) (element-type uint Count) */
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

static Count *
ensure_count (GHashTable *table, gpointer key, GDestroyNotify free_unused_key)
{
  Count *count = g_hash_table_lookup (table, key);

  if (count == NULL)
    {
      count = g_new0 (Count, 1);
      g_hash_table_insert (table, key, count);
    }
  else if (free_unused_key != NULL)
    free_unused_key (key);

  return count;
}

static char *
make_application_key (BtsOwner *owner)
{
  return g_strdup_printf ("%u %s", bts_owner_get_uid (owner), bts_owner_get_application (owner));
}

static Count *
get_application_count (BtsRegistry *self, BtsOwner *owner)
{
  return ensure_count (self->applications, make_application_key (owner), g_free);
}

static Count *
get_user_count (BtsRegistry *self, BtsOwner *owner)
{
  return ensure_count (self->users, GUINT_TO_POINTER (bts_owner_get_uid (owner)), NULL);
}

static gboolean
is_unused (const Count *count)
{
  return count->n_unfinished == 0 && count->n_reserved == 0 && count->n_reserved_descriptors == 0 &&
         count->n_reserved_bytes == 0 && count->room.n_bytes == 0 &&
         count->room.n_reported_bytes == 0 && count->room.n_descriptors == 0;
}

static void
drop_unused_counts (BtsRegistry *self, BtsOwner *owner)
{
  g_autofree char *key = make_application_key (owner);

  if (is_unused (get_application_count (self, owner)))
    g_hash_table_remove (self->applications, key);
  if (is_unused (get_user_count (self, owner)))
    g_hash_table_remove (self->users, GUINT_TO_POINTER (bts_owner_get_uid (owner)));
}

static void
set_counted (BtsRegistry *self, Item *item, gboolean is_counted)
{
  BtsOwner *owner = bts_operation_get_owner (item->operation);
  int change = (is_counted ? 1 : 0) - (item->is_counted ? 1 : 0);

  if (change == 0)
    return;

  item->is_counted = is_counted;
  get_application_count (self, owner)->n_unfinished += (guint) change;
  get_user_count (self, owner)->n_unfinished += (guint) change;
  drop_unused_counts (self, owner);
}

static void
set_room (BtsRegistry *self, Item *item, Room room)
{
  BtsOwner *owner = bts_operation_get_owner (item->operation);
  Room *count = &get_user_count (self, owner)->room;

  count->n_bytes += room.n_bytes - item->room.n_bytes;
  count->n_reported_bytes += room.n_reported_bytes - item->room.n_reported_bytes;
  count->n_descriptors += room.n_descriptors - item->room.n_descriptors;
  item->room = room;
  drop_unused_counts (self, owner);
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
  const Room room = {
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
  g_hash_table_unref (self->applications);
  g_hash_table_unref (self->arriving);
  g_hash_table_unref (self->users);

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
  self->applications = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->arriving = g_hash_table_new (NULL, NULL);
  self->users = g_hash_table_new_full (NULL, NULL, NULL, g_free);
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
  set_room (self, item, (Room){ 0 });
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

static gboolean
check_limit (const Count *count, guint n, guint maximum, const char *whose, GError **error)
{
  guint64 wanted = (guint64) count->n_unfinished + count->n_reserved + n;

  if (wanted <= maximum)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
               "%s may have %u unfinished operations and has %u", whose, maximum,
               count->n_unfinished + count->n_reserved);
  return FALSE;
}

gboolean
bts_registry_has_room_for_reports (BtsRegistry *self, BtsOwner *owner)
{
  gboolean has_room =
      get_user_count (self, owner)->room.n_reported_bytes < MAX_REPORTED_BYTES_PER_USER;

  drop_unused_counts (self, owner);
  return has_room;
}

gsize
bts_registry_get_checkpoint_room (BtsRegistry *self, BtsOperation *operation)
{
  BtsOwner *owner = bts_operation_get_owner (operation);
  gsize n_bytes = get_user_count (self, owner)->room.n_reported_bytes;
  gsize held = bts_report_get_weight (bts_operation_get_checkpoint (operation));

  drop_unused_counts (self, owner);
  return n_bytes < MAX_REPORTED_BYTES_PER_USER + CHECKPOINT_BYTES_PER_USER
             ? MAX (held, MAX_CHECKPOINT_BYTES)
             : held;
}

gboolean
bts_registry_check_room (BtsRegistry *self, BtsOwner *owner, GError **error)
{
  const Count *user = get_user_count (self, owner);
  gboolean has_room = user->room.n_bytes + user->n_reserved_bytes < MAX_BYTES_PER_USER;
  gboolean has_room_for_reports = bts_registry_has_room_for_reports (self, owner);

  drop_unused_counts (self, owner);
  if (!has_room)
    g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                 "All operations of a user may have %d MiB together; acknowledge finished ones",
                 MAX_BYTES_PER_USER / (1024 * 1024));
  else if (!has_room_for_reports)
    g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                 "What servers have answered to all operations of a user may have %d MiB together; "
                 "acknowledge finished ones",
                 MAX_REPORTED_BYTES_PER_USER / (1024 * 1024));

  return has_room && has_room_for_reports;
}

gboolean
bts_registry_is_room_scarce (BtsRegistry *self, BtsOwner *owner)
{
  const Count *count = get_user_count (self, owner);
  const Room *room = &count->room;
  gboolean is_scarce = room->n_bytes >= SCARCE (MAX_BYTES_PER_USER) ||
                       room->n_reported_bytes >= SCARCE (MAX_REPORTED_BYTES_PER_USER) ||
                       room->n_descriptors >= SCARCE (MAX_DESCRIPTORS_PER_USER);

  drop_unused_counts (self, owner);
  return is_scarce;
}

static gboolean
check_descriptors (const Count *user, guint n, GError **error)
{
  guint64 wanted = (guint64) user->room.n_descriptors + user->n_reserved_descriptors + n;

  if (wanted <= MAX_DESCRIPTORS_PER_USER)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
               "All operations of a user may have %d descriptors together; acknowledge finished "
               "ones",
               MAX_DESCRIPTORS_PER_USER);
  return FALSE;
}

gboolean
bts_registry_reserve (BtsRegistry *self,
                      BtsOwner *owner,
                      guint n,
                      guint n_descriptors,
                      gsize n_bytes,
                      guint max_per_application,
                      guint max_per_user,
                      GError **error)
{
  Count *application, *user;
  gboolean fits;

  if (!bts_registry_check_room (self, owner, error))
    return FALSE;

  application = get_application_count (self, owner);
  user = get_user_count (self, owner);
  fits = check_limit (application, n, max_per_application, "An application", error) &&
         check_limit (user, n, max_per_user, "A user", error) &&
         check_descriptors (user, n_descriptors, error);

  if (fits)
    {
      application->n_reserved += n;
      user->n_reserved += n;
      user->n_reserved_descriptors += n_descriptors;
      user->n_reserved_bytes += n_bytes;
    }

  drop_unused_counts (self, owner);
  return fits;
}

void
bts_registry_release (
    BtsRegistry *self, BtsOwner *owner, guint n, guint n_descriptors, gsize n_bytes)
{
  Count *application = get_application_count (self, owner);
  Count *user = get_user_count (self, owner);

  g_return_if_fail (application->n_reserved >= n && user->n_reserved >= n &&
                    user->n_reserved_descriptors >= n_descriptors &&
                    user->n_reserved_bytes >= n_bytes);

  application->n_reserved -= n;
  user->n_reserved -= n;
  user->n_reserved_descriptors -= n_descriptors;
  user->n_reserved_bytes -= n_bytes;
  drop_unused_counts (self, owner);
}
