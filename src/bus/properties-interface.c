/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/create-operation.h"
#include "bus/interfaces.h"
#include "bus/property-notifier.h"
#include "bus/settle.h"
#include "introspection/bus-interface-info.h"

/* org.freedesktop.DBus.Properties, of every object. */

/* A value of this size or less takes no room worth counting, and can be set where none is left. */
#define MAX_WORD_BYTES 64

static const BtsInterface *
find_interface (BtsInvocation *call, const char *name)
{
  const BtsInterface *const *interfaces = bts_interfaces_get_for_call (call);

  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      if (g_str_equal (interfaces[i]->info->name, name))
        return interfaces[i];
    }

  return NULL;
}

static BtsOperationView *
dup_view (BtsInvocation *call)
{
  BtsOperationView *view;

  if (call->operation == NULL)
    return NULL;

  view = bts_property_notifier_dup_view (call->bus->notifier, call->operation);
  view->viewpoint =
      bts_owner_get_viewpoint (call->caller->owner, bts_operation_get_owner (call->operation));

  return view;
}

static void
return_unknown_interface (BtsInvocation *call, const char *name)
{
  bts_invocation_return_new_error (call, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE,
                                   "The object has no interface “%s”", name);
}

/* Finds the property that @call is about; answers @call where there is none. */
static const BtsPropertyRow *
find_property (BtsInvocation *call,
               const char *interface_name,
               const char *property_name,
               const BtsInterface **interface)
{
  const BtsPropertyRow *row;

  *interface = find_interface (call, interface_name);
  if (*interface == NULL)
    {
      return_unknown_interface (call, interface_name);
      return NULL;
    }

  row = bts_interface_find_property (*interface, property_name);
  if (row == NULL)
    bts_invocation_return_new_error (call, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_PROPERTY,
                                     "The interface %s has no property “%s”", interface_name,
                                     property_name);

  return row;
}

static void
handle_get (BtsInvocation *call, GVariant *parameters)
{
  const char *interface_name, *property_name;
  const BtsInterface *interface;
  const BtsPropertyRow *row;
  g_autoptr (BtsOperationView) view = NULL;
  g_autoptr (GVariant) value = NULL;

  g_variant_get (parameters, "(&s&s)", &interface_name, &property_name);
  row = find_property (call, interface_name, property_name, &interface);
  if (row == NULL)
    return;

  view = dup_view (call);
  value = g_variant_take_ref (call->group != NULL ? row->read_group (call->bus, call->group)
                                                  : row->read (call->bus, view));
  bts_invocation_return (call, g_variant_new ("(v)", value));
}

static void
handle_get_all (BtsInvocation *call, GVariant *parameters)
{
  const char *interface_name;
  const BtsInterface *interface;
  g_autoptr (BtsOperationView) view = NULL;

  g_variant_get (parameters, "(&s)", &interface_name);
  interface = find_interface (call, interface_name);
  if (interface == NULL)
    {
      return_unknown_interface (call, interface_name);
      return;
    }

  view = dup_view (call);
  bts_invocation_return (
      call, g_variant_new ("(@a{sv})",
                           call->group != NULL
                               ? bts_interface_read_all_of_group (interface, call->bus, call->group)
                               : bts_interface_read_all (interface, call->bus, view)));
}

/* What the model cannot know. */
static gboolean
check_value (BtsInvocation *call, const BtsPropertyRow *row, GVariant *value, GError **error)
{
  if (g_variant_get_size (value) > MAX_WORD_BYTES &&
      !bts_usage_check_room (bts_registry_get_usage (call->bus->service.registry),
                             bts_operation_get_owner (call->operation), error))
    return FALSE;

  return !g_str_equal (row->option, "uri") ||
         bts_check_uri_is_allowed (call->bus->service.limits, g_variant_get_string (value, NULL),
                                   error);
}

static void
handle_set (BtsInvocation *call, GVariant *parameters)
{
  const char *interface_name, *property_name;
  g_autoptr (GVariant) value = NULL;
  const BtsInterface *interface;
  const BtsPropertyRow *row;
  const GDBusPropertyInfo *info;
  GError *error = NULL;

  g_variant_get (parameters, "(&s&sv)", &interface_name, &property_name, &value);
  row = find_property (call, interface_name, property_name, &interface);
  if (row == NULL)
    return;
  if (row->option == NULL && row->write == NULL)
    {
      bts_invocation_return_new_error (call, G_DBUS_ERROR, G_DBUS_ERROR_PROPERTY_READ_ONLY,
                                       "The property %s cannot be written", property_name);
      return;
    }

  info =
      g_dbus_interface_info_lookup_property ((GDBusInterfaceInfo *) interface->info, property_name);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (info->signature)))
    {
      bts_invocation_return_new_error (call, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                       "The property %s must be of type %s, not %s", property_name,
                                       info->signature, g_variant_get_type_string (value));
      return;
    }

  /* Each of them can let something go on that waits, or say how it does. */
  if (!bts_invocation_check_change (call, &error))
    {
      bts_invocation_return_error (call, error);
      return;
    }
  if (row->write != NULL)
    {
      row->write (call, value);
      return;
    }
  if (!check_value (call, row, value, &error) ||
      !bts_operation_set_option (call->operation, row->option, value, &error))
    bts_invocation_return_error (call, error);
  else
    bts_settle_and_return (call);
}

static const BtsMethodRow methods[] = {
  { "Get", handle_get },
  { "GetAll", handle_get_all },
  { "Set", handle_set },
};

const BtsInterface bts_properties_interface = {
  .info = &bts_dbus_org_freedesktop_dbus_properties_interface,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
