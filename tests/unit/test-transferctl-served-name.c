/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "transferctl/served-name.h"

static void
test_names (void)
{
  static const struct
  {
    const char *header;
    const char *name; /* (nullable) */
  } rows[] = {
    { "attachment", NULL },
    { "", NULL },
    { "attachment; filename=a.txt", "a.txt" },
    { "attachment; FileName = \"a b.txt\"", "a b.txt" },
    { "inline;filename=\"a;b=c.txt\";x=y", "a;b=c.txt" },
    { "attachment; filename=\"a\\\"b.txt\"", "a\"b.txt" },
    { "attachment; filename=\"a.txt", "a.txt" },
    { "attachment; other; filename=a.txt", "a.txt" },
    { "attachment; filename*=UTF-8''%e2%82%ac.txt; filename=euro.txt", "€.txt" },
    { "attachment; filename=euro.txt; filename*=utf-8'en'%e2%82%ac.txt", "€.txt" },
    { "attachment; filename*=iso-8859-1'en'%A3.txt", "£.txt" },
    { "attachment; filename*=UTF-16''x; filename=a.txt", "a.txt" },
    { "attachment; filename*=UTF-8''%ff; filename=a.txt", "a.txt" },
    { "attachment; filename*=UTF-8''a%00b; filename=a.txt", "a.txt" },
    { "attachment; filename*=UTF-8''a%zz; filename=a.txt", "a.txt" },
    { "attachment; filename*=UTF-8''..%2f..%2fetc%2fpasswd; filename=a.txt", "a.txt" },
    { "attachment; filename*=nonsense; filename=a.txt", "a.txt" },
    { "attachment; filename=\"\xe4.txt\"", "ä.txt" },
    { "attachment; filename=\"../../etc/passwd\"", "passwd" },
    { "attachment; filename=\"/etc/passwd\"", "passwd" },
    { "attachment; filename=\"C:\\\\Users\\\\a.txt\"", "a.txt" },
    { "attachment; filename=\".bashrc\"", "bashrc" },
    { "attachment; filename=\"..\"", NULL },
    { "attachment; filename=\"/\"", NULL },
    { "attachment; filename=\"\"", NULL },
    { "attachment; filename=\"a\x1b[2J\r\nb\"", "a[2Jb" },
    { "attachment; filename*=UTF-8''a%e2%80%aeb", "ab" },
    { "attachment; filename*=UTF-8''a%e2%80%a8b%e2%80%a9c%c2%85d", "abcd" },
    { "attachment; filename*=UTF-8''%e2%80%ae.%20.x", "x" },
    { "attachment; filename=\" . ..x \"", "x" },
    { "attachment; filename*=\"UTF-8''x.txt\"", "x.txt" },
    { "attachment; filename*=UTF-8''%5c..%5cx.txt", "x.txt" },
    { "attachment; filename=a.txt; filename=b.txt", "a.txt" },
    { "attachment; notfilename=a.txt", NULL },
    { "attachment; filename", NULL },
    { "attachment; filename=", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *name = bts_served_name_parse (rows[i].header);

      g_assert_cmpstr (name, ==, rows[i].name);
    }
}

static void
test_names_are_not_too_long (void)
{
  g_autofree char *part = g_strnfill (5000, 'x');
  g_autofree char *header = g_strconcat ("attachment; filename=", part, NULL);
  g_autofree char *name = bts_served_name_parse (header);

  g_assert_cmpuint (strlen (name), <=, 200);
}

static void
test_nothing_is_overwritten (void)
{
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);
  g_autofree char *old = g_build_filename (folder, "old", NULL);
  g_autofree char *taken = g_build_filename (folder, "a.tar.gz", NULL);
  g_autofree char *expected = g_build_filename (folder, "a (1).tar.gz", NULL);
  g_autofree char *given = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GVariant) information = g_variant_ref_sink (g_variant_new_parsed (
      "{'headers': <[('content-disposition', 'attachment; filename=a.tar.gz')]>}"));

  g_assert_true (g_file_set_contents (old, "new", -1, NULL));
  g_assert_true (g_file_set_contents (taken, "mine", -1, NULL));
  g_assert_null (bts_served_name_give (old, NULL, NULL));
  given = bts_served_name_give (old, NULL, information);
  g_assert_cmpstr (given, ==, expected);
  g_assert_true (g_file_get_contents (taken, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "mine");
  g_assert_null (bts_served_name_give (old, NULL, information));

  g_unlink (taken);
  g_unlink (given);
  g_rmdir (folder);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transferctl/served-name/names", test_names);
  g_test_add_func ("/transferctl/served-name/names-are-not-too-long", test_names_are_not_too_long);
  g_test_add_func ("/transferctl/served-name/nothing-is-overwritten", test_nothing_is_overwritten);
  return g_test_run ();
}
