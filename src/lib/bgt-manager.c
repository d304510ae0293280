/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "lib/bgt-manager.h"

#include "common/bgt-error.h"
#include "common/names.h"
#include "common/object-path.h"
#include "lib/manager-private.h"
#include "lib/operation-private.h"
#include "lib/remote.h"

/**
 * BgtManager:
 *
 * The service, and everything in it that this application may see, kept up to date. When the
 * service stops or is started anew, the operations stay and go on with what it then says.
 *
 * Since: 1.0
 */

/**
 * BgtManager::operation-added:
 * @self: the manager
 * @operation: what is new
 *
 * An operation has appeared.
 *
 * Since: 1.0
 */

/**
 * BgtManager::operation-removed:
 * @self: the manager
 * @operation: what is gone
 *
 * An operation was acknowledged, by this application or another.
 *
 * Since: 1.0
 */

/**
 * BgtManager:connected:
 *
 * Whether the service is there and its operations are known.
 *
 * Since: 1.0
 */

/**
 * BgtManager:version:
 *
 * The version of the service, "" where it did not say.
 *
 * Since: 1.0
 */

/**
 * BgtManager:operation-limit:
 *
 * How many unfinished operations an application may have, 0 where the service did not say.
 *
 * Since: 1.0
 */

#define OBJECT_MANAGER_INTERFACE "org.freedesktop.DBus.ObjectManager"
#define PROPERTIES_INTERFACE "org.freedesktop.DBus.Properties"
#define BUS_NAME "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define MANAGED_OBJECTS_TYPE "(a{oa{sa{sv}}})"

struct _BgtManager
{
  GObject parent_instance;

  GDBusConnection *connection; /* (owned) (nullable): until it is found */
  GCancellable *cancellable;   /* (owned): ends what runs when the object goes */
  GHashTable *operations;      /* (owned) (element-type utf8 BgtOperation), by object path */
  GVariant *properties;        /* (owned) (nullable): a{sv} of the Manager interface */
  char *owner;                 /* (owned) (nullable): unique name that is subscribed to */
  guint name_watch;
  guint subscription;
  gboolean is_connected;
};

G_DEFINE_FINAL_TYPE (BgtManager, bgt_manager, G_TYPE_OBJECT)

enum
{
  PROP_CONNECTED = 1,
  PROP_VERSION,
  PROP_OPERATION_LIMIT,
  N_PROPERTIES
};

enum
{
  SIGNAL_OPERATION_ADDED,
  SIGNAL_OPERATION_REMOVED,
  N_SIGNALS
};

static GParamSpec *properties[N_PROPERTIES];
static guint signals[N_SIGNALS];

static void
unsubscribe (BgtManager *self)
{
  if (self->subscription != 0)
    g_dbus_connection_signal_unsubscribe (self->connection, self->subscription);
  self->subscription = 0;
  g_clear_pointer (&self->owner, g_free);
}

static void
bgt_manager_dispose (GObject *object)
{
  BgtManager *self = BGT_MANAGER (object);

  g_cancellable_cancel (self->cancellable);
  if (self->name_watch != 0)
    g_bus_unwatch_name (self->name_watch);
  self->name_watch = 0;
  unsubscribe (self);
  g_clear_object (&self->connection);
  g_hash_table_remove_all (self->operations);
  G_OBJECT_CLASS (bgt_manager_parent_class)->dispose (object);
}

static void
bgt_manager_finalize (GObject *object)
{
  BgtManager *self = BGT_MANAGER (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->operations, g_hash_table_unref);
  g_clear_pointer (&self->properties, g_variant_unref);
  G_OBJECT_CLASS (bgt_manager_parent_class)->finalize (object);
}

static void
bgt_manager_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  BgtManager *self = BGT_MANAGER (object);

  if (id == PROP_CONNECTED)
    g_value_set_boolean (value, self->is_connected);
  else if (id == PROP_VERSION)
    g_value_set_string (value, bgt_manager_get_version (self));
  else
    g_value_set_uint (value, bgt_manager_get_operation_limit (self));
}

