/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/create-operation.h"

#include "bus/new-groups.h"
#include "bus/part-files.h"
#include "common/bgt-error.h"
#include "common/object-path.h"
#include "model/part-checks.h"

/* One operation on its way. */
typedef struct
{
  struct _Batch *batch; /* (unowned) */
  guint index;
  BtsCreateSpec *spec;     /* (owned) */
  BtsRequest *request;     /* (owned) (nullable) */
  BtsOwner *owner;         /* (owned) (nullable) */
  BtsOperation *operation; /* (owned) (nullable) */
  gboolean is_reserved;
  guint n_descriptors; /* that are */
  gsize n_bytes;       /* likewise */
} Item;

typedef struct _Batch
{
  BtsBus *bus;           /* (unowned): held by the call that waits */
  BtsCaller *caller;     /* (owned) */
  BtsRegistry *registry; /* (owned): outlives the call, for the reservations */
  GPtrArray *items;      /* (owned) (element-type Item) */
  BtsNewGroups *groups;  /* (owned): that its operations will be in */
  gboolean is_batch;
  guint n_pending;
  guint n_published;
  guint error_index;
  GError *error; /* (owned) (nullable): that of the first item that failed */
} Batch;

gboolean
bts_check_uri_is_allowed (const BtsLimits *limits, const char *uri, GError **error)
{
  if (!limits->allow_plain_http && g_ascii_strncasecmp (uri, "http:", 5) == 0)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                           "This service has AllowPlainHttp=false: “uri” must be https");
      return FALSE;
    }

  return TRUE;
}

BtsCreateSpec *
bts_create_spec_new (BgtOperationKind kind, GVariant *options, int fd)
{
  BtsCreateSpec *self = g_new0 (BtsCreateSpec, 1);

  self->kind = kind;
  self->options = g_variant_ref_sink (options);
  self->files = BTS_DESCRIPTORS_NONE;
  self->files.file = fd;

  return self;
}

void
bts_create_spec_free (BtsCreateSpec *self)
{
  g_clear_pointer (&self->options, g_variant_unref);
  bts_descriptors_clear (&self->files);
  g_free (self);
}

static void
release (Item *item)
{
  if (item->is_reserved)
    bts_usage_release (bts_registry_get_usage (item->batch->registry), item->owner, 1,
                       item->n_descriptors, item->n_bytes);
  item->is_reserved = FALSE;
}

static void
item_free (Item *item)
{
  release (item);
  g_clear_pointer (&item->spec, bts_create_spec_free);
  g_clear_pointer (&item->request, bts_request_unref);
  g_clear_pointer (&item->owner, bts_owner_unref);
  g_clear_object (&item->operation);
  g_free (item);
}

static void
batch_free (Batch *batch)
{
  g_clear_pointer (&batch->items, g_ptr_array_unref);
  g_clear_pointer (&batch->groups, bts_new_groups_free);
  g_clear_object (&batch->registry);
  g_clear_pointer (&batch->caller, bts_caller_unref);
  g_clear_error (&batch->error);
  g_free (batch);
}

/* Keeps the error of the first item, by index, that has one; takes @error. */
static void
take_error (Item *item, GError *error)
{
  Batch *batch = item->batch;

  if (batch->error != NULL && batch->error_index <= item->index)
    {
      g_error_free (error);
      return;
    }
  if (batch->is_batch)
    g_prefix_error (&error, "Operation %u: ", item->index);
  g_clear_error (&batch->error);
  batch->error = error;
  batch->error_index = item->index;
}

/* Who owns it: a caller outside a sandbox may say which application. */
static BtsOwner *
dup_owner (Item *item)
{
  BtsOwner *owner = item->batch->caller->owner;
  GVariant *value = bts_request_lookup (item->request, "application-id");

  if (value == NULL || bts_owner_is_sandboxed (owner))
    return bts_owner_ref (owner);

  return bts_owner_new (bts_owner_get_uid (owner), g_variant_get_string (value, NULL), FALSE);
}

static gboolean
has_path (BtsRequest *request)
{
  GVariant *parts = bts_request_lookup (request, "parts");

  return bts_request_get_destination (request) != NULL ||
         bts_request_get_source (request) != NULL || (parts != NULL && bts_parts_have_path (parts));
}

static gboolean
check_caller (Item *item, GError **error)
{
  BtsCaller *caller = item->batch->caller;

  if (!bts_caller_check_network (caller, error))
    return FALSE;
  if (bts_owner_is_sandboxed (caller->owner) && has_path (item->request))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                           "A sandboxed application must pass a file descriptor, not a path");
      return FALSE;
    }

  return TRUE;
}

