/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/store.h"

#include <unistd.h>

#include "store/joined-jobs.h"
#include "store/lanes.h"
#include "store/operation-record.h"
#include "store/record-folder.h"
#include "store/waiters.h"
#include "store/writer.h"

#define MAX_RETRY_DELAY_SECONDS 60
#define REMOVED_VERSION G_MAXUINT64

/* How many records are made in one turn of the loop, and about how much of them. */
#define MAX_RECORDS_PER_TURN 32
#define MAX_BYTES_PER_TURN (64 * 1024)

/* What the store knows of one operation. One that has been removed is remembered as long as the
 * operation lives, so that a late save does not bring it back. */
typedef struct
{
  BtsStore *store;         /* (unowned) */
  char *guid;              /* (owned) */
  uid_t uid;               /* whose it is */
  BtsOperation *operation; /* (owned) (nullable): while it has to be written */
  BtsOperation *watched;   /* (unowned) (nullable): once removed, until it is gone */
  guint64 durable_version;
  guint64 queued_version;
  gboolean is_dirty;
  gboolean is_joined; /* while dirty: durable only together with the next one that is */
  gboolean is_removed;
  gboolean is_dropped; /* once removed: it has to go, however often that fails */
  gboolean has_failed;
  BtsWaiters *waiters; /* (owned) (nullable) */
} Entry;

struct _BtsStore
{
  GObject parent_instance;

  char *folder_path;      /* (owned) */
  int folder;             /* (owned) */
  BtsWriter *writer;      /* (owned) */
  GHashTable *entries;    /* (owned) (element-type utf8 Entry): by GUID */
  GHashTable *journaled;  /* (owned) (nullable) (element-type utf8 GBytes): until it is loaded */
  BtsLanes *dirty;        /* (owned) (element-type Entry) (unowned) */
  GHashTable *joined;     /* (owned): what bts_joined_jobs_add() keeps */
  GSource *record_source; /* (owned) (nullable) */
  GSource *retry_source;  /* (owned) (nullable) */
  guint retry_delay_seconds;
};

G_DEFINE_FINAL_TYPE (BtsStore, bts_store, G_TYPE_OBJECT)

static void on_operation_gone (gpointer user_data, GObject *where_it_was);
static void on_written (GPtrArray *jobs, gpointer user_data);

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  if (entry->watched != NULL)
    g_object_weak_unref (G_OBJECT (entry->watched), on_operation_gone, entry);
  g_clear_object (&entry->operation);
  g_clear_pointer (&entry->waiters, bts_waiters_free);
  g_free (entry->guid);
  g_free (entry);
}

static Entry *
ensure_entry (BtsStore *self, BtsOperation *operation)
{
  const char *guid = bts_operation_get_guid (operation);
  Entry *entry = g_hash_table_lookup (self->entries, guid);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->store = self;
      entry->guid = g_strdup (guid);
      entry->uid = bts_owner_get_uid (bts_operation_get_owner (operation));
      g_hash_table_insert (self->entries, entry->guid, entry);
    }

  return entry;
}

static gboolean
is_gone_for_good (Entry *entry)
{
  return entry->is_removed && entry->durable_version == REMOVED_VERSION && entry->watched == NULL;
}

static void
on_operation_gone (gpointer user_data, GObject *where_it_was)
{
  Entry *entry = user_data;

  entry->watched = NULL;
  if (is_gone_for_good (entry))
    g_hash_table_remove (entry->store->entries, entry->guid);
}

static void
bts_store_finalize (GObject *object)
{
  BtsStore *self = BTS_STORE (object);

  if (self->record_source != NULL)
    g_source_destroy (self->record_source);
  g_clear_pointer (&self->record_source, g_source_unref);
  if (self->retry_source != NULL)
    g_source_destroy (self->retry_source);
  g_clear_pointer (&self->retry_source, g_source_unref);

  g_clear_pointer (&self->writer, bts_writer_free);
  g_clear_pointer (&self->journaled, g_hash_table_unref);
  g_hash_table_unref (self->joined);
  bts_lanes_free (self->dirty);
  g_clear_pointer (&self->entries, g_hash_table_unref);
  if (self->folder >= 0)
    close (self->folder);
  g_free (self->folder_path);

  G_OBJECT_CLASS (bts_store_parent_class)->finalize (object);
}

static void
bts_store_class_init (BtsStoreClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_store_finalize;
}

static void
bts_store_init (BtsStore *self)
{
  self->folder = -1;
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->joined = bts_joined_jobs_new ();
  self->dirty = bts_lanes_new ();
}

BtsStore *
bts_store_open (const char *folder, GError **error)
{
  g_autoptr (BtsStore) self = g_object_new (BTS_TYPE_STORE, NULL);
  BtsJournal *journal;

  self->folder_path = g_strdup (folder);
  self->folder = bts_record_folder_open (folder, error);
  if (self->folder < 0)
    return NULL;
  journal = bts_journal_open (self->folder, error);
  if (journal == NULL)
    return NULL;

  self->journaled = bts_journal_dup_changes (journal);
  self->writer = bts_writer_new (self->folder, journal, on_written, self);

  return g_steal_pointer (&self);
}