static void
bgt_manager_class_init (BgtManagerClass *klass)
{
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = bgt_manager_dispose;
  object_class->finalize = bgt_manager_finalize;
  object_class->get_property = bgt_manager_get_property;

  properties[PROP_CONNECTED] = g_param_spec_boolean ("connected", NULL, NULL, FALSE, flags);
  properties[PROP_VERSION] = g_param_spec_string ("version", NULL, NULL, NULL, flags);
  properties[PROP_OPERATION_LIMIT] =
      g_param_spec_uint ("operation-limit", NULL, NULL, 0, G_MAXUINT, 0, flags);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);

  signals[SIGNAL_OPERATION_ADDED] =
      g_signal_new ("operation-added", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                    NULL, G_TYPE_NONE, 1, BGT_TYPE_OPERATION);
  signals[SIGNAL_OPERATION_REMOVED] =
      g_signal_new ("operation-removed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                    NULL, NULL, G_TYPE_NONE, 1, BGT_TYPE_OPERATION);
}

static void
bgt_manager_init (BgtManager *self)
{
  self->cancellable = g_cancellable_new ();
  self->operations = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
}

static void
set_connected (BgtManager *self, gboolean is_connected)
{
  if (self->is_connected == is_connected)
    return;
  self->is_connected = is_connected;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_CONNECTED]);
}

BgtOperation *
bts_lib_manager_lookup_path (BgtManager *self, const char *path)
{
  return g_hash_table_lookup (self->operations, path);
}

BgtOperation *
bts_lib_manager_take_operation (BgtManager *self, const char *path, GVariant *values)
{
  g_autofree char *guid = bts_object_path_to_operation_guid (path);
  BgtOperation *operation = bts_lib_manager_lookup_path (self, path);
  BgtOperationKind kind = BGT_OPERATION_KIND_DOWNLOAD;
  const char *word = NULL;

  if (guid == NULL)
    return NULL;
  if (operation != NULL)
    {
      bts_lib_operation_update (operation, values);
      return operation;
    }

  if (g_variant_lookup (values, "Kind", "&s", &word))
    bgt_operation_kind_from_string (word, &kind);
  operation = bts_lib_operation_new (self->connection, path, kind);
  g_hash_table_insert (self->operations, g_strdup (path), operation);
  bts_lib_operation_update (operation, values);
  g_signal_emit (self, signals[SIGNAL_OPERATION_ADDED], 0, operation);
  return bts_lib_manager_lookup_path (self, path);
}

/* @interfaces is a{sa{sv}}. The Operation interface makes the object, others add to it. */
static void
take_interfaces (BgtManager *self, const char *path, GVariant *interfaces)
{
  g_autoptr (GVariant) operation_values = g_variant_lookup_value (
      interfaces, BGT_INTERFACE_OPERATION, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) download_values = g_variant_lookup_value (interfaces, BGT_INTERFACE_DOWNLOAD,
                                                                 G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) upload_values =
                 g_variant_lookup_value (interfaces, BGT_INTERFACE_UPLOAD, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariantDict) values = NULL;
  g_autoptr (GVariant) all = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (operation_values == NULL)
    return;
  values = g_variant_dict_new (operation_values);
  if (download_values != NULL || upload_values != NULL)
    {
      g_variant_iter_init (&iter, download_values != NULL ? download_values : upload_values);
      while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
        g_variant_dict_insert_value (values, name, value);
    }
  all = g_variant_ref_sink (g_variant_dict_end (values));
  bts_lib_manager_take_operation (self, path, all);
}

static void
remove_operation (BgtManager *self, const char *path)
{
  g_autoptr (BgtOperation) operation = NULL;
  g_autofree char *key = NULL;

  if (!g_hash_table_steal_extended (self->operations, path, (gpointer *) &key,
                                    (gpointer *) &operation))
    return;
  bts_lib_operation_set_removed (operation);
  g_signal_emit (self, signals[SIGNAL_OPERATION_REMOVED], 0, operation);
}

/* Everything that the service now has: what is not in @objects is gone. */
static void
take_managed_objects (BgtManager *self, GVariant *reply)
{
  g_autoptr (GVariant) objects = g_variant_get_child_value (reply, 0);
  g_autoptr (GList) paths = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  paths = g_hash_table_get_keys (self->operations);
  for (GList *l = paths; l != NULL;)
    {
      g_autoptr (GVariant) found = g_variant_lookup_value (objects, l->data, NULL);
      const char *gone = l->data;

      l = l->next;
      if (found == NULL)
        remove_operation (self, gone);
    }

  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    take_interfaces (self, path, interfaces);
}

