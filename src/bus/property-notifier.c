/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/property-notifier.h"

#include "bus/interfaces.h"
#include "common/names.h"
#include "common/object-path.h"

#define PROGRESS_PERIOD_US (G_USEC_PER_SEC / 4)
#define SAVE_RETRY_US G_USEC_PER_SEC

typedef struct
{
  gboolean was_restarted;
  GVariant *added; /* (owned) */
} Ranges;

typedef struct
{
  BtsPropertyNotifier *notifier; /* (unowned): the entry ends before it */
  BtsOperation *operation;       /* (owned) */
  BtsOperationView *told;        /* (owned): what clients know */
  BtsOperationView *saving;      /* (owned) (nullable): what the store is writing */
  GArray *saving_ranges;         /* (owned) (nullable) (element-type Ranges) */
  GArray *unsaved_ranges;        /* (owned) (nullable) (element-type Ranges) */
  gboolean has_unsaved;          /* changed since @saving was taken */
  gint64 last_progress;          /* boot time; 0 before the first */
  gint64 progress_due;           /* boot time; 0 where nothing waits */
  guint retry_alarm;
  gulong handlers[2];
} Entry;

struct _BtsPropertyNotifier
{
  BtsBus *bus;               /* (unowned) */
  GCancellable *cancellable; /* (owned) */
  GHashTable *entries;       /* (owned) (element-type BtsOperation Entry) */
  GHashTable *due;           /* (owned) (element-type Entry): those with a progress_due */
  guint progress_alarm;
};

typedef struct
{
  GCancellable *cancellable;     /* (owned): cancelled once @notifier is gone */
  BtsPropertyNotifier *notifier; /* (unowned) */
  BtsOperation *operation;       /* (owned) */
} Save;

static void save (Entry *entry);
static void on_progress (Entry *entry);

static void
ranges_clear (Ranges *ranges)
{
  g_variant_unref (ranges->added);
}

static GArray *
ranges_array_new (void)
{
  GArray *array = g_array_new (FALSE, FALSE, sizeof (Ranges));

  g_array_set_clear_func (array, (GDestroyNotify) ranges_clear);

  return array;
}

static void
entry_free (Entry *entry)
{
  BtsClock *clock = entry->notifier->bus->service.clock;

  for (guint i = 0; i < G_N_ELEMENTS (entry->handlers); i++)
    g_signal_handler_disconnect (entry->operation, entry->handlers[i]);
  if (entry->retry_alarm != 0)
    bts_clock_remove_alarm (clock, entry->retry_alarm);
  g_hash_table_remove (entry->notifier->due, entry);
  g_clear_pointer (&entry->told, bts_operation_view_free);
  g_clear_pointer (&entry->saving, bts_operation_view_free);
  g_clear_pointer (&entry->saving_ranges, g_array_unref);
  g_clear_pointer (&entry->unsaved_ranges, g_array_unref);
  g_clear_object (&entry->operation);
  g_free (entry);
}

static void
emit (Entry *entry, const char *interface_name, const char *signal_name, GVariant *parameters)
{
  g_autofree char *path = bts_object_path_for_operation (bts_operation_get_guid (entry->operation));

  bts_audience_emit (entry->notifier->bus->audience, bts_operation_get_owner (entry->operation),
                     BTS_VIEWPOINT_ANY, path, interface_name, signal_name, parameters);
}

static gboolean
has_audience (Entry *entry)
{
  return !bts_audience_is_empty (entry->notifier->bus->audience,
                                 bts_operation_get_owner (entry->operation), BTS_VIEWPOINT_ANY);
}

static gboolean
has_same_progress (const BtsOperationView *a, const BtsOperationView *b)
{
  return a->bytes_received == b->bytes_received && a->bytes_sent == b->bytes_sent;
}

static gboolean
has_ended (const BtsOperationView *before, const BtsOperationView *after)
{
  return bgt_operation_status_is_final (after->status) &&
         (!bgt_operation_status_is_final (before->status) || before->finished != after->finished);
}

