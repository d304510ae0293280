/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/object-tree.h"

#include "bus/call-filter.h"
#include "bus/call-queue.h"
#include "bus/interfaces.h"
#include "bus/introspection.h"
#include "common/bgt-error.h"
#include "common/names.h"
#include "introspection/bus-interface-info.h"

#define LIMITS_EXCEEDED "org.freedesktop.DBus.Error.LimitsExceeded"
#define TOO_MANY_MESSAGE "Too many calls of this user wait for their answers"
#define UNREAD_MESSAGE "Programs of this user do not read what they are sent; end them first"

/* So much of the queue a descriptor takes that comes with a call. */
#define DESCRIPTOR_BYTES (64 * 1024)

/* Of the calls under way of one connection. */
#define MAX_DESCRIPTORS 256

struct _BtsObjectTree
{
  BtsBus *bus;     /* (unowned) */
  GObject *keeper; /* (unowned): owns this, and is held by every call */
  GDestroyNotify began;
  GDestroyNotify ended;
  BtsCallQueue *queue; /* (owned) */
  guint subtree_ids[3];
  BtsCallFilter *filter; /* (owned) */
};

/* A call on its way to its handler, while its caller is being looked up and others' calls are
 * served. */
typedef struct
{
  BtsInvocation *call;  /* (owned) */
  GVariant *parameters; /* (owned) */
  const BtsInterface *interface;
  const BtsMethodRow *method;
} Arrival;

/* A call of Introspect, likewise. */
typedef struct
{
  GDBusMessage *message; /* (owned) */
  GObject *keeper;       /* (owned) */
  BtsBus *bus;           /* (unowned) */
  BtsCaller *caller;     /* (owned) (nullable) */
} Introspection;

static void
arrival_free (Arrival *arrival)
{
  g_clear_pointer (&arrival->call, bts_invocation_free);
  g_clear_pointer (&arrival->parameters, g_variant_unref);
  g_free (arrival);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Arrival, arrival_free)

static gboolean
has_interface (BtsInvocation *call, const BtsInterface *interface)
{
  const BtsInterface *const *interfaces = bts_interfaces_get_for_call (call);

  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      if (interfaces[i] == interface)
        return TRUE;
    }

  return FALSE;
}

static void
serve (gpointer user_data, BtsCallTurn *turn)
{
  g_autoptr (Arrival) arrival = user_data;
  g_autoptr (BtsInvocation) call = g_steal_pointer (&arrival->call);
  BtsCaller *caller = call->caller;
  const char *path = g_dbus_method_invocation_get_object_path (call->invocation);

  call->turn = turn;
  if (bts_unread_judge (call->bus->unread, bts_invocation_get_sender (call)) == BTS_UNREAD_REFUSE)
    {
      bts_invocation_return_new_error (g_steal_pointer (&call), BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                                       UNREAD_MESSAGE);
      return;
    }
  if (!g_str_equal (path, BGT_OBJECT_PATH))
    {
      BtsOperation *operation = bts_find_operation (call->bus, caller, path);
      BtsGroup *group = bts_find_group (call->bus, caller, path);

      if (operation == NULL && group == NULL)
        {
          bts_invocation_return_new_error (g_steal_pointer (&call), G_DBUS_ERROR,
                                           G_DBUS_ERROR_UNKNOWN_OBJECT, "There is no object at %s",
                                           path);
          return;
        }
      g_set_object (&call->operation, operation);
      g_set_object (&call->group, group);
    }
  if (!has_interface (call, arrival->interface))
    {
      bts_invocation_return_new_error (
          g_steal_pointer (&call), G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE,
          "The object has no interface “%s”", arrival->interface->info->name);
      return;
    }

  bts_method_call (arrival->method, g_steal_pointer (&call), arrival->parameters);
}

static void
refuse (Arrival *arrival, int code, const char *message)
{
  bts_invocation_return_new_error (g_steal_pointer (&arrival->call), BGT_ERROR, code, "%s",
                                   message);
  arrival_free (arrival);
}

static void
drop (gpointer user_data)
{
  refuse (user_data, BGT_ERROR_FAILED, "The service is stopping");
}

/* Queues a call, for which @call needs all but the caller. FALSE where there is no room. */
static gboolean
push (BtsObjectTree *self, BtsCaller *caller, GDBusMessage *message, BtsQueuedCall *call)
{
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (message);
  GVariant *body = g_dbus_message_get_body (message);

  call->uid = bts_owner_get_uid (caller->owner);
  call->name = g_dbus_message_get_sender (message);
  call->n_bytes = body != NULL ? g_variant_get_size (body) : 0;
  if (fds != NULL)
    call->n_bytes += (gsize) g_unix_fd_list_get_length (fds) * DESCRIPTOR_BYTES;

  return bts_call_queue_push (self->queue, call);
}

