/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <gio/gio.h>

#include "common/names.h"
#include "common/object-path.h"

#define GUID "0123abcd_4567_89ef_0123_456789abcdef"

static void
test_guids_differ_and_are_valid (void)
{
  g_autofree char *first = bts_guid_new ();
  g_autofree char *second = bts_guid_new ();

  g_assert_true (bts_guid_is_valid (first));
  g_assert_true (bts_guid_is_valid (second));
  g_assert_cmpstr (first, !=, second);
}

static void
test_other_guids_are_refused (void)
{
  static const char *const guids[] = {
    NULL,
    "",
    "0123abcd-4567-89ef-0123-456789abcdef",
    "0123ABCD_4567_89ef_0123_456789abcdef",
    "0123abcd_4567_89ef_0123_456789abcde",
    "0123abcd_4567_89ef_0123_456789abcdef0",
    "0123abcd_4567_89ef_0123_456789abcdeg",
    "0123abcd04567_89ef_0123_456789abcdef",
    "../3abcd_4567_89ef_0123_456789abcdef",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (guids); i++)
    g_assert_false (bts_guid_is_valid (guids[i]));
}

static void
test_operation_paths_come_back (void)
{
  g_autofree char *path = bts_object_path_for_operation (GUID);
  g_autofree char *guid = bts_object_path_to_operation_guid (path);

  g_assert_true (g_variant_is_object_path (path));
  g_assert_cmpstr (path, ==, BGT_OPERATIONS_PATH "/" GUID);
  g_assert_cmpstr (guid, ==, GUID);
}

static void
test_other_paths_are_no_operations (void)
{
  static const char *const paths[] = {
    NULL,
    "",
    "/",
    BGT_OPERATIONS_PATH,
    BGT_OPERATIONS_PATH "/",
    BGT_OPERATIONS_PATH "/x",
    BGT_OPERATIONS_PATH "/" GUID "/",
    BGT_OPERATIONS_PATH "/" GUID "/x",
    BGT_OPERATIONS_PATH "x" GUID,
    BGT_GROUPS_PATH "/" GUID,
    GUID,
  };

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    g_assert_null (bts_object_path_to_operation_guid (paths[i]));
}

static const struct
{
  const char *name;
  const char *element;
} groups[] = {
  { "photos", "photos" }, { "", "_" },        { "_", "_5f" }, { "my photos", "my_20photos" },
  { "ü", "_c3_bc" },      { "a/b", "a_2fb" }, { "7", "7" },
};

static void
test_group_names_are_escaped (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (groups); i++)
    {
      g_autofree char *path = bts_object_path_for_group (groups[i].name);
      g_autofree char *expected = g_strconcat (BGT_GROUPS_PATH "/", groups[i].element, NULL);

      g_assert_true (g_variant_is_object_path (path));
      g_assert_cmpstr (path, ==, expected);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/object-path/guids-differ-and-are-valid",
                   test_guids_differ_and_are_valid);
  g_test_add_func ("/common/object-path/other-guids-are-refused", test_other_guids_are_refused);
  g_test_add_func ("/common/object-path/operation-paths-come-back", test_operation_paths_come_back);
  g_test_add_func ("/common/object-path/other-paths-are-no-operations",
                   test_other_paths_are_no_operations);
  g_test_add_func ("/common/object-path/group-names-are-escaped", test_group_names_are_escaped);

  return g_test_run ();
}