static gboolean
may_tell_progress (Entry *entry, gint64 now)
{
  return entry->last_progress == 0 || now >= entry->last_progress + PROGRESS_PERIOD_US;
}

static void
emit_changes (Entry *entry, const BtsOperationView *before, const BtsOperationView *after)
{
  const BtsInterface *const *interfaces = bts_interfaces_get_for (entry->operation);

  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      GVariant *changes =
          bts_interface_read_changes (interfaces[i], entry->notifier->bus, before, after);

      if (changes != NULL)
        emit (entry, "org.freedesktop.DBus.Properties", "PropertiesChanged",
              g_variant_new ("(s@a{sv}as)", interfaces[i]->info->name, changes, NULL));
    }
}

static void
mark_told (Entry *entry)
{
  entry->last_progress = bts_clock_get_boot_time (entry->notifier->bus->service.clock);
  entry->progress_due = 0;
  g_hash_table_remove (entry->notifier->due, entry);
}

/* Tells clients how @view differs from what they know; takes @view. */
static void
tell (Entry *entry, BtsOperationView *view)
{
  g_autoptr (BtsOperationView) before = g_steal_pointer (&entry->told);

  entry->told = view;
  if (!has_same_progress (before, view))
    mark_told (entry);
  if (!has_audience (entry))
    return;

  emit_changes (entry, before, view);
  if (has_ended (before, view))
    emit (entry, BGT_INTERFACE_OPERATION, "Finished",
          g_variant_new ("(s)", bgt_operation_status_to_string (view->status)));
}

/* Tells of what the store now holds; takes @view. Checkpoints may come faster than progress may be
 * told, so their bytes wait for their turn, unless it is the end. */
static void
tell_saved (Entry *entry, BtsOperationView *view)
{
  gint64 now = bts_clock_get_boot_time (entry->notifier->bus->service.clock);

  if (view->is_canceling)
    {
      bts_operation_view_free (view);
      return;
    }
  if (!bgt_operation_status_is_final (view->status) && !may_tell_progress (entry, now))
    {
      view->bytes_received = entry->told->bytes_received;
      view->bytes_sent = entry->told->bytes_sent;
    }
  tell (entry, view);
}

static void
tell_ranges (Entry *entry, GArray *ranges)
{
  for (guint i = 0; ranges != NULL && i < ranges->len; i++)
    {
      Ranges *these = &g_array_index (ranges, Ranges, i);

      if (has_audience (entry))
        emit (entry, BGT_INTERFACE_DOWNLOAD, "RangesDownloaded",
              g_variant_new ("(b@a(tt))", these->was_restarted, these->added));
    }
}

static void
on_retry (gpointer user_data)
{
  Entry *entry = user_data;

  entry->retry_alarm = 0;
  save (entry);
}