static void
on_caller_known (BtsCaller *caller, const GError *error, gpointer user_data)
{
  Arrival *arrival = user_data;
  BtsInvocation *invocation = arrival->call;
  BtsQueuedCall call = { .serve = serve, .drop = drop, .user_data = arrival };

  if (caller == NULL)
    {
      bts_invocation_return_error (g_steal_pointer (&arrival->call), g_error_copy (error));
      arrival_free (arrival);
      return;
    }

  invocation->caller = bts_caller_ref (caller);
  if (invocation->bus->tree == NULL)
    drop (arrival);
  else if (!push (invocation->bus->tree, caller,
                  g_dbus_method_invocation_get_message (invocation->invocation), &call))
    refuse (arrival, BGT_ERROR_LIMIT_EXCEEDED, TOO_MANY_MESSAGE);
}

static const BtsInterface *const *
get_interfaces_at (const char *path)
{
  if (g_str_equal (path, BGT_OBJECT_PATH))
    return bts_interfaces_get_for (NULL);
  if (g_str_has_prefix (path, BGT_GROUPS_PATH "/"))
    return bts_interfaces_get_for_group ();

  return bts_interfaces_get_for_any_operation ();
}

static const BtsInterface *
find_interface_at (const char *path, const char *name)
{
  const BtsInterface *const *interfaces = get_interfaces_at (path);

  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      if (g_str_equal (interfaces[i]->info->name, name))
        return interfaces[i];
    }

  return NULL;
}

static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *object_path,
                const char *interface_name,
                const char *method_name,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  BtsObjectTree *self = user_data;
  Arrival *arrival = g_new0 (Arrival, 1);

  arrival->interface = find_interface_at (object_path, interface_name);
  arrival->method = bts_interface_find_method (arrival->interface, method_name);
  arrival->parameters = g_variant_ref (parameters);
  arrival->call = g_new0 (BtsInvocation, 1);
  arrival->call->bus = self->bus;
  arrival->call->keeper = g_object_ref (self->keeper);
  arrival->call->invocation = invocation;
  arrival->call->ended = self->ended;
  self->began (self->keeper);

  bts_caller_cache_look_up (self->bus->callers, sender, on_caller_known, arrival);
}

static const GDBusInterfaceVTable interface_vtable = { on_method_call, NULL, NULL };

static char **
on_enumerate (GDBusConnection *connection,
              const char *sender,
              const char *object_path,
              gpointer user_data)
{
  /* Introspect is answered in the filter. */
  return NULL;
}

/* Every interface for any path that may be an object's: only the handler, which knows the caller,
 * can tell whether there is one. */
static GDBusInterfaceInfo **
on_introspect (GDBusConnection *connection,
               const char *sender,
               const char *object_path,
               const char *node,
               gpointer user_data)
{
  g_autoptr (GPtrArray) infos = NULL;
  const BtsInterface *const *interfaces;

  if (node == NULL && !g_str_equal (object_path, BGT_OBJECT_PATH))
    return NULL;

  infos = g_ptr_array_new ();
  interfaces = get_interfaces_at (object_path);
  for (guint i = 0; interfaces[i] != NULL; i++)
    g_ptr_array_add (infos, g_dbus_interface_info_ref ((GDBusInterfaceInfo *) interfaces[i]->info));
  g_ptr_array_add (infos, NULL);

  return (GDBusInterfaceInfo **) g_ptr_array_free (g_steal_pointer (&infos), FALSE);
}

static const GDBusInterfaceVTable *
on_dispatch (GDBusConnection *connection,
             const char *sender,
             const char *object_path,
             const char *interface_name,
             const char *node,
             gpointer *out_user_data,
             gpointer user_data)
{
  *out_user_data = user_data;
  return &interface_vtable;
}

static const GDBusSubtreeVTable subtree_vtable = { on_enumerate, on_introspect, on_dispatch };

static void
introspection_free (Introspection *self)
{
  g_clear_object (&self->message);
  g_clear_object (&self->keeper);
  g_clear_pointer (&self->caller, bts_caller_unref);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Introspection, introspection_free)

/* Takes @reply. */
static void
answer_introspection (Introspection *self, GDBusMessage *reply)
{
  GVariant *body = g_dbus_message_get_body (reply);

  bts_unread_count (self->bus->unread, g_dbus_message_get_sender (self->message),
                    BTS_UNREAD_HEADER_BYTES + (body != NULL ? g_variant_get_size (body) : 0));
  /* It fails only on a closed connection, and then there is nobody to tell. */
  g_dbus_connection_send_message (self->bus->service.connection, reply,
                                  G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL);
  g_object_unref (reply);
}

static void
refuse_introspection (Introspection *self, const char *name, const char *message)
{
  answer_introspection (self,
                        g_dbus_message_new_method_error_literal (self->message, name, message));
}

