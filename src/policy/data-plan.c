/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "policy/data-plan.h"

#include <string.h>

/* A pace is none before it has lasted a while. */
#define MIN_PACE_US G_TIME_SPAN_DAY

/* Midnight of the reset day in the month that is @months after that of @now. */
static gint64
get_reset (guint reset_day, gint64 now, int months, GTimeZone *zone)
{
  g_autoptr (GDateTime) utc = g_date_time_new_from_unix_utc (now / G_USEC_PER_SEC);
  g_autoptr (GDateTime) local = utc != NULL ? g_date_time_to_timezone (utc, zone) : NULL;
  g_autoptr (GDateTime) reset = NULL;
  int year, month, day;

  if (local == NULL)
    return now;

  month = g_date_time_get_month (local) - 1 + months;
  year = g_date_time_get_year (local) + (month < 0 ? -1 : month / 12);
  month = (month + 12) % 12 + 1;
  if (year < 1 || year > 9999)
    return now;

  day = (int) MIN (reset_day, g_date_get_days_in_month ((GDateMonth) month, (GDateYear) year));
  reset = g_date_time_new (zone, year, month, day, 0, 0, 0);

  return reset != NULL ? g_date_time_to_unix (reset) * G_USEC_PER_SEC : now;
}

gint64
bts_data_plan_get_period_start (guint reset_day, gint64 now, GTimeZone *zone)
{
  gint64 reset = get_reset (reset_day, now, 0, zone);

  return reset <= now ? reset : get_reset (reset_day, now, -1, zone);
}

gint64
bts_data_plan_get_period_end (guint reset_day, gint64 now, GTimeZone *zone)
{
  gint64 reset = get_reset (reset_day, now, 0, zone);

  return reset > now ? reset : get_reset (reset_day, now, 1, zone);
}

gboolean
bts_data_plan_roll (BtsDataPlan *self, gint64 now, GTimeZone *zone)
{
  gint64 start = bts_data_plan_get_period_start (self->reset_day, now, zone);

  /* A clock that goes back and forth over a reset day gives nothing back; only a time that is far
   * ahead is not believed any more. */
  if (start <= self->since &&
      self->since <= bts_data_plan_get_period_end (self->reset_day, now, zone))
    return FALSE;
  if (start > self->since)
    self->used = 0;
  self->since = start;

  return TRUE;
}

static guint64
add (guint64 a, guint64 b)
{
  return a > G_MAXUINT64 - b ? G_MAXUINT64 : a + b;
}

void
bts_data_plan_count (BtsDataPlan *self, const char *counter, guint64 value)
{
  gboolean is_first = self->counter[0] == '\0';
  gboolean is_new = strcmp (self->counter, counter) != 0 || value < self->counted;

  if (!is_first && is_new)
    self->used = add (self->used, value);
  else if (!is_first && self->is_current)
    self->used = add (self->used, value - self->counted);
  g_strlcpy (self->counter, counter, sizeof self->counter);
  self->counted = value;
  self->is_current = TRUE;
}

void
bts_data_plan_leave (BtsDataPlan *self)
{
  self->is_current = FALSE;
}

gboolean
bts_data_plan_is_over (const BtsDataPlan *self)
{
  return self->used >= self->limit;
}

/* In doubles, since nobody needs it to the byte. */
gboolean
bts_data_plan_is_approaching (const BtsDataPlan *self, gint64 now, GTimeZone *zone)
{
  double used = (double) self->used;
  double limit = (double) self->limit;
  gint64 start = bts_data_plan_get_period_start (self->reset_day, now, zone);
  gint64 end = bts_data_plan_get_period_end (self->reset_day, now, zone);

  if (used >= limit * self->approaching_percent / 100)
    return TRUE;
  if (now - start < MIN_PACE_US)
    return FALSE;

  return used / (double) (now - start) * (double) (end - start) > limit;
}