/* What was to be told waits for the next, successful save. */
static void
on_save_failed (Entry *entry)
{
  BtsClock *clock = entry->notifier->bus->service.clock;

  if (entry->saving_ranges != NULL && entry->unsaved_ranges != NULL)
    {
      for (guint i = 0; i < entry->unsaved_ranges->len; i++)
        g_variant_ref (g_array_index (entry->unsaved_ranges, Ranges, i).added);
      g_array_append_vals (entry->saving_ranges, entry->unsaved_ranges->data,
                           entry->unsaved_ranges->len);
      g_clear_pointer (&entry->unsaved_ranges, g_array_unref);
    }
  if (entry->saving_ranges != NULL)
    entry->unsaved_ranges = g_steal_pointer (&entry->saving_ranges);
  g_clear_pointer (&entry->saving, bts_operation_view_free);
  entry->retry_alarm =
      bts_clock_add_alarm (clock, bts_clock_get_boot_time (clock) + SAVE_RETRY_US, on_retry, entry);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Save *data = user_data;
  g_autoptr (GCancellable) cancellable = g_steal_pointer (&data->cancellable);
  g_autoptr (BtsOperation) operation = g_steal_pointer (&data->operation);
  BtsPropertyNotifier *self = data->notifier;
  g_autoptr (GArray) ranges = NULL;
  gboolean is_saved = bts_store_save_finish (BTS_STORE (source), result, NULL);
  Entry *entry;

  g_free (data);
  if (g_cancellable_is_cancelled (cancellable))
    return;
  entry = g_hash_table_lookup (self->entries, operation);
  if (entry == NULL || entry->saving == NULL)
    return;

  if (!is_saved)
    {
      /* The store has logged the reason. */
      on_save_failed (entry);
      return;
    }

  ranges = g_steal_pointer (&entry->saving_ranges);
  if (!entry->has_unsaved)
    bts_operation_view_refresh (entry->saving, TRUE);
  tell_ranges (entry, ranges);
  tell_saved (entry, g_steal_pointer (&entry->saving));
  if (entry->has_unsaved)
    save (entry);
  else
    on_progress (entry);
}

/* Takes the operation as it is and tells of it when the store has it. */
static void
save (Entry *entry)
{
  BtsPropertyNotifier *self = entry->notifier;
  Save *data;

  if (entry->saving != NULL || entry->retry_alarm != 0)
    {
      entry->has_unsaved = TRUE;
      return;
    }
  entry->has_unsaved = FALSE;
  entry->saving = bts_operation_view_new (entry->operation);
  entry->saving_ranges = g_steal_pointer (&entry->unsaved_ranges);

  data = g_new0 (Save, 1);
  data->cancellable = g_object_ref (self->cancellable);
  data->notifier = self;
  data->operation = g_object_ref (entry->operation);
  bts_store_save_async (self->bus->service.store, entry->operation, NULL, on_saved, data);
}

static gboolean
is_saved (Entry *entry)
{
  return entry->saving == NULL && entry->retry_alarm == 0 &&
         bts_operation_get_intent (entry->operation) != BTS_INTENT_CANCEL;
}

/* What is not durable, on top of what clients know already. */
static void
tell_progress (Entry *entry)
{
  g_autoptr (BtsOperationView) view = bts_operation_view_copy (entry->told);

  mark_told (entry);
  if (bts_operation_view_refresh (view, is_saved (entry)))
    tell (entry, g_steal_pointer (&view));
}

static void on_progress_alarm (gpointer user_data);

/* All operations share one alarm, on a common grid, so that many of them wake us no more often
 * than one. */
static void
arm_progress_alarm (BtsPropertyNotifier *self, gint64 due)
{
  if (self->progress_alarm == 0)
    self->progress_alarm =
        bts_clock_add_alarm (self->bus->service.clock, due, on_progress_alarm, self);
}

static void
on_progress_alarm (gpointer user_data)
{
  BtsPropertyNotifier *self = user_data;
  gint64 now = bts_clock_get_boot_time (self->bus->service.clock);
  guint n_due;
  g_autofree gpointer *due = g_hash_table_get_keys_as_array (self->due, &n_due);
  gint64 next = 0;

  self->progress_alarm = 0;
  for (guint i = 0; i < n_due; i++)
    {
      Entry *entry = due[i];

      if (entry->progress_due <= now)
        tell_progress (entry);
      else if (next == 0 || entry->progress_due < next)
        next = entry->progress_due;
    }
  if (next != 0)
    arm_progress_alarm (self, next);
}

static gboolean
has_news (Entry *entry)
{
  BtsOperationView view = *entry->told; /* borrows what it points to */

  return bts_operation_view_refresh (&view, is_saved (entry));
}

