/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/group-notifier.h"

#include "bus/interfaces.h"
#include "common/names.h"
#include "store/group-record.h"

struct _BtsGroupNotifier
{
  BtsBus *bus; /* (unowned) */
  gulong handlers[3];
};

/* An administrator knows the group by another path. */
static const BtsViewpoint viewpoints[] = { BTS_VIEWPOINT_USER, BTS_VIEWPOINT_ADMINISTRATOR };

static void
emit_property (BtsGroupNotifier *self, BtsGroup *group, const char *name)
{
  const BtsPropertyRow *row = bts_interface_find_property (&bts_group_interface, name);
  g_autoptr (GVariant) value = g_variant_take_ref (row->read_group (self->bus, group));

  for (gsize i = 0; i < G_N_ELEMENTS (viewpoints); i++)
    {
      g_autofree char *path = bts_group_dup_path (group, viewpoints[i]);
      GVariantBuilder changes = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

      g_variant_builder_add (&changes, "{sv}", name, value);
      bts_audience_emit (self->bus->audience, bts_group_get_owner (group), viewpoints[i], path,
                         "org.freedesktop.DBus.Properties", "PropertiesChanged",
                         g_variant_new ("(sa{sv}as)", BGT_INTERFACE_GROUP, &changes, NULL));
    }
}

static void
on_added (BtsGroups *groups, BtsGroup *group, gpointer user_data)
{
  BtsGroupNotifier *self = user_data;

  for (gsize i = 0; i < G_N_ELEMENTS (viewpoints); i++)
    {
      g_autofree char *path = bts_group_dup_path (group, viewpoints[i]);

      bts_audience_emit (
          self->bus->audience, bts_group_get_owner (group), viewpoints[i], BGT_OBJECT_PATH,
          "org.freedesktop.DBus.ObjectManager", "InterfacesAdded",
          g_variant_new ("(o@a{sa{sv}})", path, bts_group_describe (self->bus, group)));
    }
}

static void
on_removed (BtsGroups *groups, BtsGroup *group, gpointer user_data)
{
  BtsGroupNotifier *self = user_data;
  const char *const names[] = { BGT_INTERFACE_GROUP, NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (viewpoints); i++)
    {
      g_autofree char *path = bts_group_dup_path (group, viewpoints[i]);

      bts_audience_emit (self->bus->audience, bts_group_get_owner (group), viewpoints[i],
                         BGT_OBJECT_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
                         g_variant_new ("(o^as)", path, names));
    }
}

/* Its operations are another matter than its behavior: they are in the store already. */
static void
on_operations_changed (BtsGroups *groups, BtsGroup *group, gpointer user_data)
{
  BtsGroupNotifier *self = user_data;
  g_autofree char *name = NULL;

  emit_property (self, group, "Operations");
  if (!bts_group_is_transient (group) || bts_group_get_operations (group)->len > 0)
    return;
  /* A failure is in the log; an empty group that comes again costs nobody anything. */
  name = bts_group_record_get_name (group);
  bts_state_files_save_async (self->bus->service.files, name, NULL, NULL, NULL, NULL);
  bts_groups_remove (groups, group);
}

BtsGroupNotifier *
bts_group_notifier_new (BtsBus *bus)
{
  BtsGroupNotifier *self = g_new0 (BtsGroupNotifier, 1);
  BtsGroups *groups = bus->service.groups;

  self->bus = bus;
  self->handlers[0] = g_signal_connect (groups, "group-added", G_CALLBACK (on_added), self);
  self->handlers[1] = g_signal_connect (groups, "group-removed", G_CALLBACK (on_removed), self);
  self->handlers[2] =
      g_signal_connect (groups, "operations-changed", G_CALLBACK (on_operations_changed), self);

  return self;
}

void
bts_group_notifier_free (BtsGroupNotifier *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->handlers); i++)
    g_signal_handler_disconnect (self->bus->service.groups, self->handlers[i]);
  g_free (self);
}

void
bts_group_notifier_take_saved (BtsGroupNotifier *self, BtsGroup *group)
{
  emit_property (self, group, "Behavior");
}
