/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "transferctl/arguments.h"
#include "transferctl/commands.h"
#include "transferctl/json.h"
#include "transferctl/table.h"
#include "transferctl/text.h"

/* data-plan; data-plan set [UUID]; data-plan remove [UUID] */

typedef struct
{
  char *limit; /* (owned) (nullable) */
  char *used;  /* (owned) (nullable) */
  int reset_day;
  int approaching_percent;
} Options;

static void
options_clear (Options *options)
{
  g_free (options->limit);
  g_free (options->used);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
has_values (const Options *options)
{
  return options->limit != NULL || options->used != NULL || options->reset_day != G_MININT ||
         options->approaching_percent != G_MININT;
}

static char *
format_plan_size (GVariant *plan, const char *key)
{
  guint64 bytes = 0;

  g_variant_lookup (plan, key, "t", &bytes);
  return bts_text_format_size (bytes);
}

static char **
make_row (const char *uuid, GVariant *plan, const char *current_uuid)
{
  char **row = g_new0 (char *, 6);
  guint32 reset_day = 0;
  gint64 since = 0;

  g_variant_lookup (plan, "reset-day", "u", &reset_day);
  g_variant_lookup (plan, "since", "x", &since);
  row[0] = bts_text_make_printable (uuid);
  row[1] = format_plan_size (plan, "used");
  row[2] = format_plan_size (plan, "limit");
  row[3] = g_strdup_printf ("%u", reset_day);
  row[4] = g_strdup (g_str_equal (uuid, current_uuid) ? _ ("yes") : _ ("no"));
  return row;
}

static void
print_table (GVariant *plans, const char *current_uuid)
{
  const char *const titles[] = {
    _ ("CONNECTION"), _ ("USED"), _ ("LIMIT"), _ ("RESET DAY"), _ ("IN USE"), NULL,
  };
  g_autoptr (BtsTable) table = bts_table_new (titles);
  g_autofree char *text = NULL;
  GVariantIter iter;
  const char *uuid;
  GVariant *plan;

  g_variant_iter_init (&iter, plans);
  while (g_variant_iter_next (&iter, "{&s@a{sv}}", &uuid, &plan))
    {
      g_autoptr (GVariant) owned = plan;

      bts_table_take_row (table, make_row (uuid, owned, current_uuid));
    }
  text = bts_table_to_string (table, TRUE);
  fputs (text, stdout);
}

static BtsExitStatus
show (BtsContext *context, GVariant *network)
{
  g_autoptr (GVariant) plans =
                 g_variant_lookup_value (network, "DataPlans", G_VARIANT_TYPE ("a{sa{sv}}"));
  const char *current_uuid = "";

  g_variant_lookup (network, "ConnectionUuid", "&s", &current_uuid);
  if (plans == NULL || (g_variant_n_children (plans) == 0 && !context->is_json))
    {
      if (!context->is_quiet)
        puts (_ ("No data plans"));
    }
  else if (context->is_json)
    bts_json_print_document (json_gvariant_serialize (plans));
  else
    print_table (plans, current_uuid);
  return BTS_EXIT_DONE;
}

static gboolean
add_size (GVariantBuilder *builder, const char *key, const char *text, GError **error)
{
  guint64 bytes;

  if (text == NULL)
    return TRUE;
  if (!bts_arguments_parse_size (text, &bytes, error))
    return FALSE;
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (bytes));
  return TRUE;
}

static void
add_number (GVariantBuilder *builder, const char *key, int number)
{
  /* The service says what is wrong with a negative one, too. */
  if (number != G_MININT)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint32 ((guint32) number));
}

static BtsExitStatus
set (BtsContext *context, const char *uuid, const Options *options)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GError) error = NULL;

  add_number (&builder, "reset-day", options->reset_day);
  add_number (&builder, "approaching-percent", options->approaching_percent);
  if (!add_size (&builder, "limit", options->limit, &error) ||
      !add_size (&builder, "used", options->used, &error))
    {
      g_variant_builder_clear (&builder);
      return bts_context_usage_error (context, "%s", error->message);
    }
  if (!bgt_manager_set_data_plan_sync (context->manager, uuid, g_variant_builder_end (&builder),
                                       NULL, &error))
    return bts_context_report (context, NULL, error);
  return BTS_EXIT_DONE;
}

static BtsExitStatus
forget (BtsContext *context, const char *uuid)
{
  g_autoptr (GError) error = NULL;

  if (!bgt_manager_remove_data_plan_sync (context->manager, uuid, NULL, &error))
    return bts_context_report (context, NULL, error);
  return BTS_EXIT_DONE;
}

static BtsExitStatus
run (BtsContext *context, const Options *options)
{
  const char *verb = context->arguments != NULL ? context->arguments[0] : NULL;
  const char *uuid = "";
  g_autoptr (GVariant) network = NULL;
  g_autoptr (GError) error = NULL;

  network = bgt_manager_get_network_sync (context->manager, NULL, &error);
  if (network == NULL)
    return bts_context_report (context, NULL, error);
  if (verb == NULL)
    return show (context, network);

  if (context->arguments[1] != NULL)
    uuid = context->arguments[1];
  else
    g_variant_lookup (network, "ConnectionUuid", "&s", &uuid);
  if (*uuid == '\0')
    {
      bts_context_complain (_ ("No connection is in use; name one by its UUID"));
      return BTS_EXIT_FAILED;
    }
  return g_str_equal (verb, "set") ? set (context, uuid, options) : forget (context, uuid);
}

BtsExitStatus
bts_cmd_data_plan (BtsContext *context, char **arguments)
{
  g_auto (Options) options = { .reset_day = G_MININT, .approaching_percent = G_MININT };
  const GOptionEntry entries[] = {
    { "limit", 0, 0, G_OPTION_ARG_STRING, &options.limit,
      N_ ("What may be used from one reset day to the next: bytes, or with k, M, G"), N_ ("SIZE") },
    { "used", 0, 0, G_OPTION_ARG_STRING, &options.used, N_ ("What has been used so far"),
      N_ ("SIZE") },
    { "reset-day", 0, 0, G_OPTION_ARG_INT, &options.reset_day,
      N_ ("The day of the month when it begins anew (1)"), N_ ("DAY") },
    { "approaching-percent", 0, 0, G_OPTION_ARG_INT, &options.approaching_percent,
      N_ ("From when on it counts as nearly used up (90)"), N_ ("PERCENT") },
    { NULL },
  };
  const char *verb;
  BtsExitStatus status;

  if (!bts_context_parse (context, entries, arguments, 0, 2))
    return BTS_EXIT_USAGE;
  verb = context->arguments != NULL ? context->arguments[0] : NULL;
  if (verb != NULL && !g_str_equal (verb, "set") && !g_str_equal (verb, "remove"))
    return bts_context_usage_error (context, _ ("“%s” is not set or remove"), verb);
  if (g_strcmp0 (verb, "set") == 0 && options.limit == NULL)
    return bts_context_usage_error (context, _ ("A data plan needs a --limit"));
  if (g_strcmp0 (verb, "set") != 0 && has_values (&options))
    return bts_context_usage_error (context, _ ("A data plan is changed by “data-plan set”"));
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  return run (context, &options);
}
