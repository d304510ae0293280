/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/root-notifier.h"

#include "bus/interfaces.h"
#include "common/names.h"

static const BtsInterface *const interfaces[] = {
  &bts_network_interface,
  &bts_power_interface,
};

struct _BtsRootNotifier
{
  BtsBus *bus;                               /* (unowned) */
  GVariant *told[G_N_ELEMENTS (interfaces)]; /* (owned): a{sv}, what clients know */
};

static GVariant *
read_all (BtsRootNotifier *self, gsize i)
{
  return g_variant_ref_sink (bts_interface_read_all (interfaces[i], self->bus, NULL));
}

BtsRootNotifier *
bts_root_notifier_new (BtsBus *bus)
{
  BtsRootNotifier *self = g_new0 (BtsRootNotifier, 1);

  self->bus = bus;
  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++)
    self->told[i] = read_all (self, i);

  return self;
}

void
bts_root_notifier_free (BtsRootNotifier *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++)
    g_variant_unref (self->told[i]);
  g_free (self);
}

/* The entries of @after that @before has not; NULL where there is none. */
static GVariant *
get_changes (GVariant *before, GVariant *after)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  const char *key;
  GVariant *value;
  guint n_changes = 0;

  g_variant_iter_init (&iter, after);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) new = value;
      g_autoptr (GVariant) old = g_variant_lookup_value (before, key, NULL);

      if (old != NULL && g_variant_equal (old, new))
        continue;
      g_variant_builder_add (&builder, "{sv}", key, new);
      n_changes++;
    }
  if (n_changes > 0)
    return g_variant_builder_end (&builder);

  g_variant_builder_clear (&builder);
  return NULL;
}

void
bts_root_notifier_update (BtsRootNotifier *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++)
    {
      g_autoptr (GVariant) before = g_steal_pointer (&self->told[i]);
      GVariant *changes;

      self->told[i] = read_all (self, i);
      changes = get_changes (before, self->told[i]);
      if (changes != NULL)
        bts_audience_emit (self->bus->audience, NULL, BTS_VIEWPOINT_ANY, BGT_OBJECT_PATH,
                           "org.freedesktop.DBus.Properties", "PropertiesChanged",
                           g_variant_new ("(s@a{sv}as)", interfaces[i]->info->name, changes, NULL));
    }
}