static void
on_progress (Entry *entry)
{
  BtsPropertyNotifier *self = entry->notifier;
  gint64 now = bts_clock_get_boot_time (self->bus->service.clock);
  gint64 earliest = entry->last_progress + PROGRESS_PERIOD_US;

  if (entry->progress_due != 0 || !has_audience (entry) || !has_news (entry))
    return;
  if (may_tell_progress (entry, now))
    {
      tell_progress (entry);
      return;
    }

  entry->progress_due =
      (earliest + PROGRESS_PERIOD_US - 1) / PROGRESS_PERIOD_US * PROGRESS_PERIOD_US;
  g_hash_table_add (self->due, entry);
  arm_progress_alarm (self, entry->progress_due);
}

static void
on_changed (BtsOperation *operation, guint changes, gpointer user_data)
{
  Entry *entry = user_data;

  /* Blockers change together with the status that they make, and are told with it. */
  if ((changes & BTS_CHANGES_DURABLE) != 0)
    save (entry);
  else
    on_progress (entry);
}

static void
on_ranges (BtsOperation *operation, gboolean was_restarted, GVariant *added, gpointer user_data)
{
  Entry *entry = user_data;
  Ranges ranges = { was_restarted, g_variant_ref (added) };

  if (entry->unsaved_ranges == NULL)
    entry->unsaved_ranges = ranges_array_new ();
  g_array_append_val (entry->unsaved_ranges, ranges);
  save (entry);
}

void
bts_property_notifier_add (BtsPropertyNotifier *self, BtsOperation *operation)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->notifier = self;
  entry->operation = g_object_ref (operation);
  entry->told = bts_operation_view_new (operation);
  entry->handlers[0] = g_signal_connect (operation, "changed", G_CALLBACK (on_changed), entry);
  entry->handlers[1] =
      g_signal_connect (operation, "ranges-downloaded", G_CALLBACK (on_ranges), entry);
  g_hash_table_insert (self->entries, operation, entry);
}

void
bts_property_notifier_remove (BtsPropertyNotifier *self, BtsOperation *operation)
{
  g_hash_table_remove (self->entries, operation);
}

BtsOperationView *
bts_property_notifier_dup_view (BtsPropertyNotifier *self, BtsOperation *operation)
{
  Entry *entry = g_hash_table_lookup (self->entries, operation);
  BtsOperationView *view;

  if (entry == NULL)
    return bts_operation_view_new (operation);

  view = bts_operation_view_copy (entry->told);
  bts_operation_view_refresh (view, is_saved (entry));

  return view;
}

void
bts_property_notifier_take_saved (BtsPropertyNotifier *self,
                                  BtsOperation *operation,
                                  guint64 version)
{
  Entry *entry = g_hash_table_lookup (self->entries, operation);
  g_autoptr (GArray) saving_ranges = NULL;
  g_autoptr (GArray) unsaved_ranges = NULL;

  if (entry == NULL || bts_operation_get_version (operation) != version)
    return;

  entry->has_unsaved = FALSE;
  g_clear_pointer (&entry->saving, bts_operation_view_free);
  saving_ranges = g_steal_pointer (&entry->saving_ranges);
  unsaved_ranges = g_steal_pointer (&entry->unsaved_ranges);
  tell_ranges (entry, saving_ranges);
  tell_ranges (entry, unsaved_ranges);
  tell_saved (entry, bts_operation_view_new (operation));
  on_progress (entry);
}

BtsPropertyNotifier *
bts_property_notifier_new (BtsBus *bus)
{
  BtsPropertyNotifier *self = g_new0 (BtsPropertyNotifier, 1);

  self->bus = bus;
  self->cancellable = g_cancellable_new ();
  self->due = g_hash_table_new (NULL, NULL);
  self->entries = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) entry_free);

  return self;
}

void
bts_property_notifier_free (BtsPropertyNotifier *self)
{
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->entries, g_hash_table_unref);
  g_clear_pointer (&self->due, g_hash_table_unref);
  if (self->progress_alarm != 0)
    bts_clock_remove_alarm (self->bus->service.clock, self->progress_alarm);
  g_free (self);
}
