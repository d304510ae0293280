/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/progress.h"

#include <glib/gi18n.h>

#include "transferctl/text.h"

#define SAMPLE_INTERVAL_US (500 * G_TIME_SPAN_MILLISECOND)
#define WINDOW_US (6 * G_TIME_SPAN_SECOND)
#define MIN_SPAN_US (200 * G_TIME_SPAN_MILLISECOND)
#define MIN_BAR 10
#define MAX_BAR 40
#define MIN_NAME 8

static const BtsProgressSample *
get_sample (const BtsRate *self, guint age)
{
  return &self->samples[(self->next + BTS_PROGRESS_N_SAMPLES - 1 - age) % BTS_PROGRESS_N_SAMPLES];
}

void
bts_rate_add (BtsRate *self, gint64 time_us, guint64 bytes)
{
  /* A transfer that starts over is a new one as far as its rate goes. */
  if (self->n_samples > 0 && bytes < get_sample (self, 0)->bytes)
    self->n_samples = 0;
  /* The newest sample moves until it is old enough to stay, so that the ring spans seconds. */
  if (self->n_samples > 1 &&
      get_sample (self, 0)->time_us - get_sample (self, 1)->time_us < SAMPLE_INTERVAL_US)
    self->next = (self->next + BTS_PROGRESS_N_SAMPLES - 1) % BTS_PROGRESS_N_SAMPLES;
  else
    self->n_samples = MIN (self->n_samples + 1, BTS_PROGRESS_N_SAMPLES);
  self->samples[self->next] = (BtsProgressSample){ time_us, bytes };
  self->next = (self->next + 1) % BTS_PROGRESS_N_SAMPLES;
}

double
bts_rate_get (const BtsRate *self, gint64 time_us)
{
  const BtsProgressSample *newest;
  const BtsProgressSample *oldest;

  if (self->n_samples < 2)
    return 0;
  newest = oldest = get_sample (self, 0);
  for (guint age = 1; age < self->n_samples; age++)
    {
      oldest = get_sample (self, age);
      if (time_us - oldest->time_us > WINDOW_US)
        break;
    }
  if (time_us - oldest->time_us < MIN_SPAN_US)
    return 0;
  return (double) (newest->bytes - oldest->bytes) * G_USEC_PER_SEC /
         (double) (time_us - oldest->time_us);
}

static int
get_percent (const BtsProgress *progress)
{
  if (progress->bytes >= progress->total)
    return 100;
  return (int) ((double) progress->bytes * 100 / (double) progress->total);
}

static char *
format_remaining (const BtsProgress *progress)
{
  if (progress->total == 0 || progress->rate < 1 || progress->bytes > progress->total)
    return g_strdup ("");
  return bts_text_format_seconds (
      (gint64) ((double) (progress->total - progress->bytes) / progress->rate + 0.5));
}

/* "3.1 MiB/12.0 MiB  1.2 MiB/s  0:07", or why nothing moves. */
static char *
make_details (const BtsProgress *progress)
{
  g_autofree char *done = bts_text_format_size (progress->bytes);
  g_autofree char *total = bts_text_format_size (progress->total);
  g_autofree char *rate = bts_text_format_size ((guint64) progress->rate);
  g_autofree char *remaining = format_remaining (progress);
  GString *details = g_string_new (done);

  if (progress->total > 0)
    g_string_append_printf (details, "/%s", total);
  if (progress->waiting[0] != '\0')
    {
      g_string_append (details, "  ");
      g_string_append_printf (details, _ ("waiting: %s"), progress->waiting);
    }
  else
    g_string_append_printf (details, "  %s/s", rate);
  if (progress->waiting[0] == '\0' && remaining[0] != '\0')
    g_string_append_printf (details, "  %s", remaining);
  return g_string_free (details, FALSE);
}

static void
append_bar (GString *line, const BtsProgress *progress, int width)
{
  const int filled = (width - 2) * get_percent (progress) / 100;

  g_string_append (line, " [");
  for (int i = 0; i < width - 2; i++)
    g_string_append_c (line, i < filled ? '=' : i == filled ? '>' : ' ');
  g_string_append (line, "] ");
}

char *
bts_progress_make_bar (const BtsProgress *progress, int width)
{
  g_autofree char *details = make_details (progress);
  g_autofree char *safe_name = bts_text_make_printable (progress->name);
  g_autofree char *name = NULL;
  g_autofree char *whole = NULL;
  g_autoptr (GString) line = g_string_new (NULL);
  const int percent_width = progress->total > 0 ? 5 : 0;
  /* One column stays free: some terminals wrap when the last is written. */
  int rest = width - 1 - percent_width - 2 - bts_text_get_width (details);
  int bar_width = 0;

  if (progress->total > 0 && rest >= MIN_NAME + MIN_BAR + 2)
    bar_width = CLAMP (rest / 2, MIN_BAR, MAX_BAR);
  if (bar_width > 0)
    rest -= bar_width + 2;
  if (rest >= MIN_NAME)
    {
      name = bts_text_shorten (safe_name, rest);
      g_string_append (line, name);
    }
  if (progress->total > 0)
    g_string_append_printf (line, " %3d%%", get_percent (progress));
  if (bar_width > 0)
    append_bar (line, progress, bar_width);
  else
    g_string_append (line, "  ");
  g_string_append (line, details);
  whole = bts_text_shorten (g_strchug (line->str), MAX (width - 1, 1));
  return g_steal_pointer (&whole);
}

char *
bts_progress_make_line (const BtsProgress *progress)
{
  g_autofree char *details = make_details (progress);
  g_autofree char *name = bts_text_make_printable (progress->name);

  if (progress->total == 0)
    return g_strdup_printf ("%s: %s", name, details);
  return g_strdup_printf ("%s: %d%%  %s", name, get_percent (progress), details);
}
