/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "lib/background-transfer.h"
#include "transferctl/arguments.h"

static void
test_sizes (void)
{
  static const struct
  {
    const char *text;
    guint64 bytes;
  } rows[] = {
    { "0", 0 },        { "500", 500 },         { "64k", 65536 },        { "64K", 65536 },
    { "2M", 2097152 }, { "1.5G", 1610612736 }, { "1T", 1099511627776 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      guint64 bytes = 1;

      g_assert_true (bts_arguments_parse_size (rows[i].text, &bytes, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (bytes, ==, rows[i].bytes);
    }
}

static void
test_wrong_sizes (void)
{
  static const char *const rows[] = { "",    "-1",  "k",     "1x",  "1kk",
                                      "inf", "nan", "1e300", "1 k", "99999999999T" };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      guint64 bytes;

      g_assert_false (bts_arguments_parse_size (rows[i], &bytes, &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_times (void)
{
  static const gint64 now = 1000 * G_TIME_SPAN_DAY;
  static const struct
  {
    const char *text;
    gint64 seconds;
  } rows[] = {
    { "+0s", 1000 * 86400 },
    { "+90m", 1000 * 86400 + 5400 },
    { "+2h", 1000 * 86400 + 7200 },
    { "+1d", 1001 * 86400 },
    { "2026-12-24T18:00", 1798135200 },
    { "2026-12-24T18:00:07", 1798135207 },
    { "2026-12-24T18:00Z", 1798135200 },
    { "2026-12-24T18:00+01:00", 1798131600 },
    { "2026-12-24T18:00:07-01:30", 1798140607 },
    { "2026-12-24", 1798070400 },
  };
  static const char *const wrong[] = {
    "",      "+",          "+5",         "+5x",         "+-5m", "5m",           "+99999999999999d",
    "18:00", "2026-13-01", "1960-01-01", "2026-12-24T", "\xff", "2026-12-24T18"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 time = 0;

      g_assert_true (bts_arguments_parse_time (rows[i].text, now, &time, &error));
      g_assert_no_error (error);
      g_assert_cmpint (time, ==, rows[i].seconds * G_USEC_PER_SEC);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 time;

      g_assert_false (bts_arguments_parse_time (wrong[i], now, &time, &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
    }
}

static void
test_headers (void)
{
  g_autofree char *name = NULL;
  g_autofree char *value = NULL;
  g_autofree char *unused = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (bts_arguments_parse_header ("X-A:  b: c ", &name, &value, &error));
  g_assert_cmpstr (name, ==, "X-A");
  g_assert_cmpstr (value, ==, "b: c");
  g_assert_false (bts_arguments_parse_header ("no header", &unused, &unused, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

static void
test_file_names (void)
{
  static const struct
  {
    const char *uri;
    const char *name;
  } rows[] = {
    { "https://h/a/b.iso?x=/y#z", "b.iso" }, { "https://h", "download" },
    { "https://h/a/", "download" },          { "https://h/a%20b", "a b" },
    { "https://h/..", "download" },          { "https://h/%2e%2e%2fetc%2fpasswd", "_etc_passwd" },
    { "https://h/.hidden", "hidden" },       { "https://h/a%0a%1b%7fb", "ab" },
    { "https://h/a%00b", "a%00b" },          { "https://h/a%e2%80%aeb", "ab" },
    { "https://h/%20%20x%20", "x" },         { "https://h/%C3%A4", "ä" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = bts_arguments_make_file_name (rows[i].uri);

      g_assert_cmpstr (name, ==, rows[i].name);
    }
}

static void
test_long_file_name (void)
{
  g_autofree char *part = g_strnfill (5000, 'x');
  g_autofree char *uri = g_strconcat ("https://h/", part, NULL);
  g_autofree char *name = bts_arguments_make_file_name (uri);

  g_assert_cmpuint (strlen (name), <=, 200);
}

static void
test_long_file_names_keep_their_extension (void)
{
  static const struct
  {
    const char *start; /* of a very long name */
    const char *end;
    const char *kept;
  } rows[] = {
    { "x", ".pdf", ".pdf" },
    { "x", ".tar.gz", ".tar.gz" },
    { "a.b.c ", ".txt", ".txt" },
    { "Mr. ", "", "x" },
    { "x", ". and so on", "x" },
    { "x", ".", "x" },
    { "x", ".neither-short-nor-an-extension", "x" },
    { "x", ".€", ".€" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *middle = g_strnfill (300, 'x');
      g_autofree char *given = g_strconcat (rows[i].start, "€", middle, rows[i].end, NULL);
      g_autofree char *name = bts_arguments_make_safe_name (given);

      g_assert_cmpuint (strlen (name), ==, 200);
      g_assert_true (g_str_has_prefix (name, rows[i].start));
      g_assert_true (g_str_has_suffix (name, rows[i].kept));
    }
}

static void
test_destinations (void)
{
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);
  g_autofree char *inside = g_build_filename (folder, "name", NULL);
  g_autofree char *bytes = g_build_filename (folder, "\xff", NULL);
  g_autofree char *bytes_uri = g_filename_to_uri (bytes, NULL, NULL);
  g_autofree char *missing = g_build_filename (folder, "missing/", NULL);
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *relative = g_build_filename (here, "name", NULL);
  g_autofree char *plain = g_build_filename (folder, "other", NULL);
  const struct
  {
    const char *output;
    const char *destination; /* NULL: refused */
  } rows[] = {
    { NULL, relative },   { folder, inside }, { plain, plain },
    { bytes, bytes_uri }, { missing, NULL },  { "", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *destination =
          bts_arguments_make_destination (rows[i].output, "https://h/name", &error);

      g_assert_cmpstr (destination, ==, rows[i].destination);
      if (destination == NULL)
        g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
      else
        g_assert_no_error (error);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_uris (void)
{
  static const char *const right[] = { "http://h", "https://h:1/a?b", "ftp://h/x",
                                       "https://[::1]/" };
  static const char *const wrong[] = { "", "x", "/etc/passwd", "http:", "http:///x", "\xff://h" };

  for (gsize i = 0; i < G_N_ELEMENTS (right); i++)
    g_assert_true (bts_arguments_check_uri (right[i], NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (bts_arguments_check_uri (wrong[i], &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("TZ", "UTC", TRUE);
  g_test_add_func ("/transferctl/arguments/sizes-have-units-of-1024", test_sizes);
  g_test_add_func ("/transferctl/arguments/wrong-sizes-are-refused", test_wrong_sizes);
  g_test_add_func ("/transferctl/arguments/times-are-dates-or-from-now", test_times);
  g_test_add_func ("/transferctl/arguments/headers-split-at-the-first-colon", test_headers);
  g_test_add_func ("/transferctl/arguments/file-names-are-safe", test_file_names);
  g_test_add_func ("/transferctl/arguments/long-file-names-are-cut", test_long_file_name);
  g_test_add_func ("/transferctl/arguments/long-file-names-keep-their-extension",
                   test_long_file_names_keep_their_extension);
  g_test_add_func ("/transferctl/arguments/destinations-are-absolute", test_destinations);
  g_test_add_func ("/transferctl/arguments/uris-need-scheme-and-host", test_uris);
  return g_test_run ();
}
