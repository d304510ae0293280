/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "tests/unit/fakes/clock-fake.h"

#define FIRST_WALL_TIME (1767225600 * (gint64) G_USEC_PER_SEC) /* 2026-01-01 */
#define FIRST_BOOT_TIME (1000 * (gint64) G_USEC_PER_SEC)
#define MAX_ALARMS_AN_ADVANCE 100000

typedef struct
{
  guint id;
  gint64 boot_time;
  BtsClockAlarm alarm;
  gpointer user_data; /* (unowned) */
} Alarm;

struct _BtsClockFake
{
  GObject parent_instance;

  gint64 wall_time;
  gint64 boot_time;
  GArray *alarms; /* (owned) (element-type Alarm): in the order they were added */
  guint last_id;
};

static void clock_interface_init (BtsClockInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsClockFake,
                               bts_clock_fake,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_CLOCK, clock_interface_init))

static gint64
bts_clock_fake_get_wall_time (BtsClock *clock)
{
  return BTS_CLOCK_FAKE (clock)->wall_time;
}

static gint64
bts_clock_fake_get_boot_time (BtsClock *clock)
{
  return BTS_CLOCK_FAKE (clock)->boot_time;
}

static guint
bts_clock_fake_add_alarm (BtsClock *clock,
                          gint64 boot_time,
                          BtsClockAlarm callback,
                          gpointer user_data)
{
  BtsClockFake *self = BTS_CLOCK_FAKE (clock);
  Alarm alarm = { ++self->last_id, boot_time, callback, user_data };

  g_array_append_val (self->alarms, alarm);

  return alarm.id;
}

static void
bts_clock_fake_remove_alarm (BtsClock *clock, guint alarm_id)
{
  BtsClockFake *self = BTS_CLOCK_FAKE (clock);

  for (guint i = 0; i < self->alarms->len; i++)
    if (g_array_index (self->alarms, Alarm, i).id == alarm_id)
      {
        g_array_remove_index (self->alarms, i);
        return;
      }

  g_error ("There is no alarm %u", alarm_id);
}

static void
bts_clock_fake_finalize (GObject *object)
{
  g_array_unref (BTS_CLOCK_FAKE (object)->alarms);

  G_OBJECT_CLASS (bts_clock_fake_parent_class)->finalize (object);
}

static void
bts_clock_fake_class_init (BtsClockFakeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_clock_fake_finalize;
}

static void
clock_interface_init (BtsClockInterface *iface)
{
  iface->get_wall_time = bts_clock_fake_get_wall_time;
  iface->get_boot_time = bts_clock_fake_get_boot_time;
  iface->add_alarm = bts_clock_fake_add_alarm;
  iface->remove_alarm = bts_clock_fake_remove_alarm;
}

static void
bts_clock_fake_init (BtsClockFake *self)
{
  self->wall_time = FIRST_WALL_TIME;
  self->boot_time = FIRST_BOOT_TIME;
  self->alarms = g_array_new (FALSE, FALSE, sizeof (Alarm));
}

BtsClockFake *
bts_clock_fake_new (void)
{
  return g_object_new (BTS_TYPE_CLOCK_FAKE, NULL);
}

/* Takes the earliest alarm that is due at @end; of two at one time the one added first. */
static gboolean
take_due (BtsClockFake *self, gint64 end, Alarm *due)
{
  guint earliest = G_MAXUINT;

  for (guint i = 0; i < self->alarms->len; i++)
    {
      gint64 boot_time = g_array_index (self->alarms, Alarm, i).boot_time;

      if (boot_time <= end && (earliest == G_MAXUINT ||
                               boot_time < g_array_index (self->alarms, Alarm, earliest).boot_time))
        earliest = i;
    }

  if (earliest == G_MAXUINT)
    return FALSE;

  *due = g_array_index (self->alarms, Alarm, earliest);
  g_array_remove_index (self->alarms, earliest);

  return TRUE;
}

static void
move_to (BtsClockFake *self, gint64 boot_time)
{
  if (boot_time <= self->boot_time)
    return;

  self->wall_time += boot_time - self->boot_time;
  self->boot_time = boot_time;
}

void
bts_clock_fake_advance (BtsClockFake *self, gint64 duration_us)
{
  gint64 end = self->boot_time + duration_us;
  guint n_calls = 0;
  Alarm due;

  while (take_due (self, end, &due))
    {
      g_assert_cmpuint (++n_calls, <, MAX_ALARMS_AN_ADVANCE); /* one that is always due again */
      move_to (self, due.boot_time);
      due.alarm (due.user_data);
    }

  move_to (self, end);
}

void
bts_clock_fake_set_wall_time (BtsClockFake *self, gint64 wall_time)
{
  self->wall_time = wall_time;
}

guint
bts_clock_fake_get_n_alarms (BtsClockFake *self)
{
  return self->alarms->len;
}