GPtrArray *
bts_store_load (BtsStore *self)
{
  GPtrArray *operations = bts_record_folder_load (self->folder, self->folder_path, self->journaled);

  for (guint i = 0; i < operations->len; i++)
    {
      BtsOperation *operation = operations->pdata[i];

      ensure_entry (self, operation)->durable_version = bts_operation_get_version (operation);
    }
  g_hash_table_remove_all (self->journaled);

  return operations;
}

/* The present state, for the writer; its size is added to @n_bytes. */
static BtsFileJob *
make_job (Entry *entry, gsize *n_bytes)
{
  GBytes *text = NULL;
  gsize length = 0;
  BtsFileJob *job;

  entry->queued_version = REMOVED_VERSION;
  if (!entry->is_removed)
    {
      char *record = bts_operation_record_print (entry->operation, &length);

      text = g_bytes_new_take (record, length);
      entry->queued_version = bts_operation_get_version (entry->operation);
    }
  *n_bytes += length;

  job = bts_file_job_new (entry->guid, text, entry->queued_version);
  job->uid = entry->uid;
  job->is_joined = entry->is_joined;
  entry->is_joined = FALSE;
  entry->is_dirty = FALSE;

  return job;
}

/* FALSE once nothing is dirty. */
static gboolean
push_dirty (BtsStore *self, guint max_records, gsize max_bytes)
{
  g_autoptr (GPtrArray) whole = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_file_job_free);
  gsize n_bytes = 0;

  for (guint i = 0; i < max_records && n_bytes < max_bytes && !bts_lanes_is_empty (self->dirty);
       i++)
    {
      bts_joined_jobs_add (self->joined, whole, make_job (bts_lanes_pop (self->dirty), &n_bytes));
      bts_lanes_end_turn (self->dirty);
    }
  if (whole->len > 0)
    bts_writer_push_all (self->writer, whole);

  return !bts_lanes_is_empty (self->dirty);
}

static gboolean
on_record_turn (gpointer user_data)
{
  BtsStore *self = user_data;

  if (push_dirty (self, MAX_RECORDS_PER_TURN, MAX_BYTES_PER_TURN))
    return G_SOURCE_CONTINUE;

  g_clear_pointer (&self->record_source, g_source_unref);
  return G_SOURCE_REMOVE;
}

/* Whether it was not yet. */
static gboolean
mark_dirty (BtsStore *self, Entry *entry)
{
  if (entry->is_dirty)
    return FALSE;

  entry->is_dirty = TRUE;
  bts_lanes_push (self->dirty, entry->uid, entry);
  if (self->record_source == NULL)
    {
      self->record_source = g_idle_source_new ();
      g_source_set_priority (self->record_source, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->record_source, on_record_turn, self, NULL);
      g_source_attach (self->record_source, g_main_context_get_thread_default ());
    }
  return TRUE;
}

static void
push_failed (BtsStore *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;

      if (!entry->has_failed)
        continue;

      entry->has_failed = FALSE;
      mark_dirty (self, entry);
    }
}

static gboolean
on_retry (gpointer user_data)
{
  BtsStore *self = user_data;

  g_clear_pointer (&self->retry_source, g_source_unref);
  push_failed (self);

  return G_SOURCE_REMOVE;
}

static void
retry_later (BtsStore *self, const GError *error)
{
  if (self->retry_source != NULL)
    return;

  if (self->retry_delay_seconds == 0)
    g_message ("Operations cannot be saved in %s, trying again: %s", self->folder_path,
               error->message);

  self->retry_delay_seconds = CLAMP (self->retry_delay_seconds * 2, 1, MAX_RETRY_DELAY_SECONDS);
  self->retry_source = g_timeout_source_new_seconds (self->retry_delay_seconds);
  g_source_set_callback (self->retry_source, on_retry, self, NULL);
  g_source_attach (self->retry_source, g_main_context_get_thread_default ());
}

static void
end_trouble (BtsStore *self)
{
  if (self->retry_delay_seconds == 0 || self->retry_source != NULL)
    return;

  g_message ("Operations are saved in %s again", self->folder_path);
  self->retry_delay_seconds = 0;
}

static void
take_success (BtsStore *self, Entry *entry, guint64 version)
{
  entry->durable_version = version;
  entry->has_failed = FALSE;

  /* What is newer waits already, or will be asked for. */
  if (!entry->is_dirty && entry->queued_version == version)
    g_clear_object (&entry->operation);

  if (is_gone_for_good (entry))
    g_hash_table_remove (self->entries, entry->guid);
}

/* What could not be removed is there again, and has to be written: nobody knows what the disk has.
 */
