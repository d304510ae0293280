/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/unique-name.h"

#include <string.h>

typedef struct
{
  const char *name;
  guint n;
  gsize max_bytes;
  const char *expected;
} NameRow;

static const NameRow name_rows[] = {
  { "file.txt", 0, 255, "file.txt" },
  { "file.txt", 1, 255, "file (1).txt" },
  { "file.txt", 12, 255, "file (12).txt" },
  { "file", 1, 255, "file (1)" },
  { "file.tar.gz", 1, 255, "file (1).tar.gz" },
  { "file.tar.zst", 2, 255, "file (2).tar.zst" },
  { ".tar.gz", 1, 255, ".tar (1).gz" },
  { ".bashrc", 1, 255, ".bashrc (1)" },
  { ".config.ini", 1, 255, ".config (1).ini" },
  { "file.", 1, 255, "file. (1)" },
  { "file (1).txt", 1, 255, "file (1) (1).txt" },
  { "Vol. 3 of the whole", 1, 255, "Vol. 3 of the whole (1)" },
  { "a.averyveryverylongextension", 1, 255, "a.averyveryverylongextension (1)" },
  { "\xff\xfe.bin", 1, 255, "\xff\xfe (1).bin" },
  { "abcdefghij.txt", 1, 14, "abcdef (1).txt" },
  { "\xc3\xa4\xc3\xa4\xc3\xa4.txt", 1, 13, "\xc3\xa4\xc3\xa4 (1).txt" },
};

static void
test_nth (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (name_rows); i++)
    {
      const NameRow *row = &name_rows[i];
      g_autofree char *name = bts_unique_name_get_nth (row->name, row->n, row->max_bytes);

      g_assert_cmpstr (name, ==, row->expected);
      g_assert_cmpuint (strlen (name), <=, row->max_bytes);
      g_assert_true (bts_unique_name_matches (row->name, name, row->max_bytes));
    }
}

static void
test_others_do_not_match (void)
{
  static const char *const others[] = { "file (0).txt",          "file (01).txt",
                                        "file ().txt",           "file (x).txt",
                                        "file(1).txt",           "fil (1).txt",
                                        "file (1).tx",           "",
                                        "file (99999999999).txt" };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_false (bts_unique_name_matches ("file.txt", others[i], 255));
}

static void
test_partial (void)
{
  const char *guid = "0f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0";
  g_autofree char *long_name = g_strnfill (255, 'x');
  g_autofree char *usual = bts_partial_name_new ("file.iso", guid, 255);
  g_autofree char *longest = bts_partial_name_new (long_name, guid, 255);

  g_assert_cmpstr (usual, ==, ".file.iso.0f1e2d3c4b5a6978.part");
  g_assert_cmpuint (strlen (longest), ==, 255);
  g_assert_true (bts_partial_name_is_of (usual, guid));
  g_assert_true (bts_partial_name_is_of (longest, guid));
  g_assert_false (bts_partial_name_is_of (usual, "1f1e2d3c_4b5a_6978_8796_a5b4c3d2e1f0"));
  g_assert_false (bts_partial_name_is_of ("file.0f1e2d3c4b5a6978.part", guid));
  g_assert_false (bts_partial_name_is_of (".a/.b.0f1e2d3c4b5a6978.part", guid));
  g_assert_false (bts_partial_name_is_of ("", guid));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/files/unique-name/keeps-the-extension-and-fits", test_nth);
  g_test_add_func ("/files/unique-name/other-names-do-not-match", test_others_do_not_match);
  g_test_add_func ("/files/partial-name/is-hidden-and-of-one-operation", test_partial);

  return g_test_run ();
}