static gboolean
ensure_group (Item *item, GError **error)
{
  GVariant *name = bts_request_lookup (item->request, "group");

  return name == NULL ||
         bts_new_groups_ensure (item->batch->groups, item->owner, g_variant_get_string (name, NULL),
                                FALSE, error) != NULL;
}

/* That there is one; what it is, the engine finds out. */
static gboolean
note_body (Item *item, GError **error)
{
  BtsRequest *request;

  if (item->spec->files.body < 0)
    return TRUE;
  request = bts_request_with (item->request, "body-file", g_variant_new ("a{sv}", NULL), error);
  if (request == NULL)
    return FALSE;
  bts_request_unref (item->request);
  item->request = request;
  return TRUE;
}

/* Anew, where it is already, for what it has become. */
static gboolean
reserve (Item *item, GError **error)
{
  const BtsLimits *limits = item->batch->bus->service.limits;

  release (item);
  item->n_descriptors = bts_descriptors_get_count (&item->spec->files);
  item->n_bytes = bts_request_get_size (item->request);
  item->is_reserved =
      bts_usage_reserve (bts_registry_get_usage (item->batch->registry), item->owner, 1,
                         item->n_descriptors, item->n_bytes, limits->max_operations_per_application,
                         limits->max_operations_per_user, error);
  return item->is_reserved;
}

/* All that can be said without asking anybody. */
static gboolean
prepare (Item *item, GError **error)
{
  const BtsServiceContext *service = &item->batch->bus->service;

  item->request = bts_request_new (item->spec->kind, item->spec->options, error);
  if (item->request == NULL || !note_body (item, error) || !check_caller (item, error) ||
      !bts_check_uri_is_allowed (service->limits, bts_request_get_uri (item->request), error))
    return FALSE;

  item->owner = dup_owner (item);
  return ensure_group (item, error) && reserve (item, error);
}

static void
return_error (GTask *task)
{
  Batch *batch = g_task_get_task_data (task);

  g_task_return_error (task, g_steal_pointer (&batch->error));
}

static void
return_operations (GTask *task)
{
  Batch *batch = g_task_get_task_data (task);
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < batch->items->len; i++)
    g_ptr_array_add (operations, g_object_ref (((Item *) batch->items->pdata[i])->operation));
  g_task_return_pointer (task, g_steal_pointer (&operations), (GDestroyNotify) g_ptr_array_unref);
}

/* One operation a turn of the main loop: each is told to every connection of its user. All are in
 * place before the first one moves. */
static gboolean
publish_next (gpointer user_data)
{
  GTask *task = user_data;
  Batch *batch = g_task_get_task_data (task);
  GPtrArray *items = batch->items;
  Item *item = items->pdata[batch->n_published++];

  release (item);
  if (batch->n_published < items->len)
    {
      bts_registry_add_arriving (batch->registry, item->operation);
      return G_SOURCE_CONTINUE;
    }

  for (guint i = 0; i < items->len; i++)
    bts_registry_end_arrival (batch->registry, ((Item *) items->pdata[i])->operation);
  bts_registry_add (batch->registry, item->operation);
  return_operations (task);
  return G_SOURCE_REMOVE;
}

static void
publish (GTask *task)
{
  Batch *batch = g_task_get_task_data (task);

  bts_new_groups_publish (batch->groups);
  if (publish_next (task) == G_SOURCE_CONTINUE)
    g_idle_add_full (G_PRIORITY_DEFAULT, publish_next, g_object_ref (task), g_object_unref);
}

typedef struct
{
  GTask *task; /* (owned) */
  Item *item;  /* (unowned) */
} Step;

static Step *
step_new (GTask *task, Item *item)
{
  Step *step = g_new0 (Step, 1);

  step->task = g_object_ref (task);
  step->item = item;

  return step;
}

static GTask *
step_end (Step *step, Item **item)
{
  GTask *task = step->task;

  *item = step->item;
  g_free (step);

  return task;
}

