/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/resolve.h"

#include <glib/gi18n.h>
#include <string.h>

#define OPERATIONS_PATH "/org/example/BackgroundTransfer/operations/"
#define GUID_CHARACTERS "0123456789abcdef_"

/* So many matches are named where there are several. */
#define MAX_NAMES 8

/* @id as the beginning of a GUID; NULL where it cannot be one. */
static char *
make_prefix (const char *id)
{
  g_autofree char *prefix = NULL;

  if (g_str_has_prefix (id, OPERATIONS_PATH))
    id += strlen (OPERATIONS_PATH);
  prefix = g_ascii_strdown (id, -1);
  g_strdelimit (prefix, "-", '_');
  if (prefix[0] == '\0' || prefix[strspn (prefix, GUID_CHARACTERS)] != '\0')
    return NULL;
  return g_steal_pointer (&prefix);
}

BgtOperation *
bts_resolve (BtsContext *context, const char *id, BtsExitStatus *status)
{
  g_autofree char *prefix = make_prefix (id);
  g_autolist (BgtOperation) operations = bgt_manager_list_operations (context->manager);
  g_autoptr (GString) names = g_string_new (NULL);
  BgtOperation *match = NULL;
  guint n_matches = 0;

  *status = BTS_EXIT_USAGE;
  if (prefix == NULL)
    {
      bts_context_usage_error (
          context, _ ("“%s” is no operation: a GUID, the beginning of one, or an object path is"),
          id);
      return NULL;
    }
  for (GList *l = operations; l != NULL; l = l->next)
    {
      const char *guid = bgt_operation_get_guid (l->data);

      if (!g_str_has_prefix (guid, prefix))
        continue;
      match = l->data;
      n_matches++;
      if (n_matches <= MAX_NAMES)
        g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", guid);
    }
  if (n_matches > 1)
    {
      bts_context_usage_error (context, _ ("“%s” is the beginning of %u operations: %s%s"), id,
                               n_matches, names->str, n_matches > MAX_NAMES ? ", …" : "");
      return NULL;
    }
  if (match == NULL)
    {
      *status = BTS_EXIT_FAILED;
      bts_context_complain (_ ("There is no operation “%s”"), id);
      return NULL;
    }
  *status = BTS_EXIT_DONE;
  return g_object_ref (match);
}

GPtrArray *
bts_resolve_all (BtsContext *context, char **ids, BtsExitStatus *status)
{
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);

  *status = BTS_EXIT_DONE;
  for (guint i = 0; ids != NULL && ids[i] != NULL; i++)
    {
      g_autoptr (BgtOperation) operation = bts_resolve (context, ids[i], status);

      if (operation == NULL)
        return NULL;
      if (!g_ptr_array_find (operations, operation, NULL))
        g_ptr_array_add (operations, g_steal_pointer (&operation));
    }
  return g_steal_pointer (&operations);
}
