/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/retention.h"

#include "bus/forgetting.h"

/* How many are forgotten together, and how old they are at least, where others need their room. */
#define MAX_FORGOTTEN_FOR_ROOM 1000
#define MIN_AGE_US G_TIME_SPAN_HOUR

struct _BtsRetention
{
  GObject parent;

  BtsRegistry *registry;   /* (owned) */
  BtsStore *store;         /* (owned) */
  BtsEngine *engine;       /* (owned) */
  BtsClock *clock;         /* (owned) */
  const BtsLimits *limits; /* (unowned) */
  guint alarm_id;
  guint n_being_forgotten;
};

G_DEFINE_FINAL_TYPE (BtsRetention, bts_retention, G_TYPE_OBJECT)

typedef struct
{
  BtsRetention *retention; /* (owned) */
  BtsOperation *operation; /* (owned) */
} Drop;

static void
drop_free (Drop *drop)
{
  drop->retention->n_being_forgotten--;
  g_object_unref (drop->retention);
  g_object_unref (drop->operation);
  g_free (drop);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Drop, drop_free)

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Drop) drop = user_data;
  g_autoptr (GError) error = NULL;

  if (!bts_forget_finish (result, &error))
    g_warning ("%s: could not be forgotten, and is kept until tomorrow: %s",
               bts_operation_get_guid (drop->operation), error->message);
}

static void
forget (BtsRetention *self, BtsOperation *operation, const char *why)
{
  Drop *drop = g_new0 (Drop, 1);

  g_message ("%s: %s and never acknowledged, so it is forgotten: %s",
             bts_operation_get_guid (operation),
             bgt_operation_status_to_string (bts_operation_get_status (operation)), why);
  self->n_being_forgotten++;
  drop->retention = g_object_ref (self);
  drop->operation = g_object_ref (operation);
  bts_forget_async (self->registry, self->store, self->engine, operation, on_forgotten, drop);
}

/* Up to @n of those that finished before @oldest, of @uid where it is not NULL. */
static void
forget_before (BtsRetention *self, gint64 oldest, const uid_t *uid, guint n, const char *why)
{
  GPtrArray *operations = bts_registry_get_operations (self->registry);
  g_autoptr (GPtrArray) old = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < operations->len && old->len < n; i++)
    {
      BtsOperation *operation = operations->pdata[i];

      if (uid != NULL && bts_owner_get_uid (bts_operation_get_owner (operation)) != *uid)
        continue;
      if (bts_operation_is_finished (operation) && bts_operation_get_finished (operation) < oldest)
        g_ptr_array_add (old, g_object_ref (operation));
    }
  for (guint i = 0; i < old->len; i++)
    forget (self, old->pdata[i], why);
}

static void
drop_old (BtsRetention *self)
{
  g_autofree char *why =
      g_strdup_printf ("that was more than %u days ago", self->limits->finished_operations_days);

  forget_before (self,
                 bts_clock_get_wall_time (self->clock) -
                     self->limits->finished_operations_days * G_TIME_SPAN_DAY,
                 NULL, G_MAXUINT, why);
}

/* What has finished must not keep new ones out. */
static void
on_added (BtsRetention *self, BtsOperation *added)
{
  BtsOwner *owner = bts_operation_get_owner (added);
  uid_t uid = bts_owner_get_uid (owner);

  if (self->n_being_forgotten == 0 &&
      bts_usage_is_room_scarce (bts_registry_get_usage (self->registry), owner))
    forget_before (self, bts_clock_get_wall_time (self->clock) - MIN_AGE_US, &uid,
                   MAX_FORGOTTEN_FOR_ROOM, "the room is needed");
}

static void
on_alarm (gpointer user_data)
{
  BtsRetention *self = BTS_RETENTION (user_data);

  drop_old (self);
  self->alarm_id = bts_clock_add_alarm (
      self->clock, bts_clock_get_boot_time (self->clock) + G_TIME_SPAN_DAY, on_alarm, self);
}

static void
bts_retention_dispose (GObject *object)
{
  BtsRetention *self = BTS_RETENTION (object);

  if (self->alarm_id != 0)
    bts_clock_remove_alarm (self->clock, self->alarm_id);
  self->alarm_id = 0;
  g_clear_object (&self->clock);
  g_clear_object (&self->engine);
  g_clear_object (&self->store);
  g_clear_object (&self->registry);
  G_OBJECT_CLASS (bts_retention_parent_class)->dispose (object);
}

static void
bts_retention_class_init (BtsRetentionClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_retention_dispose;
}

static void
bts_retention_init (BtsRetention *self)
{
}

BtsRetention *
bts_retention_new (BtsRegistry *registry,
                   BtsStore *store,
                   BtsEngine *engine,
                   BtsClock *clock,
                   const BtsLimits *limits)
{
  BtsRetention *self = g_object_new (BTS_TYPE_RETENTION, NULL);

  self->registry = g_object_ref (registry);
  self->store = g_object_ref (store);
  self->engine = g_object_ref (engine);
  self->clock = g_object_ref (clock);
  self->limits = limits;
  g_signal_connect_object (registry, "operation-added", G_CALLBACK (on_added), self,
                           G_CONNECT_SWAPPED);
  on_alarm (self);
  return self;
}
