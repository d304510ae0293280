/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "monitor/conditions-source.h"

#include "policy/steady.h"

/* A monitor that hangs holds up nobody for longer. */
#define READY_TIMEOUT_US (3 * G_TIME_SPAN_SECOND)

struct _BtsConditionsSource
{
  GObject parent;

  BtsClock *clock;         /* (owned) */
  const BtsLimits *limits; /* (unowned) */
  GPtrArray *monitors;     /* (owned) (element-type BtsMonitor) */
  BtsSteady steady;
  BtsConditions conditions;
  guint update_source_id;
  guint calm_alarm;
  guint ready_alarm;
  gboolean is_ready;
};

G_DEFINE_FINAL_TYPE (BtsConditionsSource, bts_conditions_source, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_CHANGED,
  SIGNAL_READY,
  N_SIGNALS,
} Signal;

static guint signals[N_SIGNALS];

static void
remove_alarm (BtsConditionsSource *self, guint *alarm_id)
{
  if (*alarm_id != 0)
    bts_clock_remove_alarm (self->clock, *alarm_id);
  *alarm_id = 0;
}

static void
on_calm (gpointer user_data)
{
  BtsConditionsSource *self = user_data;

  self->calm_alarm = 0;
  bts_conditions_source_queue (self);
}

/* TRUE where the value has become another one. */
static gboolean
merge (BtsConditionsSource *self)
{
  BtsConditions merged;
  gint64 calm_at;

  bts_conditions_init (&merged);
  for (guint i = 0; i < self->monitors->len; i++)
    bts_monitor_fill (self->monitors->pdata[i], &merged);

  calm_at = bts_steady_update (&self->steady, &merged, self->limits,
                               bts_clock_get_boot_time (self->clock));
  remove_alarm (self, &self->calm_alarm);
  if (calm_at != 0)
    self->calm_alarm = bts_clock_add_alarm (self->clock, calm_at, on_calm, self);
  if (bts_conditions_are_equal (&self->steady.steady, &self->conditions))
    return FALSE;

  self->conditions = self->steady.steady;
  return TRUE;
}

static gboolean
are_monitors_ready (BtsConditionsSource *self)
{
  for (guint i = 0; i < self->monitors->len; i++)
    {
      if (!bts_monitor_is_ready (self->monitors->pdata[i]))
        return FALSE;
    }

  return TRUE;
}

static void
become_ready (BtsConditionsSource *self)
{
  remove_alarm (self, &self->ready_alarm);
  self->is_ready = TRUE;
  merge (self);
  g_signal_emit (self, signals[SIGNAL_READY], 0);
}

static void
on_not_ready_for_long (gpointer user_data)
{
  BtsConditionsSource *self = user_data;

  self->ready_alarm = 0;
  g_message ("The network or the power supply is not known yet; going on without");
  become_ready (self);
}

static gboolean
on_update (gpointer user_data)
{
  g_autoptr (BtsConditionsSource) self = g_object_ref (user_data);

  self->update_source_id = 0;
  if (!self->is_ready && are_monitors_ready (self))
    become_ready (self);
  else if (self->is_ready && merge (self))
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

static void
bts_conditions_source_dispose (GObject *object)
{
  BtsConditionsSource *self = BTS_CONDITIONS_SOURCE (object);

  if (self->clock != NULL)
    {
      remove_alarm (self, &self->calm_alarm);
      remove_alarm (self, &self->ready_alarm);
    }
  g_clear_handle_id (&self->update_source_id, g_source_remove);
  g_clear_pointer (&self->monitors, g_ptr_array_unref);
  g_clear_object (&self->clock);
  G_OBJECT_CLASS (bts_conditions_source_parent_class)->dispose (object);
}

static void
bts_conditions_source_class_init (BtsConditionsSourceClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_conditions_source_dispose;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", BTS_TYPE_CONDITIONS_SOURCE, G_SIGNAL_RUN_LAST,
                                          0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_READY] = g_signal_new ("ready", BTS_TYPE_CONDITIONS_SOURCE, G_SIGNAL_RUN_LAST, 0,
                                        NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bts_conditions_source_init (BtsConditionsSource *self)
{
  self->monitors = g_ptr_array_new_with_free_func (g_object_unref);
  bts_conditions_init (&self->conditions);
}

BtsConditionsSource *
bts_conditions_source_new (BtsClock *clock, const BtsLimits *limits)
{
  BtsConditionsSource *self = g_object_new (BTS_TYPE_CONDITIONS_SOURCE, NULL);

  self->clock = g_object_ref (clock);
  self->limits = limits;
  return self;
}

void
bts_conditions_source_add_monitor (BtsConditionsSource *self, BtsMonitor *monitor)
{
  g_ptr_array_add (self->monitors, g_object_ref (monitor));
  g_signal_connect_object (monitor, "changed", G_CALLBACK (bts_conditions_source_queue), self,
                           G_CONNECT_SWAPPED);
}

void
bts_conditions_source_start (BtsConditionsSource *self)
{
  self->ready_alarm =
      bts_clock_add_alarm (self->clock, bts_clock_get_boot_time (self->clock) + READY_TIMEOUT_US,
                           on_not_ready_for_long, self);
  bts_conditions_source_queue (self);
}

void
bts_conditions_source_queue (BtsConditionsSource *self)
{
  if (self->update_source_id == 0)
    self->update_source_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_update, self, NULL);
}

const BtsConditions *
bts_conditions_source_get (BtsConditionsSource *self)
{
  return &self->conditions;
}
