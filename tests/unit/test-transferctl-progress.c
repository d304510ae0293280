/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib.h>
#include <string.h>

#include "transferctl/progress.h"
#include "transferctl/table.h"
#include "transferctl/text.h"

#define MIB (1024 * 1024)

static void
test_rate_is_of_the_last_seconds (void)
{
  BtsRate rate = { 0 };

  g_assert_cmpfloat (bts_rate_get (&rate, 0), ==, 0);
  for (int i = 0; i <= 100; i++)
    bts_rate_add (&rate, i * 250 * G_TIME_SPAN_MILLISECOND, (guint64) i * MIB / 4);
  g_assert_cmpfloat_with_epsilon (bts_rate_get (&rate, 25 * G_TIME_SPAN_SECOND), MIB, MIB / 50.0);
}

static void
test_rate_falls_in_a_stall (void)
{
  BtsRate rate = { 0 };

  for (int i = 0; i <= 10; i++)
    bts_rate_add (&rate, i * G_TIME_SPAN_SECOND, (guint64) i * MIB);
  for (int i = 11; i <= 30; i++)
    bts_rate_add (&rate, i * G_TIME_SPAN_SECOND, 10 * MIB);
  g_assert_cmpfloat (bts_rate_get (&rate, 30 * G_TIME_SPAN_SECOND), ==, 0);
}

static void
test_rate_survives_starting_over (void)
{
  BtsRate rate = { 0 };

  bts_rate_add (&rate, 0, 100 * MIB);
  bts_rate_add (&rate, G_TIME_SPAN_SECOND, 0);
  bts_rate_add (&rate, 2 * G_TIME_SPAN_SECOND, MIB);
  g_assert_cmpfloat_with_epsilon (bts_rate_get (&rate, 2 * G_TIME_SPAN_SECOND), MIB, 1);
}

static void
test_bar_fits_any_width (void)
{
  static const BtsProgress rows[] = {
    { "name", 0, 0, 0, "" },
    { "name", 5 * MIB, 10 * MIB, MIB, "" },
    { "a very long name that no terminal of this world has room for, 漢字漢字漢字漢字漢字漢字漢字",
      5 * MIB, 10 * MIB, MIB, "" },
    { "name", 11 * MIB, 10 * MIB, 0, "" },
    { "name", 5 * MIB, 10 * MIB, 0, "the network is metered, no network, roaming, and so on" },
    { "na\033[2Jme", 5 * MIB, 10 * MIB, 0, "" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (int width = 1; width < 200; width++)
      {
        g_autofree char *bar = bts_progress_make_bar (&rows[i], width);

        g_assert_true (g_utf8_validate (bar, -1, NULL));
        g_assert_null (strchr (bar, '\033'));
        g_assert_cmpint (bts_text_get_width (bar), <=, MAX (width - 1, 1));
      }
}

static void
test_bar_says_all (void)
{
  const BtsProgress progress = { "name", 5 * MIB, 10 * MIB, MIB, "" };
  g_autofree char *bar = bts_progress_make_bar (&progress, 80);

  g_assert_cmpstr (bar, ==, "name  50% [========>        ] 5.0 MiB/10.0 MiB  1.0 MiB/s  0:05");
}

static void
test_bar_says_why_nothing_moves (void)
{
  const BtsProgress progress = { "name", 5 * MIB, 0, 0, "no network" };
  g_autofree char *bar = bts_progress_make_bar (&progress, 80);
  g_autofree char *line = bts_progress_make_line (&progress);

  g_assert_cmpstr (bar, ==, "name  5.0 MiB  waiting: no network");
  g_assert_cmpstr (line, ==, "name: 5.0 MiB  waiting: no network");
}

static void
test_text_is_made_printable (void)
{
  static const struct
  {
    const char *text;
    const char *printable;
  } rows[] = {
    { "plain ä", "plain ä" },
    { "a\033[2Jb", "a?[2Jb" },
    { "a\nb\tc", "a b c" },
    { "a\xc2\x9b"
      "b",
      "a?b" },
    { "a\xe2\x80\xae"
      "b",
      "a?b" },
    { "a\xff"
      "b",
      "a\xef\xbf\xbd"
      "b" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *printable = bts_text_make_printable (rows[i].text);

      g_assert_cmpstr (printable, ==, rows[i].printable);
    }
}

static void
test_table_has_even_columns (void)
{
  const char *const titles[] = { "A", "LONG", "C", NULL };
  g_autoptr (BtsTable) table = bts_table_new (titles);
  g_autofree char *text = NULL;
  const char *const first[] = { "漢字", "x", "", NULL };
  const char *const second[] = { "a", "x\n", "end", NULL };

  bts_table_take_row (table, g_strdupv ((char **) first));
  bts_table_take_row (table, g_strdupv ((char **) second));
  text = bts_table_to_string (table, TRUE);
  g_assert_cmpstr (text, ==,
                   "A     LONG  C\n"
                   "漢字  x\n"
                   "a     x     end\n");
}

static void
test_table_of_many_rows_is_fast (void)
{
  const char *const titles[] = { "ID", "NAME", NULL };
  const char *const row[] = { "1", "name", NULL };
  g_autoptr (BtsTable) table = bts_table_new (titles);
  g_autofree char *text = NULL;

  /* With work for each pair of rows this would take minutes. */
  for (guint i = 0; i < 30000; i++)
    bts_table_take_row (table, g_strdupv ((char **) row));
  text = bts_table_to_string (table, FALSE);
  g_assert_cmpuint (strlen (text), ==, 30000 * strlen ("1  name\n"));
}

static void
test_blockers_name_the_error (void)
{
  const char *const words[] = { "no-network", "retry-delay", NULL };
  g_autofree char *known = bts_text_describe_blockers ((char **) words, "timeout");
  g_autofree char *unknown = bts_text_describe_blockers ((char **) words, "");

  g_assert_cmpstr (known, ==, "no network, will be tried again (timeout)");
  g_assert_cmpstr (unknown, ==, "no network, will be tried again");
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transferctl/progress/rate-is-of-the-last-seconds",
                   test_rate_is_of_the_last_seconds);
  g_test_add_func ("/transferctl/progress/rate-falls-in-a-stall", test_rate_falls_in_a_stall);
  g_test_add_func ("/transferctl/progress/rate-survives-starting-over",
                   test_rate_survives_starting_over);
  g_test_add_func ("/transferctl/progress/bar-fits-any-width", test_bar_fits_any_width);
  g_test_add_func ("/transferctl/progress/bar-says-all", test_bar_says_all);
  g_test_add_func ("/transferctl/progress/bar-says-why-nothing-moves",
                   test_bar_says_why_nothing_moves);
  g_test_add_func ("/transferctl/text/is-made-printable", test_text_is_made_printable);
  g_test_add_func ("/transferctl/table/has-even-columns", test_table_has_even_columns);
  g_test_add_func ("/transferctl/table/of-many-rows-is-fast", test_table_of_many_rows_is_fast);
  g_test_add_func ("/transferctl/text/blockers-name-the-error", test_blockers_name_the_error);
  return g_test_run ();
}
