/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A limit of bytes over a connection from one reset day to the next. Times are wall times, in
 * microseconds; days begin where @zone says. */

#define BTS_DATA_PLAN_COUNTER_SIZE 128

typedef struct
{
  guint64 limit;   /* bytes a period */
  guint64 used;    /* since @since */
  gint64 since;    /* the beginning of the period that @used is about */
  guint reset_day; /* 1 to 31; in shorter months their last day */
  guint approaching_percent;

  /* The interface's counter when it was last read. */
  char counter[BTS_DATA_PLAN_COUNTER_SIZE]; /* which one, "" for none: it begins at 0 */
  guint64 counted;
  gboolean is_current; /* the connection has used it since */
} BtsDataPlan;

/* The reset day's midnight that is the last at or before @now, and the first after it. */
gint64 bts_data_plan_get_period_start (guint reset_day, gint64 now, GTimeZone *zone);
gint64 bts_data_plan_get_period_end (guint reset_day, gint64 now, GTimeZone *zone);

/* Begins a new period if it is time. TRUE where something has changed. */
gboolean bts_data_plan_roll (BtsDataPlan *self, gint64 now, GTimeZone *zone);

/* The connection uses the interface whose counter @counter stands at @value: what has gone over it
 * since it was last read is used up. One that has just begun to count, after a reboot or because
 * the device was plugged in again, has counted for this connection from its 0 on. */
void bts_data_plan_count (BtsDataPlan *self, const char *counter, guint64 value);

/* The connection is not in use any more: what the counter counts until it is, is not its. */
void bts_data_plan_leave (BtsDataPlan *self);

gboolean bts_data_plan_is_over (const BtsDataPlan *self);

/* At approaching_percent, or at a pace that crosses the limit before the reset day. */
gboolean bts_data_plan_is_approaching (const BtsDataPlan *self, gint64 now, GTimeZone *zone);
