/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>
#include <string.h>

#include "transferctl/arguments.h"
#include "transferctl/commands.h"
#include "transferctl/resolve.h"

#define HEADER_PREFIX "header:"

typedef gboolean (*Apply) (BgtOperation *operation, const char *value, GError **error);

static gboolean
set_wrong_word (GError **error, const char *value, const char *words)
{
  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, _ ("“%s” is not one of: %s"), value,
               words);
  return FALSE;
}

static gboolean
apply_priority (BgtOperation *operation, const char *value, GError **error)
{
  BgtPriority priority;

  if (!bgt_priority_from_string (value, &priority))
    return set_wrong_word (error, value, "high, default, low");
  return operation == NULL || bgt_operation_set_priority_sync (operation, priority, NULL, error);
}

static gboolean
apply_cost_policy (BgtOperation *operation, const char *value, GError **error)
{
  BgtCostPolicy policy;

  if (!bgt_cost_policy_from_string (value, &policy))
    return set_wrong_word (error, value, "default, unrestricted-only, always");
  return operation == NULL || bgt_operation_set_cost_policy_sync (operation, policy, NULL, error);
}

static gboolean
apply_max_rate (BgtOperation *operation, const char *value, GError **error)
{
  guint64 rate;

  if (!bts_arguments_parse_size (value, &rate, error))
    return FALSE;
  return operation == NULL || bgt_operation_set_max_rate_sync (operation, rate, NULL, error);
}

static gboolean
apply_uri (BgtOperation *operation, const char *value, GError **error)
{
  if (!bts_arguments_check_uri (value, error))
    return FALSE;
  return operation == NULL || bgt_operation_set_requested_uri_sync (operation, value, NULL, error);
}

/* Without an operation each only checks the value. */
static const struct
{
  const char *property;
  Apply apply;
} rows[] = {
  { "priority", apply_priority },
  { "cost-policy", apply_cost_policy },
  { "max-rate", apply_max_rate },
  { "uri", apply_uri },
};

static gboolean
apply_header (BgtOperation *operation, const char *name, const char *value, GError **error)
{
  if (name[0] == '\0')
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           _ ("The header has no name"));
      return FALSE;
    }
  if (operation == NULL)
    return TRUE;
  if (value[0] == '\0')
    return bgt_operation_remove_request_header_sync (operation, name, NULL, error);
  return bgt_operation_set_request_header_sync (operation, name, value, NULL, error);
}

static gboolean
apply (BgtOperation *operation, const char *assignment, GError **error)
{
  g_autofree char *property = NULL;
  g_autofree char *value = NULL;

  if (!bts_arguments_parse_pair (assignment, &property, &value, error))
    return FALSE;
  if (g_str_has_prefix (property, HEADER_PREFIX))
    return apply_header (operation, property + strlen (HEADER_PREFIX), value, error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].property, property))
      return rows[i].apply (operation, value, error);
  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               _ ("“%s” cannot be set; these can: priority, cost-policy, max-rate, uri, "
                  "header:NAME"),
               property);
  return FALSE;
}

BtsExitStatus
bts_cmd_set (BtsContext *context, char **arguments)
{
  g_autoptr (BgtOperation) operation = NULL;
  g_autoptr (GError) error = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 2, G_MAXUINT))
    return BTS_EXIT_USAGE;
  for (char **assignment = context->arguments + 1; *assignment != NULL; assignment++)
    if (!apply (NULL, *assignment, &error))
      return bts_context_usage_error (context, "%s", error->message);

  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  operation = bts_resolve (context, context->arguments[0], &status);
  if (operation == NULL)
    return status;
  for (char **assignment = context->arguments + 1; *assignment != NULL; assignment++)
    if (!apply (operation, *assignment, &error))
      return bts_context_report (context, *assignment, error);
  return BTS_EXIT_DONE;
}