static void
make_operation (Item *item)
{
  BtsClock *clock = item->batch->bus->service.clock;
  g_autofree char *guid = bts_guid_new ();
  /* So that those of one call keep their order. */
  gint64 now = bts_clock_get_wall_time (clock) + item->index;
  g_autoptr (GError) error = NULL;

  item->operation = bts_operation_new (guid, item->owner, item->request, now);
  bts_part_files_set_streams_apart (&item->spec->files, item->request);
  *bts_operation_get_files (item->operation) = bts_descriptors_steal (&item->spec->files);
  if (item->spec->is_started && !bts_operation_start (item->operation, now, &error))
    g_assert_not_reached ();
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Batch *batch = g_task_get_task_data (task);

  if (bts_store_save_finish (BTS_STORE (source), result, &batch->error))
    {
      publish (task);
      return;
    }

  /* The store would try again. */
  for (guint i = 0; i < batch->items->len; i++)
    bts_store_drop (BTS_STORE (source), ((Item *) batch->items->pdata[i])->operation);
  return_error (task);
}

static void
save_all (GTask *task)
{
  Batch *batch = g_task_get_task_data (task);
  g_autoptr (GPtrArray) operations = g_ptr_array_new ();

  for (guint i = 0; i < batch->items->len; i++)
    {
      Item *item = batch->items->pdata[i];

      make_operation (item);
      g_ptr_array_add (operations, item->operation);
    }
  bts_store_save_all_async (batch->bus->service.store, operations, NULL, on_saved,
                            g_object_ref (task));
}

static void
on_groups_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Batch *batch = g_task_get_task_data (task);

  if (bts_new_groups_save_finish (result, &batch->error))
    save_all (task);
  else
    return_error (task);
}

/* A worker is the user's, who could give the operation to another group than it is counted in. */
static gboolean
check_key (const char *key, GError **error)
{
  static const char *const keys[] = { "destination-file", "source-file", "body-file", "parts",
                                      NULL };

  if (g_strv_contains (keys, key))
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The worker has found “%s”, which is no file",
               key);
  return FALSE;
}

/* Adds what the engine found out to the request. */
static gboolean
take_found (Item *item, GVariant *found, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, found);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) owned = value;
      BtsRequest *request = NULL;

      if (check_key (key, error))
        request = bts_request_with (item->request, key, owned, error);
      if (request == NULL)
        return FALSE;
      bts_request_unref (item->request);
      item->request = request;
    }

  return TRUE;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Item *item;
  g_autoptr (GTask) task = step_end (user_data, &item);
  Batch *batch = item->batch;
  g_autoptr (GVariant) found = NULL;
  GError *error = NULL;

  found = bts_engine_check_finish (BTS_ENGINE (source), result, &error);
  if (found == NULL || !take_found (item, found, &error) || !reserve (item, &error))
    take_error (item, error);

  if (--batch->n_pending > 0)
    return;
  if (batch->error != NULL)
    return_error (task);
  else
    bts_new_groups_save_async (batch->groups, on_groups_saved, g_object_ref (task));
}

static void
check_all (GTask *task)
{
  Batch *batch = g_task_get_task_data (task);

  batch->n_pending = batch->items->len;
  for (guint i = 0; i < batch->items->len; i++)
    {
      Item *item = batch->items->pdata[i];

      bts_engine_check_async (batch->bus->service.engine, item->owner, item->request,
                              &item->spec->files, NULL, on_checked, step_new (task, item));
    }
}

void
bts_create_operations_async (BtsBus *bus,
                             BtsCaller *caller,
                             GPtrArray *specs,
                             gboolean is_batch,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Batch *batch = g_new0 (Batch, 1);

  g_task_set_source_tag (task, bts_create_operations_async);
  g_task_set_task_data (task, batch, (GDestroyNotify) batch_free);
  batch->bus = bus;
  batch->registry = g_object_ref (bus->service.registry);
  batch->caller = bts_caller_ref (caller);
  batch->is_batch = is_batch;
  batch->groups = bts_new_groups_new (bus->service.groups, bus->service.files);
  batch->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);

  for (guint i = 0; i < specs->len && batch->error == NULL; i++)
    {
      Item *item = g_new0 (Item, 1);
      BtsCreateSpec *spec = specs->pdata[i];
      GError *error = NULL;

      item->batch = batch;
      item->index = i;
      item->spec = bts_create_spec_new (spec->kind, spec->options, -1);
      item->spec->files = bts_descriptors_steal (&spec->files);
      item->spec->is_started = spec->is_started;
      g_ptr_array_add (batch->items, item);
      if (!prepare (item, &error))
        take_error (item, error);
    }

  if (batch->error != NULL)
    return_error (task);
  else if (batch->items->len == 0)
    return_operations (task);
  else
    check_all (task);
}

GPtrArray *
bts_create_operations_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
