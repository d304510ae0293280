/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "engine-fake.h"

#include <fcntl.h>

#include "common/bgt-error.h"

struct _BtsEngineFake
{
  GObject parent_instance;
  BtsStore *store;     /* (owned) */
  BtsClock *clock;     /* (owned) */
  GHashTable *refused; /* (owned) (element-type utf8 int): destination to error code */
  GVariant *found;     /* (owned) */
  guint n_checks;
  guint n_forgotten;
};

static void engine_iface_init (BtsEngineInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsEngineFake,
                               bts_engine_fake,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_ENGINE, engine_iface_init))

static void
check_async (BtsEngine *engine,
             BtsOwner *owner,
             BtsRequest *request,
             const BtsDescriptors *files,
             GCancellable *cancellable,
             GAsyncReadyCallback callback,
             gpointer user_data)
{
  BtsEngineFake *self = BTS_ENGINE_FAKE (engine);
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);
  const char *destination = bts_request_get_destination (request);
  gpointer code;

  self->n_checks++;
  if (destination != NULL && g_hash_table_lookup_extended (self->refused, destination, NULL, &code))
    g_task_return_new_error (task, BGT_ERROR, GPOINTER_TO_INT (code), "Refused");
  else
    g_task_return_pointer (task, g_variant_ref (self->found), (GDestroyNotify) g_variant_unref);
}

static GVariant *
check_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (bts_store_save_finish (BTS_STORE (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
settle_async (BtsEngine *engine,
              BtsOperation *operation,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  BtsEngineFake *self = BTS_ENGINE_FAKE (engine);
  GTask *task = g_task_new (engine, cancellable, callback, user_data);

  if (bts_operation_get_intent (operation) == BTS_INTENT_CANCEL)
    bts_operation_finish (operation, BGT_OPERATION_STATUS_CANCELED, 0, NULL,
                          bts_clock_get_wall_time (self->clock));
  bts_store_save_async (self->store, operation, NULL, on_saved, task);
}

static gboolean
settle_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
forget_async (BtsEngine *engine,
              BtsOperation *operation,
              GCancellable *cancellable,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  BTS_ENGINE_FAKE (engine)->n_forgotten++;
  g_task_return_boolean (task, TRUE);
}

static void
open_result_async (BtsEngine *engine,
                   BtsOperation *operation,
                   guint64 position,
                   GCancellable *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (engine, cancellable, callback, user_data);

  if (position >= bts_operation_get_bytes_received (operation))
    g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_NOT_YET_AVAILABLE, "Not there yet");
  else
    g_task_return_int (task, open ("/dev/zero", O_RDONLY | O_CLOEXEC));
}

static int
open_result_finish (BtsEngine *engine, GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}

static void
request_range (BtsEngine *engine, BtsOperation *operation, guint64 offset, guint64 length)
{
}

static void
engine_iface_init (BtsEngineInterface *iface)
{
  iface->check_async = check_async;
  iface->check_finish = check_finish;
  iface->settle_async = settle_async;
  iface->settle_finish = settle_finish;
  iface->forget_async = forget_async;
  iface->forget_finish = settle_finish;
  iface->open_result_async = open_result_async;
  iface->open_result_finish = open_result_finish;
  iface->request_range = request_range;
}

static void
bts_engine_fake_finalize (GObject *object)
{
  BtsEngineFake *self = BTS_ENGINE_FAKE (object);

  g_clear_object (&self->store);
  g_clear_object (&self->clock);
  g_clear_pointer (&self->refused, g_hash_table_unref);
  g_clear_pointer (&self->found, g_variant_unref);

  G_OBJECT_CLASS (bts_engine_fake_parent_class)->finalize (object);
}

static void
bts_engine_fake_class_init (BtsEngineFakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_engine_fake_finalize;
}

static void
bts_engine_fake_init (BtsEngineFake *self)
{
  self->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->found = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

BtsEngineFake *
bts_engine_fake_new (BtsStore *store, BtsClock *clock)
{
  BtsEngineFake *self = g_object_new (BTS_TYPE_ENGINE_FAKE, NULL);

  self->store = g_object_ref (store);
  self->clock = g_object_ref (clock);

  return self;
}

void
bts_engine_fake_set_found (BtsEngineFake *self, GVariant *found)
{
  g_variant_unref (self->found);
  self->found = g_variant_ref_sink (found);
}

void
bts_engine_fake_refuse (BtsEngineFake *self, const char *destination, int error_code)
{
  g_hash_table_insert (self->refused, g_strdup (destination), GINT_TO_POINTER (error_code));
}

guint
bts_engine_fake_get_n_checks (BtsEngineFake *self)
{
  return self->n_checks;
}

guint
bts_engine_fake_get_n_forgotten (BtsEngineFake *self)
{
  return self->n_forgotten;
}
