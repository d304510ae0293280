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

static void
print_json (GList *operations)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *array = json_array_new ();

  for (GList *l = operations; l != NULL; l = l->next)
    json_array_add_object_element (array, bts_json_describe (l->data, NULL, FALSE));
  json_node_take_array (node, array);
  bts_json_print_document (node);
}

static char *
format_percent (BgtOperation *operation)
{
  const guint64 bytes =
      bgt_operation_get_bytes_received (operation) + bgt_operation_get_bytes_sent (operation);
  const guint64 total = bgt_operation_get_total_bytes_to_receive (operation) +
                        bgt_operation_get_total_bytes_to_send (operation);

  if (total == 0)
    return bts_text_format_size (bytes);
  return g_strdup_printf ("%d%%", (int) MIN (100.0, (double) bytes * 100 / (double) total));
}

static char *
format_size (BgtOperation *operation)
{
  const guint64 total = bgt_operation_get_total_bytes_to_receive (operation) +
                        bgt_operation_get_total_bytes_to_send (operation);

  return total == 0 ? g_strdup ("?") : bts_text_format_size (total);
}

static char *
dup_name (BgtOperation *operation)
{
  const char *destination =
      BGT_IS_DOWNLOAD (operation) ? bgt_download_get_destination (BGT_DOWNLOAD (operation)) : "";

  return destination[0] != '\0' ? g_path_get_basename (destination)
                                : g_strdup (bgt_operation_get_requested_uri (operation));
}

/* Why it waits, or why it failed. */
static char *
dup_reason (BgtOperation *operation)
{
  g_auto (GStrv) words = NULL;

  if (bgt_operation_is_finished (operation))
    return g_strdup (bgt_operation_get_web_error_status (operation));
  words = bgt_operation_dup_blocked_by (operation);
  return bts_text_describe_blockers (words, bgt_operation_get_web_error_status (operation));
}

static char *
dup_user (BgtOperation *operation)
{
  guint uid;

  g_object_get (operation, "uid", &uid, NULL);
  return bts_text_format_user (uid);
}

static void
print_table (GList *operations, gboolean has_users)
{
  const char *const titles[] = {
    _ ("ID"),
    _ ("STATUS"),
    _ ("DONE"),
    _ ("SIZE"),
    _ ("NAME"),
    _ ("WHY"),
    has_users ? _ ("USER") : NULL,
    NULL,
  };
  g_autoptr (BtsTable) table = bts_table_new (titles);
  g_autofree char *text = NULL;

  for (GList *l = operations; l != NULL; l = l->next)
    {
      char **row = g_new0 (char *, G_N_ELEMENTS (titles));

      row[0] = g_strndup (bgt_operation_get_guid (l->data), 8);
      row[1] = g_strdup (bgt_operation_status_to_string (bgt_operation_get_status (l->data)));
      row[2] = format_percent (l->data);
      row[3] = format_size (l->data);
      row[4] = dup_name (l->data);
      row[5] = dup_reason (l->data);
      row[6] = has_users ? dup_user (l->data) : NULL;
      bts_table_take_row (table, row);
    }
  text = bts_table_to_string (table, TRUE);
  fputs (text, stdout);
}

BtsExitStatus
bts_cmd_list (BtsContext *context, char **arguments)
{
  g_autolist (BgtOperation) operations = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 0, 0))
    return BTS_EXIT_USAGE;
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;

  operations = bgt_manager_list_operations (context->manager);
  if (context->is_json)
    print_json (operations);
  else if (operations != NULL)
    print_table (operations, context->wants_all_users);
  else if (!context->is_quiet)
    puts (_ ("No operations"));
  return BTS_EXIT_DONE;
}
