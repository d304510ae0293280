/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib-object.h>

/* The only source of time. Wall time for what users see; boot time (which goes on during
 * suspend) for everything that waits. All in microseconds. */

#define BTS_TYPE_CLOCK (bts_clock_get_type ())
G_DECLARE_INTERFACE (BtsClock, bts_clock, BTS, CLOCK, GObject)

typedef void (*BtsClockAlarm) (gpointer user_data);

struct _BtsClockInterface
{
  GTypeInterface parent;

  gint64 (*get_wall_time) (BtsClock *self);
  gint64 (*get_boot_time) (BtsClock *self);
  guint (*add_alarm) (BtsClock *self, gint64 boot_time, BtsClockAlarm alarm, gpointer user_data);
  void (*remove_alarm) (BtsClock *self, guint alarm_id);
};

gint64 bts_clock_get_wall_time (BtsClock *self);
gint64 bts_clock_get_boot_time (BtsClock *self);

/* Calls @alarm once, from the main loop, at @boot_time or soon after. The ID, never 0, is valid
 * until the alarm has gone off or been removed. */
guint
bts_clock_add_alarm (BtsClock *self, gint64 boot_time, BtsClockAlarm alarm, gpointer user_data);
void bts_clock_remove_alarm (BtsClock *self, guint alarm_id);
