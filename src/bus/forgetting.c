/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/forgetting.h"

typedef struct
{
  BtsRegistry *registry;   /* (owned) */
  BtsStore *store;         /* (owned) */
  BtsOperation *operation; /* (owned) */
} Forgetting;

static void
forgetting_free (gpointer data)
{
  Forgetting *forgetting = data;

  g_object_unref (forgetting->registry);
  g_object_unref (forgetting->store);
  g_object_unref (forgetting->operation);
  g_free (forgetting);
}

/* Takes @error. */
static void
give_up (GTask *task, GError *error)
{
  Forgetting *forgetting = g_task_get_task_data (task);

  bts_operation_count_leaving (forgetting->operation, -1);
  g_task_return_error (task, error);
}

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Forgetting *forgetting = g_task_get_task_data (task);
  const char *guid = bts_operation_get_guid (forgetting->operation);
  GError *error = NULL;

  if (!bts_store_delete_finish (BTS_STORE (source), result, &error))
    {
      give_up (task, error);
      return;
    }
  /* Another one may have been faster. */
  if (bts_registry_lookup (forgetting->registry, guid) == forgetting->operation)
    bts_registry_remove (forgetting->registry, forgetting->operation);
  g_task_return_boolean (task, TRUE);
}

static void
on_files_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Forgetting *forgetting = g_task_get_task_data (task);
  GError *error = NULL;

  if (bts_engine_forget_finish (BTS_ENGINE (source), result, &error))
    bts_store_delete_async (forgetting->store, forgetting->operation, NULL, on_deleted,
                            g_object_ref (task));
  else
    give_up (task, error);
}

void
bts_forget_async (BtsRegistry *registry,
                  BtsStore *store,
                  BtsEngine *engine,
                  BtsOperation *operation,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Forgetting *forgetting = g_new0 (Forgetting, 1);
  GError *error = NULL;

  forgetting->registry = g_object_ref (registry);
  forgetting->store = g_object_ref (store);
  forgetting->operation = g_object_ref (operation);
  g_task_set_source_tag (task, bts_forget_async);
  g_task_set_task_data (task, forgetting, forgetting_free);
  if (!bts_operation_may_acknowledge (operation, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  bts_operation_count_leaving (operation, 1);
  bts_engine_forget_async (engine, operation, NULL, on_files_removed, g_object_ref (task));
}

gboolean
bts_forget_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
