/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/service.h"

#include "bus/group-notifier.h"
#include "bus/interfaces.h"
#include "bus/object-tree.h"
#include "bus/operation-object.h"
#include "bus/property-notifier.h"
#include "bus/root-notifier.h"
#include "bus/unread-query.h"
#include "bus/unread.h"
#include "common/bgt-error.h"
#include "common/names.h"

struct _BtsService
{
  GObject parent_instance;
  BtsBus bus;          /* its members are (owned) */
  gboolean has_warned; /* that the bus does not say what is unread */
  guint n_calls;
  guint name_id;
};

enum
{
  SIGNAL_NAME_ACQUIRED,
  SIGNAL_NAME_LOST,
  SIGNAL_ACTIVITY,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (BtsService, bts_service, G_TYPE_OBJECT)

static void
on_call_began (gpointer user_data)
{
  BtsService *self = user_data;

  self->n_calls++;
  g_signal_emit (self, signals[SIGNAL_ACTIVITY], 0);
}

static void
on_call_ended (gpointer user_data)
{
  BtsService *self = user_data;

  self->n_calls--;
  g_signal_emit (self, signals[SIGNAL_ACTIVITY], 0);
}

static void
on_caller_vanished (BtsCallerCache *callers, const char *name, gpointer user_data)
{
  BtsService *self = user_data;

  bts_unread_remove (self->bus.unread, name);
  bts_audience_forget (self->bus.audience, name);
  if (self->bus.tree != NULL)
    bts_object_tree_forget (self->bus.tree, name);
  g_signal_emit (self, signals[SIGNAL_ACTIVITY], 0);
}

/* On a session bus all are one user's, who stops nobody else. */
static void
on_caller_known (BtsCallerCache *callers, const char *name, BtsCaller *caller, gpointer user_data)
{
  BtsService *self = user_data;

  if (!self->bus.service.is_session)
    bts_unread_add (self->bus.unread, name, bts_owner_get_uid (caller->owner));
}

static void
on_unread_known (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BtsService) self = user_data;
  g_autofree char *name = NULL;
  g_autoptr (GError) error = NULL;
  gsize n_bytes = 0;

  if (!bts_unread_query_finish (result, &name, &n_bytes, &error) && !self->has_warned &&
      !g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    {
      self->has_warned = TRUE;
      g_info ("What clients have not read is not limited: %s", error->message);
    }
  /* Where nobody knows, it counts as read. */
  bts_unread_take_answer (self->bus.unread, name, n_bytes);
}

static void
ask_what_is_unread (const char *name, gpointer user_data)
{
  BtsService *self = user_data;

  bts_unread_query_async (self->bus.service.connection, name, on_unread_known, g_object_ref (self));
}

static void
on_verdict_changed (const char *name, BtsUnreadVerdict verdict, gpointer user_data)
{
  BtsService *self = user_data;

  if (self->bus.tree != NULL)
    bts_object_tree_take_verdict (self->bus.tree, name, verdict);
  if (verdict == BTS_UNREAD_GO_ON)
    bts_audience_catch_up (self->bus.audience, name);
}

static const BtsUnreadHooks unread_hooks = { ask_what_is_unread, on_verdict_changed };

static void
on_operation_added (BtsRegistry *registry, BtsOperation *operation, gpointer user_data)
{
  BtsService *self = user_data;

  bts_property_notifier_add (self->bus.notifier, operation);
  if (self->bus.tree != NULL)
    bts_operation_object_emit_added (&self->bus, operation);
}

static void
on_operation_removed (BtsRegistry *registry, BtsOperation *operation, gpointer user_data)
{
  BtsService *self = user_data;

  bts_caller_cache_forget_operation (self->bus.callers, bts_operation_get_guid (operation));
  bts_property_notifier_remove (self->bus.notifier, operation);
  if (self->bus.tree != NULL)
    bts_operation_object_emit_removed (&self->bus, operation);
}

static void
on_operation_finished (BtsRegistry *registry, BtsOperation *operation, gpointer user_data)
{
  /* One that was attached to holds nothing up any more. */
  g_signal_emit (user_data, signals[SIGNAL_ACTIVITY], 0);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_NAME_ACQUIRED], 0);
}

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_NAME_LOST], 0);
}

void
bts_service_own_name (BtsService *self)
{
  g_return_if_fail (self->name_id == 0);

  self->name_id = g_bus_own_name_on_connection (self->bus.service.connection, BGT_BUS_NAME,
                                                G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE,
                                                on_name_acquired, on_name_lost, self, NULL);
}

static gboolean
is_unfinished (const char *guid, gpointer user_data)
{
  BtsOperation *operation = bts_registry_lookup (user_data, guid);

  return operation != NULL && !bts_operation_is_finished (operation);
}

gboolean
bts_service_is_idle (BtsService *self)
{
  return self->n_calls == 0 && !bts_caller_cache_is_attached (self->bus.callers, is_unfinished,
                                                              self->bus.service.registry);
}

void
bts_service_take_conditions (BtsService *self)
{
  bts_root_notifier_update (self->bus.root_notifier);
}