static void
on_object_manager_signal (BgtManager *self, const char *signal, GVariant *parameters)
{
  if (g_str_equal (signal, "InterfacesAdded") &&
      g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oa{sa{sv}})")))
    {
      g_autoptr (GVariant) interfaces = NULL;
      const char *path;

      g_variant_get (parameters, "(&o@a{sa{sv}})", &path, &interfaces);
      take_interfaces (self, path, interfaces);
    }
  else if (g_str_equal (signal, "InterfacesRemoved") &&
           g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(oas)")))
    {
      g_autofree const char **interfaces = NULL;
      const char *path;

      g_variant_get (parameters, "(&o^a&s)", &path, &interfaces);
      if (g_strv_contains (interfaces, BGT_INTERFACE_OPERATION))
        remove_operation (self, path);
    }
}

/* Before the operations are known (is_connected) a change of one means nothing: it is in what
 * GetManagedObjects is going to answer. */
static void
on_signal (GDBusConnection *connection,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer user_data)
{
  g_autoptr (BgtManager) self = g_object_ref (user_data);
  BgtOperation *operation = bts_lib_manager_lookup_path (self, path);

  if (g_str_equal (interface, OBJECT_MANAGER_INTERFACE))
    on_object_manager_signal (self, signal, parameters);
  else if (operation == NULL)
    return;
  else if (!g_str_equal (interface, PROPERTIES_INTERFACE))
    bts_lib_operation_handle_signal (operation, signal, parameters);
  else if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    {
      g_autoptr (GVariant) changed = g_variant_get_child_value (parameters, 1);

      g_object_ref (operation);
      bts_lib_operation_update (operation, changed);
      g_object_unref (operation);
    }
}

/* Listens to @owner and nobody else: a rule with the well-known name would miss what arrives
 * before GDBus has looked up who that is. */
static void
subscribe (BgtManager *self, const char *owner)
{
  unsubscribe (self);
  self->owner = g_strdup (owner);
  self->subscription =
      g_dbus_connection_signal_subscribe (self->connection, owner, NULL, NULL, NULL, NULL,
                                          G_DBUS_SIGNAL_FLAGS_NONE, on_signal, self, NULL);
}

static void
take_manager_properties (BgtManager *self, GVariant *reply)
{
  g_clear_pointer (&self->properties, g_variant_unref);
  self->properties = g_variant_get_child_value (reply, 0);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_VERSION]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_OPERATION_LIMIT]);
}