static void
serve_introspection (gpointer user_data, BtsCallTurn *turn)
{
  g_autoptr (BtsCallTurn) until_answered = turn;
  g_autoptr (Introspection) self = user_data;
  g_autoptr (GDBusMessage) reply = g_dbus_message_new_method_reply (self->message);
  g_autofree char *xml = NULL;

  if (bts_unread_judge (self->bus->unread, g_dbus_message_get_sender (self->message)) ==
      BTS_UNREAD_REFUSE)
    {
      refuse_introspection (self, LIMITS_EXCEEDED, UNREAD_MESSAGE);
      return;
    }
  xml = bts_introspect (self->bus, self->caller, g_dbus_message_get_path (self->message));
  g_dbus_message_set_body (reply, g_variant_new ("(s)", xml));
  answer_introspection (self, g_steal_pointer (&reply));
}

static void
drop_introspection (gpointer user_data)
{
  introspection_free (user_data);
}

static void
on_introspector_known (BtsCaller *caller, const GError *error, gpointer user_data)
{
  g_autoptr (Introspection) self = user_data;
  BtsQueuedCall call = { .serve = serve_introspection,
                         .drop = drop_introspection,
                         .user_data = self };

  if (caller == NULL)
    {
      refuse_introspection (self, "org.freedesktop.DBus.Error.AccessDenied", error->message);
      return;
    }
  self->caller = bts_caller_ref (caller);
  if (self->bus->tree == NULL)
    return;
  if (push (self->bus->tree, caller, self->message, &call))
    g_steal_pointer (&self);
  else
    refuse_introspection (self, LIMITS_EXCEEDED, TOO_MANY_MESSAGE);
}

static void
on_introspected (GDBusMessage *message, gpointer user_data)
{
  BtsObjectTree *tree = user_data;
  Introspection *introspection = g_new0 (Introspection, 1);

  introspection->message = g_object_ref (message);
  introspection->keeper = g_object_ref (tree->keeper);
  introspection->bus = tree->bus;
  bts_caller_cache_look_up (tree->bus->callers, g_dbus_message_get_sender (message),
                            on_introspector_known, introspection);
}

static void
on_counted (BtsCaller *caller, const GError *error, gpointer user_data)
{
}

/* Looked up in any case, so that it is noticed when the connection goes. */
static void
on_called (const char *name, guint n_calls, gpointer user_data)
{
  BtsObjectTree *self = user_data;

  if (!self->bus->service.is_session)
    bts_unread_add (self->bus->unread, name, BTS_UNREAD_UNKNOWN_UID);
  bts_caller_cache_look_up (self->bus->callers, name, on_counted, NULL);
  bts_unread_count_calls (self->bus->unread, name, n_calls);
}

static const BtsCallFilterHooks filter_hooks = { on_introspected, on_called };

static gboolean
holds (const char *name, gpointer user_data)
{
  BtsObjectTree *self = user_data;

  return bts_unread_judge (self->bus->unread, name) >= BTS_UNREAD_WAIT;
}

BtsObjectTree *
bts_object_tree_new (BtsBus *bus, GObject *keeper, GDestroyNotify began, GDestroyNotify ended)
{
  static const char *const subtrees[] = { BGT_OBJECT_PATH, BGT_OPERATIONS_PATH, BGT_GROUPS_PATH };
  GDBusConnection *connection = bus->service.connection;
  BtsObjectTree *self = g_new0 (BtsObjectTree, 1);

  self->bus = bus;
  self->keeper = keeper;
  self->began = began;
  self->ended = ended;
  self->queue = bts_call_queue_new (bus->pace, bus->service.clock, holds, self);
  self->filter = bts_call_filter_new (
      connection, bus->service.is_session ? G_MAXUINT : MAX_DESCRIPTORS, &filter_hooks, self);

  /* GDBus looks for a subtree one level up only, so each level needs its own. */
  for (guint i = 0; i < G_N_ELEMENTS (subtrees); i++)
    {
      g_autoptr (GError) error = NULL;

      self->subtree_ids[i] = g_dbus_connection_register_subtree (
          connection, subtrees[i], &subtree_vtable,
          G_DBUS_SUBTREE_FLAGS_DISPATCH_TO_UNENUMERATED_NODES, self, NULL, &error);
      g_assert_no_error (error);
    }

  return self;
}

void
bts_object_tree_free (BtsObjectTree *self)
{
  GDBusConnection *connection = self->bus->service.connection;

  for (guint i = 0; i < G_N_ELEMENTS (self->subtree_ids); i++)
    g_dbus_connection_unregister_subtree (connection, self->subtree_ids[i]);
  bts_call_filter_free (self->filter);
  bts_call_queue_free (self->queue);
  g_free (self);
}

void
bts_object_tree_take_verdict (BtsObjectTree *self, const char *name, BtsUnreadVerdict verdict)
{
  bts_call_filter_ignore (self->filter, name, verdict == BTS_UNREAD_IGNORE);
  if (verdict < BTS_UNREAD_WAIT)
    bts_call_queue_resume (self->queue, name);
}

void
bts_object_tree_forget (BtsObjectTree *self, const char *name)
{
  bts_call_filter_forget (self->filter, name);
  bts_call_queue_forget (self->queue, name);
}
