/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/group-notifier.h"

#include "bus/interfaces.h"
#include "common/names.h"
#include "store/group-record.h"

#define OPERATIONS_PERIOD_US (G_USEC_PER_SEC / 4)

struct _BtsGroupNotifier
{
  BtsBus *bus;         /* (unowned) */
  GHashTable *changed; /* (owned) (element-type BtsGroup): whose operations clients do not know */
  guint alarm;
  gulong handlers[3];
};

static GHashTable *
new_groups_set (void)
{
  return g_hash_table_new_full (NULL, NULL, g_object_unref, NULL);
}

/* An administrator knows the group by another path. */
static const BtsViewpoint viewpoints[] = { BTS_VIEWPOINT_USER, BTS_VIEWPOINT_ADMINISTRATOR };

static void
emit_property (BtsGroupNotifier *self, BtsGroup *group, const char *name)
{
  const BtsPropertyRow *row = bts_interface_find_property (&bts_group_interface, name);
  g_autoptr (GVariant) value = NULL;

  if (bts_audience_is_empty (self->bus->audience, bts_group_get_owner (group), BTS_VIEWPOINT_ANY))
    return;
  value = g_variant_take_ref (row->read_group (self->bus, group));
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

  g_hash_table_remove (self->changed, group);
  for (gsize i = 0; i < G_N_ELEMENTS (viewpoints); i++)
    {
      g_autofree char *path = bts_group_dup_path (group, viewpoints[i]);

      bts_audience_emit (self->bus->audience, bts_group_get_owner (group), viewpoints[i],
                         BGT_OBJECT_PATH, "org.freedesktop.DBus.ObjectManager", "InterfacesRemoved",
                         g_variant_new ("(o^as)", path, names));
    }
}

static void
on_alarm (gpointer user_data)
{
  BtsGroupNotifier *self = user_data;
  g_autoptr (GHashTable) changed = g_steal_pointer (&self->changed);
  GHashTableIter iter;
  gpointer group;

  self->alarm = 0;
  self->changed = new_groups_set ();
  g_hash_table_iter_init (&iter, changed);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    emit_property (self, group, "Operations");
}

/* The list of a large group is large, and many may come or go at once. */
static void
tell_later (BtsGroupNotifier *self, BtsGroup *group)
{
  BtsClock *clock = self->bus->service.clock;

  g_hash_table_add (self->changed, g_object_ref (group));
  if (self->alarm == 0)
    self->alarm = bts_clock_add_alarm (
        clock, bts_clock_get_boot_time (clock) + OPERATIONS_PERIOD_US, on_alarm, self);
}

/* Its operations are another matter than its behavior: they are in the store already. */
static void
on_operations_changed (BtsGroups *groups, BtsGroup *group, gpointer user_data)
{
  BtsGroupNotifier *self = user_data;
  g_autofree char *name = NULL;

  tell_later (self, group);
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
  self->changed = new_groups_set ();
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
  if (self->alarm != 0)
    bts_clock_remove_alarm (self->bus->service.clock, self->alarm);
  g_hash_table_unref (self->changed);
  g_free (self);
}

void
bts_group_notifier_take_saved (BtsGroupNotifier *self, BtsGroup *group)
{
  emit_property (self, group, "Behavior");
}
