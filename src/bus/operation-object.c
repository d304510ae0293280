/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/operation-object.h"

#include "bus/interfaces.h"
#include "bus/property-notifier.h"
#include "common/names.h"
#include "common/object-path.h"

GVariant *
bts_operation_object_describe (const BtsBus *bus, BtsOperation *operation, BtsViewpoint viewpoint)
{
  g_autoptr (BtsOperationView) view = bts_property_notifier_dup_view (bus->notifier, operation);
  const BtsInterface *const *interfaces = bts_interfaces_get_for (operation);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));

  view->viewpoint = viewpoint;
  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      if (interfaces[i] != &bts_properties_interface)
        g_variant_builder_add (&builder, "{s@a{sv}}", interfaces[i]->info->name,
                               bts_interface_read_all (interfaces[i], bus, view));
    }

  return g_variant_builder_end (&builder);
}

static void
emit_added (BtsBus *bus, BtsOperation *operation, BtsViewpoint viewpoint)
{
  BtsOwner *owner = bts_operation_get_owner (operation);
  g_autofree char *path = NULL;

  if (bts_audience_is_empty (bus->audience, owner, viewpoint))
    return;

  path = bts_object_path_for_operation (bts_operation_get_guid (operation));
  bts_audience_emit (bus->audience, owner, viewpoint, BGT_OBJECT_PATH,
                     "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
                     g_variant_new ("(o@a{sa{sv}})", path,
                                    bts_operation_object_describe (bus, operation, viewpoint)));
}

void
bts_operation_object_emit_added (BtsBus *bus, BtsOperation *operation)
{
  emit_added (bus, operation, BTS_VIEWPOINT_USER);
  emit_added (bus, operation, BTS_VIEWPOINT_ADMINISTRATOR);
}

void
bts_operation_object_emit_removed (BtsBus *bus, BtsOperation *operation)
{
  const BtsInterface *const *interfaces = bts_interfaces_get_for (operation);
  GVariantBuilder names = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);
  g_autofree char *path = bts_object_path_for_operation (bts_operation_get_guid (operation));

  for (guint i = 0; interfaces[i] != NULL; i++)
    {
      if (interfaces[i] != &bts_properties_interface)
        g_variant_builder_add (&names, "s", interfaces[i]->info->name);
    }
  bts_audience_emit (bus->audience, bts_operation_get_owner (operation), BTS_VIEWPOINT_ANY,
                     BGT_OBJECT_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
                     g_variant_new ("(oas)", path, &names));
}
