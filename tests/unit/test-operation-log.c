/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/object-path.h"
#include "daemon/operation-log.h"

static GLogWriterOutput
write_fields (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer user_data)
{
  GHashTable *values = user_data;

  g_assert_cmpuint (level, ==, G_LOG_LEVEL_INFO);
  for (gsize i = 0; i < n_fields; i++)
    g_hash_table_insert (values, g_strdup (fields[i].key), g_strdup (fields[i].value));
  return G_LOG_WRITER_HANDLED;
}

static void
test_has_fields (void)
{
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autofree char *guid = bts_guid_new ();
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "org.example.App", FALSE);
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (BtsOperation) operation = NULL;
  g_autofree char *message = g_strdup_printf ("%s: 50%% there", guid);

  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD,
                             g_variant_new_parsed ("{'uri': <'http://localhost/'>, "
                                                   "'destination': <'/tmp/file'>}"),
                             NULL);
  operation = bts_operation_new (guid, owner, request, 1);
  g_log_set_writer_func (write_fields, values, NULL);

  bts_operation_log (operation, "%d%% there", 50);

  g_assert_cmpstr (g_hash_table_lookup (values, "GUID"), ==, guid);
  g_assert_cmpstr (g_hash_table_lookup (values, "UID"), ==, "1000");
  g_assert_cmpstr (g_hash_table_lookup (values, "APP"), ==, "org.example.App");
  g_assert_cmpstr (g_hash_table_lookup (values, "MESSAGE"), ==, message);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/operation-log/fields-name-operation-user-application", test_has_fields);
  return g_test_run ();
}
