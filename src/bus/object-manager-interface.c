/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"
#include "bus/introspection.h"
#include "bus/operation-object.h"
#include "common/object-path.h"
#include "introspection/bus-interface-info.h"

/* org.freedesktop.DBus.ObjectManager, of the root object: all operations and groups the caller may
 * see. */

static void
add_groups (BtsInvocation *call, GVariantBuilder *builder)
{
  GPtrArray *groups = bts_groups_get_all (call->bus->service.groups);

  for (guint i = 0; i < groups->len; i++)
    {
      g_autofree char *path = bts_dup_group_path (call->caller, groups->pdata[i]);

      if (path != NULL)
        g_variant_builder_add (builder, "{o@a{sa{sv}}}", path,
                               bts_group_describe (call->bus, groups->pdata[i]));
    }
}

/* Serialized at once: as a tree of values it would be ten times as large, and there may be
 * thousands. */
static GVariant *
describe (BtsInvocation *call, BtsOperation *operation)
{
  BtsViewpoint viewpoint =
      bts_owner_get_viewpoint (call->caller->owner, bts_operation_get_owner (operation));
  g_autofree char *path = bts_object_path_for_operation (bts_operation_get_guid (operation));
  GVariant *entry =
      g_variant_new_dict_entry (g_variant_new_object_path (path),
                                bts_operation_object_describe (call->bus, operation, viewpoint));

  g_variant_get_data (entry);

  return entry;
}

static void
handle_get_managed_objects (BtsInvocation *call, GVariant *parameters)
{
  GPtrArray *operations = bts_registry_get_operations (call->bus->service.registry);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{oa{sa{sv}}}"));

  for (guint i = 0; i < operations->len; i++)
    {
      BtsOperation *operation = operations->pdata[i];

      if (bts_owner_may_see (call->caller->owner, bts_operation_get_owner (operation)))
        g_variant_builder_add_value (&builder, describe (call, operation));
    }
  add_groups (call, &builder);

  bts_invocation_return (call, g_variant_new ("(a{oa{sa{sv}}})", &builder));
}

static const BtsMethodRow methods[] = {
  { "GetManagedObjects", handle_get_managed_objects },
};

const BtsInterface bts_object_manager_interface = {
  .info = &bts_dbus_org_freedesktop_dbus_object_manager_interface,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
};
