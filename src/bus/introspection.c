/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/introspection.h"

#include <string.h>

#include "bus/interfaces.h"
#include "common/names.h"
#include "common/object-path.h"
#include "introspection/bus-interface-info.h"

#define DOCTYPE                                                                                    \
  "<!DOCTYPE node PUBLIC \"-//freedesktop//DTD D-BUS Object Introspection 1.0//EN\"\n"             \
  " \"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd\">\n"

BtsOperation *
bts_find_operation (const BtsBus *bus, BtsCaller *caller, const char *path)
{
  g_autofree char *guid = bts_object_path_to_operation_guid (path);
  BtsOperation *operation = guid != NULL ? bts_registry_lookup (bus->service.registry, guid) : NULL;

  if (operation == NULL || !bts_owner_may_see (caller->owner, bts_operation_get_owner (operation)))
    return NULL;

  return operation;
}

char *
bts_dup_group_path (const BtsCaller *caller, BtsGroup *group)
{
  const BtsOwner *owner = bts_group_get_owner (group);

  if (!bts_owner_may_see (caller->owner, owner))
    return NULL;

  return bts_group_dup_path (group, bts_owner_get_viewpoint (caller->owner, owner));
}

BtsGroup *
bts_find_group (const BtsBus *bus, BtsCaller *caller, const char *path)
{
  GPtrArray *groups = bts_groups_get_all (bus->service.groups);

  if (!g_str_has_prefix (path, BGT_GROUPS_PATH "/"))
    return NULL;
  for (guint i = 0; i < groups->len; i++)
    {
      BtsGroup *group = groups->pdata[i];
      g_autofree char *group_path = bts_dup_group_path (caller, group);

      if (group_path != NULL && g_str_equal (path, group_path))
        return group;
    }

  return NULL;
}

static void
append_interface (GString *xml, const GDBusInterfaceInfo *info)
{
  g_dbus_interface_info_generate_xml ((GDBusInterfaceInfo *) info, 2, xml);
}

static void
append_interfaces (GString *xml, const BtsInterface *const *interfaces)
{
  append_interface (xml, &bts_dbus_org_freedesktop_dbus_introspectable_interface);
  append_interface (xml, &bts_dbus_org_freedesktop_dbus_peer_interface);
  for (guint i = 0; interfaces[i] != NULL; i++)
    append_interface (xml, interfaces[i]->info);
}

static void
append_operations (GString *xml, const BtsBus *bus, BtsCaller *caller)
{
  GPtrArray *operations = bts_registry_get_operations (bus->service.registry);

  for (guint i = 0; i < operations->len; i++)
    {
      BtsOperation *operation = operations->pdata[i];

      if (bts_owner_may_see (caller->owner, bts_operation_get_owner (operation)))
        g_string_append_printf (xml, "  <node name=\"%s\"/>\n", bts_operation_get_guid (operation));
    }
}

static void
append_groups (GString *xml, const BtsBus *bus, BtsCaller *caller)
{
  GPtrArray *groups = bts_groups_get_all (bus->service.groups);

  for (guint i = 0; i < groups->len; i++)
    {
      g_autofree char *path = bts_dup_group_path (caller, groups->pdata[i]);

      if (path != NULL)
        g_string_append_printf (xml, "  <node name=\"%s\"/>\n", strrchr (path, '/') + 1);
    }
}

static void
append_object (GString *xml, const BtsBus *bus, BtsCaller *caller, const char *path)
{
  BtsOperation *operation = bts_find_operation (bus, caller, path);

  if (operation != NULL)
    append_interfaces (xml, bts_interfaces_get_for (operation));
  else if (bts_find_group (bus, caller, path) != NULL)
    append_interfaces (xml, bts_interfaces_get_for_group ());
}

char *
bts_introspect (const BtsBus *bus, BtsCaller *caller, const char *path)
{
  g_autoptr (GString) xml = g_string_new (DOCTYPE "<node>\n");

  if (g_str_equal (path, BGT_OBJECT_PATH))
    {
      append_interfaces (xml, bts_interfaces_get_for (NULL));
      g_string_append (xml, "  <node name=\"groups\"/>\n  <node name=\"operations\"/>\n");
    }
  else if (g_str_equal (path, BGT_OPERATIONS_PATH))
    {
      append_operations (xml, bus, caller);
    }
  else if (g_str_equal (path, BGT_GROUPS_PATH))
    {
      append_groups (xml, bus, caller);
    }
  else
    {
      append_object (xml, bus, caller, path);
    }
  g_string_append (xml, "</node>\n");

  return g_string_free (g_steal_pointer (&xml), FALSE);
}
