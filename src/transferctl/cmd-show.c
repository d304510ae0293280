/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "transferctl/commands.h"
#include "transferctl/json.h"
#include "transferctl/resolve.h"
#include "transferctl/text.h"

static void
print_line (const char *name, const char *value)
{
  g_autofree char *printable = bts_text_make_printable (value);

  printf ("%s: %s\n", name, printable);
}

static gboolean
is_time (const char *name)
{
  return g_str_has_suffix (name, "-time") || g_str_equal (name, "next-attempt");
}

static char *
format_value (GParamSpec *pspec, const GValue *value)
{
  if (G_IS_PARAM_SPEC_ENUM (pspec))
    return g_strdup (
        g_enum_get_value (G_PARAM_SPEC_ENUM (pspec)->enum_class, g_value_get_enum (value))
            ->value_nick);
  if (G_VALUE_HOLDS_BOOLEAN (value))
    return g_strdup (g_value_get_boolean (value) ? _ ("yes") : _ ("no"));
  if (G_VALUE_HOLDS_INT64 (value) && is_time (pspec->name))
    return bts_text_format_time (g_value_get_int64 (value));
  if (G_VALUE_HOLDS_UINT64 (value))
    return g_strdup_printf ("%" G_GUINT64_FORMAT, g_value_get_uint64 (value));
  if (G_VALUE_HOLDS_UINT (value))
    return g_strdup_printf ("%u", g_value_get_uint (value));
  if (G_VALUE_HOLDS_STRING (value))
    return g_value_dup_string (value);
  if (G_VALUE_HOLDS (value, G_TYPE_STRV))
    return g_strjoinv (", ", g_value_get_boxed (value));
  if (G_VALUE_HOLDS_VARIANT (value) && g_value_get_variant (value) != NULL)
    return g_variant_print (g_value_get_variant (value), FALSE);
  return g_strdup ("");
}

static void
print_headers (GVariant *information)
{
  g_autoptr (GVariantIter) headers = NULL;
  const char *name;
  const char *value;

  if (!g_variant_lookup (information, "headers", "a(ss)", &headers))
    return;
  puts (_ ("response headers:"));
  while (g_variant_iter_next (headers, "(&s&s)", &name, &value))
    {
      g_autofree char *line = g_strconcat (name, ": ", value, NULL);
      g_autofree char *printable = bts_text_make_printable (line);

      printf ("  %s\n", printable);
    }
}

/* Each reason why it waits, and what would change it. */
static void
print_waiting (BgtOperation *operation)
{
  g_auto (GStrv) words = bgt_operation_dup_blocked_by (operation);

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    printf (_ ("waits: %s; what would change it: %s\n"), bts_text_describe_blocker (words[i]),
            bts_text_describe_remedy (words[i]));
}

static void
print_text (BgtOperation *operation, GVariant *information)
{
  g_autofree GParamSpec **pspecs = NULL;
  guint n_pspecs;
  guint status_code;
  const char *actual_uri;
  gboolean is_resumable;
  gboolean is_truncated;

  pspecs = g_object_class_list_properties (G_OBJECT_GET_CLASS (operation), &n_pspecs);
  for (guint i = 0; i < n_pspecs; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;
      g_autofree char *text = NULL;

      g_value_init (&value, pspecs[i]->value_type);
      g_object_get_property (G_OBJECT (operation), pspecs[i]->name, &value);
      text = format_value (pspecs[i], &value);
      print_line (pspecs[i]->name, text != NULL ? text : "");
    }
  print_waiting (operation);
  print_line ("object-path", bgt_operation_get_object_path (operation));
  if (information == NULL)
    return;
  if (g_variant_lookup (information, "actual-uri", "&s", &actual_uri))
    print_line ("actual-uri", actual_uri);
  if (g_variant_lookup (information, "status-code", "u", &status_code))
    printf ("http-status: %u\n", status_code);
  if (g_variant_lookup (information, "is-resumable", "b", &is_resumable))
    print_line ("is-resumable", is_resumable ? _ ("yes") : _ ("no"));
  if (g_variant_lookup (information, "is-truncated", "b", &is_truncated))
    print_line ("is-truncated", is_truncated ? _ ("yes") : _ ("no"));
  print_headers (information);
}

BtsExitStatus
bts_cmd_show (BtsContext *context, char **arguments)
{
  g_autoptr (BgtOperation) operation = NULL;
  g_autoptr (GVariant) information = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 1, 1))
    return BTS_EXIT_USAGE;
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  operation = bts_resolve (context, context->arguments[0], &status);
  if (operation == NULL)
    return status;

  /* There may be no answer yet; everything else is shown all the same. */
  information = bgt_operation_get_response_information_sync (operation, NULL, NULL);
  if (context->is_json)
    {
      JsonNode *node = json_node_new (JSON_NODE_OBJECT);

      json_node_take_object (node, bts_json_describe (operation, information, TRUE));
      bts_json_print_document (node);
    }
  else
    print_text (operation, information);
  return BTS_EXIT_DONE;
}
