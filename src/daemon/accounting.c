/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/accounting.h"

#include "monitor/traffic.h"
#include "store/settings-record.h"

/* How often what has been used is saved: a crash costs nothing but the work, since the counters go
 * on. */
#define SAVE_DELAY_US (30 * G_TIME_SPAN_SECOND)

/* A new period may begin at any midnight, and a pace may turn out to be one. */
#define LOOK_PERIOD_US (15 * G_TIME_SPAN_MINUTE)

struct _BtsAccounting
{
  GObject parent;

  BtsDataPlans *plans;  /* (owned) */
  BtsStateFiles *files; /* (owned) */
  BtsClock *clock;      /* (owned) */
  BtsTraffic *traffic;  /* (owned) */
  char *boot_id;        /* (owned) */
  char uuid[BTS_CONDITIONS_UUID_SIZE];
  char device_path[BTS_CONDITIONS_PATH_SIZE];
  char interface_name[BTS_CONDITIONS_UUID_SIZE];
  guint save_alarm;
  guint look_alarm;
};

static void bts_accounting_monitor_init (BtsMonitorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsAccounting,
                               bts_accounting,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_MONITOR,
                                                      bts_accounting_monitor_init))

static void
bts_accounting_fill (BtsMonitor *monitor, BtsConditions *conditions)
{
  BtsAccounting *self = BTS_ACCOUNTING (monitor);
  const BtsDataPlan *plan = bts_data_plans_lookup (self->plans, conditions->connection_uuid);
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();

  conditions->is_background_data_restricted = bts_data_plans_is_restricted (self->plans);
  if (plan == NULL)
    return;
  conditions->is_over_data_limit = bts_data_plan_is_over (plan);
  conditions->is_approaching_data_limit =
      bts_data_plan_is_approaching (plan, bts_clock_get_wall_time (self->clock), zone);
  /* Who sets a plan knows better than a guess whether it costs. */
  if (conditions->cost_type == BGT_COST_TYPE_VARIABLE || conditions->is_cost_guessed)
    conditions->cost_type = BGT_COST_TYPE_FIXED;
}

static void
bts_accounting_monitor_init (BtsMonitorInterface *iface)
{
  iface->fill = bts_accounting_fill;
}

static void
remove_alarm (BtsAccounting *self, guint *alarm_id)
{
  if (*alarm_id != 0)
    bts_clock_remove_alarm (self->clock, *alarm_id);
  *alarm_id = 0;
}

static void
on_save_alarm (gpointer user_data)
{
  BtsAccounting *self = user_data;

  self->save_alarm = 0;
  /* A failure is in the log, and what comes next is saved again. */
  bts_state_files_save_async (self->files, BTS_SETTINGS_RECORD_NAME,
                              bts_settings_record_print (self->plans), NULL, NULL, NULL);
}

void
bts_accounting_save (BtsAccounting *self)
{
  if (self->save_alarm == 0)
    return;
  bts_clock_remove_alarm (self->clock, self->save_alarm);
  on_save_alarm (self);
}

static void
save_later (BtsAccounting *self)
{
  if (self->save_alarm == 0)
    self->save_alarm = bts_clock_add_alarm (
        self->clock, bts_clock_get_boot_time (self->clock) + SAVE_DELAY_US, on_save_alarm, self);
}

static gboolean
roll_all (BtsAccounting *self)
{
  g_autoptr (GList) uuids = bts_data_plans_list (self->plans);
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  gint64 now = bts_clock_get_wall_time (self->clock);
  gboolean has_changed = FALSE;

  for (GList *l = uuids; l != NULL; l = l->next)
    has_changed |= bts_data_plan_roll (bts_data_plans_lookup (self->plans, l->data), now, zone);
  return has_changed;
}

static void look (BtsAccounting *self);

static void
on_look_alarm (gpointer user_data)
{
  BtsAccounting *self = user_data;

  self->look_alarm = 0;
  look (self);
}

/* Begins what periods are due, watches the counter that counts, and says that it has looked. */
static void
look (BtsAccounting *self)
{
  g_autoptr (GList) uuids = bts_data_plans_list (self->plans);
  gboolean has_plan = bts_data_plans_lookup (self->plans, self->uuid) != NULL;

  remove_alarm (self, &self->look_alarm);
  if (uuids != NULL)
    self->look_alarm = bts_clock_add_alarm (
        self->clock, bts_clock_get_boot_time (self->clock) + LOOK_PERIOD_US, on_look_alarm, self);
  if (roll_all (self))
    save_later (self);
  bts_traffic_watch (self->traffic, has_plan ? self->device_path : "");
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

static void
on_counted (BtsAccounting *self, guint64 bytes)
{
  BtsDataPlan *plan = bts_data_plans_lookup (self->plans, self->uuid);
  g_autofree char *counter = g_strdup_printf ("%s/%s", self->boot_id, self->interface_name);

  if (plan == NULL)
    return;
  roll_all (self);
  bts_data_plan_count (plan, counter, bytes);
  save_later (self);
  bts_data_plans_touch (self->plans);
  bts_monitor_emit_changed (BTS_MONITOR (self));
}

void
bts_accounting_update (BtsAccounting *self, const BtsConditions *conditions)
{
  if (g_str_equal (self->uuid, conditions->connection_uuid) &&
      g_str_equal (self->device_path, conditions->device_path) &&
      g_str_equal (self->interface_name, conditions->interface_name))
    return;
  if (!g_str_equal (self->uuid, conditions->connection_uuid))
    {
      BtsDataPlan *plan = bts_data_plans_lookup (self->plans, self->uuid);

      if (plan != NULL)
        bts_data_plan_leave (plan);
    }
  g_strlcpy (self->uuid, conditions->connection_uuid, sizeof self->uuid);
  g_strlcpy (self->device_path, conditions->device_path, sizeof self->device_path);
  g_strlcpy (self->interface_name, conditions->interface_name, sizeof self->interface_name);
  look (self);
}

static void
bts_accounting_dispose (GObject *object)
{
  BtsAccounting *self = BTS_ACCOUNTING (object);

  if (self->clock != NULL)
    {
      remove_alarm (self, &self->save_alarm);
      remove_alarm (self, &self->look_alarm);
    }
  g_clear_object (&self->traffic);
  g_clear_object (&self->clock);
  g_clear_object (&self->files);
  g_clear_object (&self->plans);
  g_clear_pointer (&self->boot_id, g_free);
  G_OBJECT_CLASS (bts_accounting_parent_class)->dispose (object);
}

static void
bts_accounting_class_init (BtsAccountingClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_accounting_dispose;
}

static void
bts_accounting_init (BtsAccounting *self)
{
  self->traffic = bts_traffic_new ();
  g_signal_connect_object (self->traffic, "counted", G_CALLBACK (on_counted), self,
                           G_CONNECT_SWAPPED);
  if (g_file_get_contents ("/proc/sys/kernel/random/boot_id", &self->boot_id, NULL, NULL))
    g_strchomp (self->boot_id);
  else
    self->boot_id = g_strdup ("unknown");
}

BtsAccounting *
bts_accounting_new (BtsDataPlans *plans, BtsStateFiles *files, BtsClock *clock)
{
  BtsAccounting *self = g_object_new (BTS_TYPE_ACCOUNTING, NULL);

  self->plans = g_object_ref (plans);
  self->files = g_object_ref (files);
  self->clock = g_object_ref (clock);
  roll_all (self);
  g_signal_connect_object (plans, "changed", G_CALLBACK (look), self, G_CONNECT_SWAPPED);
  return self;
}
