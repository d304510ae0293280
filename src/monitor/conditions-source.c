/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/conditions-source.h"

struct _BtsConditionsSource
{
  GObject parent;

  GPtrArray *monitors; /* (owned) (element-type BtsMonitor) */
  BtsConditions conditions;
  guint update_source_id;
};

G_DEFINE_FINAL_TYPE (BtsConditionsSource, bts_conditions_source, G_TYPE_OBJECT)

static guint changed_signal;

static BtsConditions
get_unknown_conditions (void)
{
  return (BtsConditions){
    .connectivity = BGT_CONNECTIVITY_UNKNOWN,
    .cost_type = BGT_COST_TYPE_UNKNOWN,
    .battery_percentage = 100,
  };
}

static gboolean
are_equal (const BtsConditions *a, const BtsConditions *b)
{
  return a->connectivity == b->connectivity && a->cost_type == b->cost_type &&
         a->is_roaming == b->is_roaming &&
         a->is_approaching_data_limit == b->is_approaching_data_limit &&
         a->is_over_data_limit == b->is_over_data_limit &&
         a->is_background_data_restricted == b->is_background_data_restricted &&
         a->is_on_battery == b->is_on_battery && a->battery_percentage >= b->battery_percentage &&
         a->battery_percentage <= b->battery_percentage && a->is_battery_low == b->is_battery_low &&
         a->is_battery_saver == b->is_battery_saver && a->is_suspending == b->is_suspending;
}

/* TRUE where the value has become another one. */
static gboolean
merge (BtsConditionsSource *self)
{
  BtsConditions merged = get_unknown_conditions ();

  for (guint i = 0; i < self->monitors->len; i++)
    bts_monitor_fill (self->monitors->pdata[i], &merged);
  if (are_equal (&merged, &self->conditions))
    return FALSE;

  self->conditions = merged;
  return TRUE;
}

static gboolean
on_update (gpointer user_data)
{
  BtsConditionsSource *self = user_data;

  self->update_source_id = 0;
  if (merge (self))
    g_signal_emit (self, changed_signal, 0);
  return G_SOURCE_REMOVE;
}

static void
on_monitor_changed (BtsConditionsSource *self)
{
  if (self->update_source_id == 0)
    self->update_source_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_update, self, NULL);
}

static void
bts_conditions_source_dispose (GObject *object)
{
  BtsConditionsSource *self = BTS_CONDITIONS_SOURCE (object);

  g_clear_handle_id (&self->update_source_id, g_source_remove);
  g_clear_pointer (&self->monitors, g_ptr_array_unref);
  G_OBJECT_CLASS (bts_conditions_source_parent_class)->dispose (object);
}

static void
bts_conditions_source_class_init (BtsConditionsSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_conditions_source_dispose;
  changed_signal = g_signal_new ("changed", BTS_TYPE_CONDITIONS_SOURCE, G_SIGNAL_RUN_LAST, 0, NULL,
                                 NULL, NULL, G_TYPE_NONE, 0);
}

static void
bts_conditions_source_init (BtsConditionsSource *self)
{
  self->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  self->conditions = get_unknown_conditions ();
}

BtsConditionsSource *
bts_conditions_source_new (void)
{
  return g_object_new (BTS_TYPE_CONDITIONS_SOURCE, NULL);
}

void
bts_conditions_source_add_monitor (BtsConditionsSource *self, BtsMonitor *monitor)
{
  g_ptr_array_add (self->monitors, g_object_ref (monitor));
  g_signal_connect_object (monitor, "changed", G_CALLBACK (on_monitor_changed), self,
                           G_CONNECT_SWAPPED);
  if (merge (self))
    g_signal_emit (self, changed_signal, 0);
}

const BtsConditions *
bts_conditions_source_get (BtsConditionsSource *self)
{
  return &self->conditions;
}