static void
on_managed_objects (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BgtManager *self = BGT_MANAGER (source);
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = bts_lib_remote_call_finish (result, NULL, &error);
  if (reply != NULL)
    {
      take_managed_objects (self, reply);
      set_connected (self, TRUE);
    }
  if (task != NULL && error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else if (task != NULL)
    g_task_return_boolean (task, TRUE);
}

static void
on_manager_properties (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BgtManager *self = BGT_MANAGER (source);
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = bts_lib_remote_call_finish (result, NULL, &error);
  if (reply != NULL)
    take_manager_properties (self, reply);
  else if (task != NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  else
    return;
  bts_lib_remote_call_async (self->connection, self, on_manager_properties, BGT_OBJECT_PATH,
                             OBJECT_MANAGER_INTERFACE, "GetManagedObjects", NULL,
                             MANAGED_OBJECTS_TYPE, NULL, self->cancellable, on_managed_objects,
                             g_steal_pointer (&task));
}

/* Gets everything anew. @task (nullable), taken, is what waits for it. */
static void
synchronize (BgtManager *self, GTask *task)
{
  bts_lib_remote_call_async (self->connection, self, synchronize, BGT_OBJECT_PATH,
                             PROPERTIES_INTERFACE, "GetAll",
                             g_variant_new ("(s)", BGT_INTERFACE_MANAGER), "(a{sv})", NULL,
                             self->cancellable, on_manager_properties, task);
}

static void
on_name_appeared (GDBusConnection *connection,
                  const char *name,
                  const char *owner,
                  gpointer user_data)
{
  BgtManager *self = user_data;

  if (g_strcmp0 (self->owner, owner) == 0)
    return;
  set_connected (self, FALSE);
  subscribe (self, owner);
  synchronize (self, NULL);
}

static void
on_name_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  BgtManager *self = user_data;

  if (connection != NULL)
    unsubscribe (self);
  set_connected (self, FALSE);
}

static void
begin_watch (BgtManager *self)
{
  self->name_watch =
      g_bus_watch_name_on_connection (self->connection, BGT_BUS_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                      on_name_appeared, on_name_vanished, self, NULL);
}

static void
on_owner (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BgtManager *self = g_task_get_source_object (task);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  const char *owner;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      bts_lib_remote_fix_error (error);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_variant_get (reply, "(&s)", &owner);
  subscribe (self, owner);
  begin_watch (self);
  synchronize (self, g_steal_pointer (&task));
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GVariant) reply = NULL;

  /* A service that is there but cannot be activated is an error here and none for us: whether
   * the name has an owner decides. */
  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_dbus_connection_call (G_DBUS_CONNECTION (source), BUS_NAME, BUS_PATH, BUS_NAME, "GetNameOwner",
                          g_variant_new ("(s)", BGT_BUS_NAME), G_VARIANT_TYPE ("(s)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, g_task_get_cancellable (user_data), on_owner,
                          user_data);
}

static void
on_connection (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BgtManager *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;

  self->connection = g_bus_get_finish (result, &error);
  if (self->connection == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, "StartServiceByName",
                          g_variant_new ("(su)", BGT_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          g_task_get_cancellable (task), on_started, task);
  g_steal_pointer (&task);
}

/**
 * bgt_manager_new_for_bus_async:
 * @bus_type: %G_BUS_TYPE_SYSTEM or %G_BUS_TYPE_SESSION
 * @cancellable: (nullable): gives up
 * @callback: (scope async): called when the service has answered, or cannot be reached
 * @user_data: data for @callback
 *
 * Connects to the service, which is started if need be, and learns about its operations.
 *
 * Since: 1.0
 */
void
bgt_manager_new_for_bus_async (GBusType bus_type,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (BgtManager) self = g_object_new (BGT_TYPE_MANAGER, NULL);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, bgt_manager_new_for_bus_async);
  g_bus_get (bus_type, cancellable, on_connection, task);
}

/**
 * bgt_manager_new_for_bus_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_new_for_bus_async().
 *
 * Returns: (transfer full): a manager, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtManager *
bgt_manager_new_for_bus_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, bgt_manager_new_for_bus_async), NULL);

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  return BGT_MANAGER (g_async_result_get_source_object (result));
}

static gboolean
connect_sync (BgtManager *self, GBusType bus_type, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) started = NULL;
  g_autoptr (GVariant) owner_reply = NULL;
  const char *owner;

  self->connection = g_bus_get_sync (bus_type, cancellable, error);
  if (self->connection == NULL)
    return FALSE;

  /* As in on_started (), whether the name has an owner decides. */
  started = g_dbus_connection_call_sync (
      self->connection, BUS_NAME, BUS_PATH, BUS_NAME, "StartServiceByName",
      g_variant_new ("(su)", BGT_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1, cancellable, NULL);
  owner_reply =
      g_dbus_connection_call_sync (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, "GetNameOwner",
                                   g_variant_new ("(s)", BGT_BUS_NAME), G_VARIANT_TYPE ("(s)"),
                                   G_DBUS_CALL_FLAGS_NONE, -1, cancellable, error);
  if (owner_reply == NULL)
    {
      if (error != NULL)
        bts_lib_remote_fix_error (*error);
      return FALSE;
    }
  g_variant_get (owner_reply, "(&s)", &owner);
  subscribe (self, owner);
  begin_watch (self);
  return TRUE;
}

/**
 * bgt_manager_new_for_bus_sync:
 * @bus_type: %G_BUS_TYPE_SYSTEM or %G_BUS_TYPE_SESSION
 * @cancellable: (nullable): gives up
 * @error: return location for an error
 *
 * Like bgt_manager_new_for_bus_async(), but waits for the answer.
 *
 * Returns: (transfer full): a manager, or %NULL with @error set
 *
 * Since: 1.0
 */
BgtManager *
bgt_manager_new_for_bus_sync (GBusType bus_type, GCancellable *cancellable, GError **error)
{
  g_autoptr (BgtManager) self = g_object_new (BGT_TYPE_MANAGER, NULL);
  g_autoptr (GVariant) own = NULL;
  g_autoptr (GVariant) objects = NULL;

  if (!connect_sync (self, bus_type, cancellable, error))
    return NULL;
  own = bts_lib_remote_call_sync (self->connection, BGT_OBJECT_PATH, PROPERTIES_INTERFACE, "GetAll",
                                  g_variant_new ("(s)", BGT_INTERFACE_MANAGER), "(a{sv})", NULL,
                                  NULL, cancellable, error);
  if (own == NULL)
    return NULL;
  take_manager_properties (self, own);
  objects = bts_lib_remote_call_sync (self->connection, BGT_OBJECT_PATH, OBJECT_MANAGER_INTERFACE,
                                      "GetManagedObjects", NULL, MANAGED_OBJECTS_TYPE, NULL, NULL,
                                      cancellable, error);
  if (objects == NULL)
    return NULL;
  take_managed_objects (self, objects);
  set_connected (self, TRUE);
  return g_steal_pointer (&self);
}

/**
 * bgt_manager_get_connection:
 * @self: a manager
 *
 * The connection to the bus.
 *
 * Returns: (transfer none): a connection
 *
 * Since: 1.0
 */
GDBusConnection *
bgt_manager_get_connection (BgtManager *self)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);

  return self->connection;
}

