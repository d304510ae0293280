/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "transferctl/commands.h"
#include "transferctl/json.h"
#include "transferctl/table.h"
#include "transferctl/text.h"

static gsize
count_operations (GVariant *group)
{
  g_autoptr (GVariant) operations =
                 g_variant_lookup_value (group, "Operations", G_VARIANT_TYPE_OBJECT_PATH_ARRAY);

  return operations != NULL ? g_variant_n_children (operations) : 0;
}

static void
print_json (GVariant *groups)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();
  GVariantIter iter;
  GVariant *group;

  g_variant_iter_init (&iter, groups);
  while (g_variant_iter_next (&iter, "{o@a{sv}}", NULL, &group))
    {
      g_autoptr (GVariant) owned = group;

      json_array_add_element (array, bts_json_describe_properties (owned));
    }
  json_node_take_array (node, array);
  bts_json_print_document (node);
}

static void
print_table (GVariant *groups, gboolean has_users)
{
  const char *const titles[] = {
    _ ("NAME"), _ ("BEHAVIOR"), _ ("OPERATIONS"), has_users ? _ ("USER") : NULL, NULL,
  };
  g_autoptr (BtsTable) table = bts_table_new (titles);
  g_autofree char *text = NULL;
  GVariantIter iter;
  GVariant *group;

  g_variant_iter_init (&iter, groups);
  while (g_variant_iter_next (&iter, "{o@a{sv}}", NULL, &group))
    {
      g_autoptr (GVariant) owned = group;
      char **row = g_new0 (char *, G_N_ELEMENTS (titles));
      const char *name = "";
      const char *behavior = "";
      guint32 uid = 0;

      g_variant_lookup (owned, "Name", "&s", &name);
      g_variant_lookup (owned, "Behavior", "&s", &behavior);
      g_variant_lookup (owned, "Uid", "u", &uid);
      row[0] = bts_text_make_printable (name);
      row[1] = bts_text_make_printable (behavior);
      row[2] = g_strdup_printf ("%" G_GSIZE_FORMAT, count_operations (owned));
      row[3] = has_users ? bts_text_format_user (uid) : NULL;
      bts_table_take_row (table, row);
    }
  text = bts_table_to_string (table, TRUE);
  fputs (text, stdout);
}

BtsExitStatus
bts_cmd_groups (BtsContext *context, char **arguments)
{
  g_autoptr (GVariant) groups = NULL;
  g_autoptr (GError) error = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 0, 0))
    return BTS_EXIT_USAGE;
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;

  groups = bgt_manager_list_groups_sync (context->manager, NULL, &error);
  if (groups == NULL)
    return bts_context_report (context, NULL, error);
  if (context->is_json)
    print_json (groups);
  else if (g_variant_n_children (groups) > 0)
    print_table (groups, context->wants_all_users);
  else if (!context->is_quiet)
    puts (_ ("No groups"));
  return BTS_EXIT_DONE;
}
