/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>

#include "transferctl/commands.h"
#include "transferctl/json.h"
#include "transferctl/resolve.h"

/* start, pause, resume, cancel, acknowledge: the same, but for one call each. */

static gboolean
is_idle (BgtOperation *operation)
{
  g_auto (GStrv) words = bgt_operation_dup_blocked_by (operation);

  return bgt_operation_get_status (operation) == BGT_OPERATION_STATUS_IDLE &&
         g_strv_contains ((const char *const *) words, "not-started");
}

static gboolean
may_pause (BgtOperation *operation)
{
  return !bgt_operation_is_finished (operation) && !is_idle (operation) &&
         bgt_operation_get_status (operation) != BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION &&
         bgt_operation_get_status (operation) != BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR;
}

static gboolean
may_resume (BgtOperation *operation)
{
  return bgt_operation_get_status (operation) == BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION ||
         bgt_operation_get_status (operation) == BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR;
}

static gboolean
may_cancel (BgtOperation *operation)
{
  return !bgt_operation_is_finished (operation);
}

static const struct
{
  const char *command;
  gboolean (*call) (BgtOperation *operation, GCancellable *cancellable, GError **error);
  gboolean (*is_meant_by_all) (BgtOperation *operation);
} rows[] = {
  { "start", bgt_operation_start_sync, is_idle },
  { "pause", bgt_operation_pause_sync, may_pause },
  { "resume", bgt_operation_resume_sync, may_resume },
  { "cancel", bgt_operation_cancel_sync, may_cancel },
  { "acknowledge", bgt_operation_acknowledge_sync, bgt_operation_is_finished },
};

static gsize
get_row (const char *command)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].command, command))
      return i;
  g_assert_not_reached ();
}

static GPtrArray *
list_all (BtsContext *context, gsize row)
{
  GPtrArray *operations = g_ptr_array_new_with_free_func (g_object_unref);
  GList *all = bgt_manager_list_operations (context->manager);

  for (GList *l = all; l != NULL; l = l->next)
    if (rows[row].is_meant_by_all (l->data))
      g_ptr_array_add (operations, g_object_ref (l->data));
  g_list_free_full (all, g_object_unref);
  return operations;
}

/* The operations of the groups of that name; there may be several, of different applications. */
static GPtrArray *
list_group (BtsContext *context, gsize row, const char *name, BtsExitStatus *status)
{
  GPtrArray *operations = list_all (context, row);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) groups = bgt_manager_list_groups_sync (context->manager, NULL, &error);
  g_autoptr (GHashTable) paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantIter iter;
  const char *path;
  GVariant *group;

  if (groups == NULL)
    {
      *status = bts_context_report (context, NULL, error);
      g_ptr_array_unref (operations);
      return NULL;
    }
  g_variant_iter_init (&iter, groups);
  while (g_variant_iter_next (&iter, "{&o@a{sv}}", &path, &group))
    {
      g_autoptr (GVariant) owned = group;
      const char *group_name = "";

      g_variant_lookup (owned, "Name", "&s", &group_name);
      if (g_str_equal (group_name, name))
        g_hash_table_add (paths, g_strdup (path));
    }
  if (g_hash_table_size (paths) == 0)
    {
      bts_context_complain (_ ("There is no group “%s”"), name);
      *status = BTS_EXIT_FAILED;
      g_ptr_array_unref (operations);
      return NULL;
    }
  for (guint i = operations->len; i-- > 0;)
    {
      g_autofree char *group_path = NULL;

      g_object_get (operations->pdata[i], "group", &group_path, NULL);
      if (group_path == NULL || !g_hash_table_contains (paths, group_path))
        g_ptr_array_remove_index (operations, i);
    }
  return operations;
}

static void
add_result (JsonArray *results, BgtOperation *operation, const GError *error)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "guid", bgt_operation_get_guid (operation));
  json_object_set_boolean_member (object, "done", error == NULL);
  json_object_set_string_member (object, "error_message", error != NULL ? error->message : "");
  json_array_add_object_element (results, object);
}

/* Goes on after a failure; the worst status of all is what to exit with. */
static BtsExitStatus
call_each (BtsContext *context, gsize row, GPtrArray *operations)
{
  JsonNode *node = json_node_new (JSON_NODE_ARRAY);
  JsonArray *results = json_array_new ();
  BtsExitStatus status = BTS_EXIT_DONE;

  json_node_take_array (node, results);
  for (guint i = 0; i < operations->len; i++)
    {
      BgtOperation *operation = g_ptr_array_index (operations, i);
      g_autoptr (GError) error = NULL;

      if (!rows[row].call (operation, NULL, &error))
        {
          const BtsExitStatus reported =
              bts_context_report (context, bgt_operation_get_guid (operation), error);

          status = MAX (status, reported);
        }
      add_result (results, operation, error);
    }
  if (context->is_json)
    bts_json_print_document (node);
  else
    json_node_unref (node);
  return status;
}

BtsExitStatus
bts_cmd_control (BtsContext *context, char **arguments)
{
  gboolean is_all = FALSE;
  g_autofree char *group = NULL;
  const GOptionEntry entries[] = {
    { "all", 0, 0, G_OPTION_ARG_NONE, &is_all, N_ ("All operations that this can be done to"),
      NULL },
    { "group", 0, 0, G_OPTION_ARG_FILENAME, &group, N_ ("All operations of this group"),
      N_ ("NAME") },
    { NULL },
  };
  const gsize row = get_row (context->command->name);
  g_autoptr (GPtrArray) operations = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, entries, arguments, 0, G_MAXUINT))
    return BTS_EXIT_USAGE;
  if ((context->arguments != NULL) + is_all + (group != NULL) != 1)
    return bts_context_usage_error (
        context, _ ("Either operations must be named, or --all, or --group NAME"));
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;

  if (group != NULL)
    operations = list_group (context, row, group, &status);
  else
    operations =
        is_all ? list_all (context, row) : bts_resolve_all (context, context->arguments, &status);
  if (operations == NULL)
    return status;
  return call_each (context, row, operations);
}
