/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"
#include "introspection/bus-interface-info.h"

static void
test_rows_match_the_xml (gconstpointer data)
{
  const char *missing = NULL;

  g_assert_true (bts_interface_is_complete (data, &missing));
  g_assert_null (missing);
}

static void
test_missing_row_is_named (void)
{
  BtsInterface interface = bts_download_interface;
  const char *missing = NULL;

  interface.n_methods--;
  g_assert_false (bts_interface_is_complete (&interface, &missing));
  g_assert_cmpstr (missing, ==, "RequestRange");

  interface = bts_download_interface;
  interface.n_properties--;
  g_assert_false (bts_interface_is_complete (&interface, &missing));
  g_assert_cmpstr (missing, ==, "Checksum");
}

static void
test_row_too_many_is_named (void)
{
  BtsInterface interface = bts_download_interface;
  const char *missing = NULL;

  interface.info = &bts_dbus_org_freedesktop_dbus_peer_interface;
  g_assert_false (bts_interface_is_complete (&interface, &missing));
}

int
main (int argc, char **argv)
{
  static const BtsInterface *const interfaces[] = {
    &bts_manager_interface,    &bts_operation_interface,      &bts_download_interface,
    &bts_properties_interface, &bts_object_manager_interface,
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (interfaces); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/bus/interfaces/rows-match-the-xml/%s", interfaces[i]->info->name);

      g_test_add_data_func (path, interfaces[i], test_rows_match_the_xml);
    }
  g_test_add_func ("/bus/interfaces/missing-row-is-named", test_missing_row_is_named);
  g_test_add_func ("/bus/interfaces/row-too-many-is-named", test_row_too_many_is_named);

  return g_test_run ();
}