/**
 * bgt_manager_is_connected:
 * @self: a manager
 *
 * Whether the service is there and its operations are known. Where not, operations show what was
 * last known of them.
 *
 * Returns: the value of #BgtManager:connected
 *
 * Since: 1.0
 */
gboolean
bgt_manager_is_connected (BgtManager *self)
{
  g_return_val_if_fail (BGT_IS_MANAGER (self), FALSE);

  return self->is_connected;
}

/**
 * bgt_manager_get_version:
 * @self: a manager
 *
 * The version of the service.
 *
 * Returns: (transfer none): "" where the service did not say
 *
 * Since: 1.0
 */
const char *
bgt_manager_get_version (BgtManager *self)
{
  const char *version = "";

  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);

  if (self->properties != NULL)
    g_variant_lookup (self->properties, "Version", "&s", &version);
  return version;
}

/**
 * bgt_manager_get_operation_limit:
 * @self: a manager
 *
 * How many unfinished operations one application may have.
 *
 * Returns: 0 where the service did not say
 *
 * Since: 1.0
 */
guint
bgt_manager_get_operation_limit (BgtManager *self)
{
  guint limit = 0;

  g_return_val_if_fail (BGT_IS_MANAGER (self), 0);

  if (self->properties != NULL)
    g_variant_lookup (self->properties, "OperationLimit", "u", &limit);
  return limit;
}

static int
compare_created (gconstpointer a, gconstpointer b)
{
  const gint64 first = bgt_operation_get_created_time ((BgtOperation *) a);
  const gint64 second = bgt_operation_get_created_time ((BgtOperation *) b);

  return first < second ? -1 : first > second;
}

/**
 * bgt_manager_list_operations:
 * @self: a manager
 *
 * All operations that this application may see, oldest first.
 *
 * Returns: (transfer full) (element-type BgtOperation): the operations
 *
 * Since: 1.0
 */
GList *
bgt_manager_list_operations (BgtManager *self)
{
  GList *list;

  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);

  list = g_list_sort (g_hash_table_get_values (self->operations), compare_created);
  g_list_foreach (list, (GFunc) (void (*) (void)) g_object_ref, NULL);
  return list;
}

/**
 * bgt_manager_lookup_operation:
 * @self: a manager
 * @guid: the GUID of an operation, with `_` or `-`
 *
 * Finds an operation.
 *
 * Returns: (transfer full) (nullable): the operation, or %NULL if there is none of that GUID
 *
 * Since: 1.0
 */
BgtOperation *
bgt_manager_lookup_operation (BgtManager *self, const char *guid)
{
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  BgtOperation *operation;

  g_return_val_if_fail (BGT_IS_MANAGER (self), NULL);
  g_return_val_if_fail (guid != NULL, NULL);

  name = g_strdelimit (g_strdup (guid), "-", '_');
  path = g_strconcat (BGT_OPERATIONS_PATH "/", name, NULL);
  operation = bts_lib_manager_lookup_path (self, path);
  return operation != NULL ? g_object_ref (operation) : NULL;
}

static void
on_activated (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply != NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  bts_lib_remote_fix_error (error);
  g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * bgt_manager_activate_async:
 * @self: a manager
 * @cancellable: (nullable): gives up waiting for the answer
 * @callback: (scope async): called when the bus has started the service, or could not
 * @user_data: data for @callback
 *
 * Has the bus start the service, after it has gone. #BgtManager:connected tells when it is back.
 *
 * Since: 1.0
 */
void
bgt_manager_activate_async (BgtManager *self,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GTask *task;

  g_return_if_fail (BGT_IS_MANAGER (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, bgt_manager_activate_async);
  g_dbus_connection_call (self->connection, BUS_NAME, BUS_PATH, BUS_NAME, "StartServiceByName",
                          g_variant_new ("(su)", BGT_BUS_NAME, 0), NULL, G_DBUS_CALL_FLAGS_NONE, -1,
                          cancellable, on_activated, task);
}

/**
 * bgt_manager_activate_finish:
 * @self: a manager
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends bgt_manager_activate_async().
 *
 * Returns: %TRUE, or %FALSE with @error set
 *
 * Since: 1.0
 */
gboolean
bgt_manager_activate_finish (BgtManager *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