void
bts_service_stop (BtsService *self)
{
  g_clear_pointer (&self->bus.tree, bts_object_tree_free);
  g_clear_handle_id (&self->name_id, g_bus_unown_name);
}

static void
bts_service_dispose (GObject *object)
{
  BtsService *self = BTS_SERVICE (object);

  bts_service_stop (self);

  G_OBJECT_CLASS (bts_service_parent_class)->dispose (object);
}

static void
bts_service_finalize (GObject *object)
{
  BtsService *self = BTS_SERVICE (object);

  g_clear_pointer (&self->bus.root_notifier, bts_root_notifier_free);
  g_clear_pointer (&self->bus.group_notifier, bts_group_notifier_free);
  g_clear_pointer (&self->bus.notifier, bts_property_notifier_free);
  g_clear_pointer (&self->bus.changes, bts_change_queue_unref);
  g_clear_pointer (&self->bus.authority_checks, g_hash_table_unref);
  g_clear_pointer (&self->bus.audience, bts_audience_free);
  g_clear_pointer (&self->bus.pace, bts_call_pace_unref);
  g_clear_object (&self->bus.callers);
  g_clear_pointer (&self->bus.unread, bts_unread_free);
  g_clear_object (&self->bus.service.clock);
  g_clear_object (&self->bus.service.engine);
  g_clear_object (&self->bus.service.plans);
  g_clear_object (&self->bus.service.files);
  g_clear_object (&self->bus.service.store);
  g_clear_object (&self->bus.service.groups);
  g_clear_object (&self->bus.service.registry);
  g_clear_object (&self->bus.service.connection);

  G_OBJECT_CLASS (bts_service_parent_class)->finalize (object);
}

static guint
new_signal (BtsServiceClass *class, const char *name)
{
  return g_signal_new (name, G_TYPE_FROM_CLASS (class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, 0);
}

static void
bts_service_class_init (BtsServiceClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->dispose = bts_service_dispose;
  object_class->finalize = bts_service_finalize;

  signals[SIGNAL_NAME_ACQUIRED] = new_signal (class, "name-acquired");
  signals[SIGNAL_NAME_LOST] = new_signal (class, "name-lost");
  signals[SIGNAL_ACTIVITY] = new_signal (class, "activity");
}

static void
bts_service_init (BtsService *self)
{
}

/* The tables are part of the program, so a gap in them is found at its first start. */
static void
assert_complete (const BtsInterface *const *interfaces)
{
  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      const char *missing;

      if (!bts_interface_is_complete (interfaces[i], &missing))
        g_error ("Interface %s and its rows differ in %s", interfaces[i]->info->name, missing);
    }
}

static void
follow_registry (BtsService *self)
{
  BtsRegistry *registry = self->bus.service.registry;
  GPtrArray *operations = bts_registry_get_operations (registry);

  for (guint i = 0; i < operations->len; i++)
    bts_property_notifier_add (self->bus.notifier, operations->pdata[i]);
  g_signal_connect_object (registry, "operation-added", G_CALLBACK (on_operation_added), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (registry, "operation-removed", G_CALLBACK (on_operation_removed), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (registry, "operation-finished", G_CALLBACK (on_operation_finished), self,
                           G_CONNECT_DEFAULT);
}

BtsService *
bts_service_new (const BtsServiceContext *context)
{
  BtsService *self = g_object_new (BTS_TYPE_SERVICE, NULL);
  BtsBus *bus = &self->bus;

  assert_complete (bts_interfaces_get_for (NULL));
  assert_complete (bts_interfaces_get_for_any_operation ());
  assert_complete (bts_interfaces_get_for_group ());
  /* Registers the names of our errors with GDBus. */
  bgt_error_quark ();

  bus->service = *context;
  g_object_ref (bus->service.connection);
  g_object_ref (bus->service.registry);
  g_object_ref (bus->service.groups);
  g_object_ref (bus->service.store);
  g_object_ref (bus->service.files);
  g_object_ref (bus->service.plans);
  g_object_ref (bus->service.engine);
  g_object_ref (bus->service.clock);

  bus->callers = bts_caller_cache_new (bus->service.connection, bus->service.engine);
  g_signal_connect_object (bus->callers, "vanished", G_CALLBACK (on_caller_vanished), self,
                           G_CONNECT_DEFAULT);
  g_signal_connect_object (bus->callers, "known", G_CALLBACK (on_caller_known), self,
                           G_CONNECT_DEFAULT);
  bus->unread = bts_unread_new (bus->service.clock, &unread_hooks, self);
  bus->pace = bts_call_pace_new (bus->service.clock);
  bus->audience = bts_audience_new (bus->service.connection, bus->callers, bus->unread, bus->pace,
                                    bus->service.is_session);
  bus->authority_checks = g_hash_table_new (NULL, NULL);
  bus->changes = bts_change_queue_new ();
  bus->notifier = bts_property_notifier_new (bus);
  bus->group_notifier = bts_group_notifier_new (bus);
  self->bus.root_notifier = bts_root_notifier_new (bus);
  follow_registry (self);
  self->bus.tree = bts_object_tree_new (bus, G_OBJECT (self), on_call_began, on_call_ended);

  return self;
}
