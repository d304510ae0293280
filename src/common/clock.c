/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/clock.h"

G_DEFINE_INTERFACE (BtsClock, bts_clock, G_TYPE_OBJECT)

static void
bts_clock_default_init (BtsClockInterface *iface)
{
}

gint64
bts_clock_get_wall_time (BtsClock *self)
{
  return BTS_CLOCK_GET_IFACE (self)->get_wall_time (self);
}

gint64
bts_clock_get_boot_time (BtsClock *self)
{
  return BTS_CLOCK_GET_IFACE (self)->get_boot_time (self);
}

guint
bts_clock_add_alarm (BtsClock *self, gint64 boot_time, BtsClockAlarm alarm, gpointer user_data)
{
  return BTS_CLOCK_GET_IFACE (self)->add_alarm (self, boot_time, alarm, user_data);
}

void
bts_clock_remove_alarm (BtsClock *self, guint alarm_id)
{
  BTS_CLOCK_GET_IFACE (self)->remove_alarm (self, alarm_id);
}