static void
keep (Entry *entry)
{
  entry->operation = g_object_ref (entry->watched);
  g_object_weak_unref (G_OBJECT (entry->watched), on_operation_gone, entry);
  entry->watched = NULL;
  entry->is_removed = FALSE;
  entry->durable_version = 0;
  entry->queued_version = 0;
}

static void
take_failure (BtsStore *self, Entry *entry, guint64 version, const GError *error)
{
  if (entry->is_dirty || entry->queued_version != version)
    return;

  if (entry->is_removed && !entry->is_dropped && entry->watched != NULL)
    keep (entry);
  entry->has_failed = TRUE;
  retry_later (self, error);
}

static void
on_written (GPtrArray *jobs, gpointer user_data)
{
  g_autoptr (BtsStore) self = g_object_ref (user_data);
  gboolean has_success = FALSE;

  for (guint i = 0; i < jobs->len; i++)
    {
      const BtsFileJob *job = g_ptr_array_index (jobs, i);
      Entry *entry = g_hash_table_lookup (self->entries, job->name);
      g_autoptr (BtsWaiters) answered = NULL;

      if (entry == NULL)
        continue;

      if (entry->waiters != NULL)
        answered = bts_waiters_steal (entry->waiters, job->version);
      if (entry->waiters != NULL && bts_waiters_is_empty (entry->waiters))
        g_clear_pointer (&entry->waiters, bts_waiters_free);
      if (job->error != NULL)
        take_failure (self, entry, job->version, job->error);
      else
        {
          take_success (self, entry, job->version);
          has_success = TRUE;
        }
      if (answered != NULL)
        bts_waiters_answer (answered, job->error);
    }

  if (has_success)
    end_trouble (self);
}

static void
add_waiter (Entry *entry, GTask *task, guint64 version)
{
  if (entry->waiters == NULL)
    entry->waiters = bts_waiters_new ();
  bts_waiters_add (entry->waiters, task, version);
}

static gboolean
is_queued (Entry *entry, guint64 version)
{
  return version <= entry->queued_version && !entry->has_failed;
}

/* @task is answered once for it, maybe at once. Whether it got dirty. */
static gboolean
save (BtsStore *self, BtsOperation *operation, GTask *task)
{
  Entry *entry = ensure_entry (self, operation);
  guint64 version = entry->is_removed ? REMOVED_VERSION : bts_operation_get_version (operation);

  if (version <= entry->durable_version)
    {
      bts_waiter_answer (task, NULL);
      return FALSE;
    }

  add_waiter (entry, task, version);
  if (is_queued (entry, version))
    return FALSE;

  if (!entry->is_removed)
    g_set_object (&entry->operation, operation);
  entry->has_failed = FALSE;
  return mark_dirty (self, entry);
}

void
bts_store_save_async (BtsStore *self,
                      BtsOperation *operation,
                      GCancellable *cancellable,
                      GAsyncReadyCallback callback,
                      gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, bts_store_save_async);
  save (self, operation, task);
}

void
bts_store_save_all_async (BtsStore *self,
                          GPtrArray *operations,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Entry *previous = NULL;

  g_task_set_source_tag (task, bts_store_save_async);
  bts_waiter_expect (task, operations->len);
  if (operations->len == 0)
    g_task_return_boolean (task, TRUE);

  for (guint i = 0; i < operations->len; i++)
    {
      if (!save (self, operations->pdata[i], task))
        continue;
      if (previous != NULL)
        previous->is_joined = TRUE;
      previous = ensure_entry (self, operations->pdata[i]);
    }
}

gboolean
bts_store_save_finish (BtsStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
remove_entry (BtsStore *self, Entry *entry, BtsOperation *operation)
{
  if (entry->is_removed && !entry->has_failed)
    return;

  if (!entry->is_removed)
    {
      entry->is_removed = TRUE;
      entry->watched = operation;
      g_object_weak_ref (G_OBJECT (operation), on_operation_gone, entry);
      g_clear_object (&entry->operation);
    }
  entry->has_failed = FALSE;
  mark_dirty (self, entry);
}

void
bts_store_delete_async (BtsStore *self,
                        BtsOperation *operation,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Entry *entry = ensure_entry (self, operation);

  g_task_set_source_tag (task, bts_store_delete_async);
  if (entry->is_removed && entry->durable_version == REMOVED_VERSION)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  add_waiter (entry, task, REMOVED_VERSION);
  remove_entry (self, entry, operation);
}

gboolean
bts_store_delete_finish (BtsStore *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bts_store_drop (BtsStore *self, BtsOperation *operation)
{
  Entry *entry = ensure_entry (self, operation);

  entry->is_dropped = TRUE;
  remove_entry (self, entry, operation);
}

void
bts_store_flush (BtsStore *self, guint timeout_ms)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) timeout_ms * 1000;

  push_failed (self);
  do
    push_dirty (self, G_MAXUINT, G_MAXSIZE);
  while (bts_writer_wait (self->writer, deadline) && !bts_lanes_is_empty (self->dirty) &&
         g_get_monotonic_time () < deadline);
}
