/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>
#include <stdio.h>

#include "transferctl/commands.h"
#include "transferctl/json.h"
#include "transferctl/text.h"

/* network, power: what the service knows, one property a line. */

typedef struct
{
  const char *property;
  const char *title; /* N_() */
} Row;

static const Row network_rows[] = {
  { "Available", N_ ("available") },
  { "Connectivity", N_ ("connectivity") },
  { "CostType", N_ ("cost") },
  { "Roaming", N_ ("roaming") },
  { "ApproachingDataLimit", N_ ("data plan nearly used up") },
  { "OverDataLimit", N_ ("data plan used up") },
  { "BackgroundDataRestricted", N_ ("background data restricted") },
  { "ConnectionUuid", N_ ("connection") },
  { NULL, NULL },
};

static const Row power_rows[] = {
  { "OnBattery", N_ ("on battery") },
  { "BatteryPercentage", N_ ("battery") },
  { "BatteryLow", N_ ("battery low") },
  { "BatterySaver", N_ ("battery saver") },
  { NULL, NULL },
};

static char *
format_value (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    return g_strdup (g_variant_get_boolean (value) ? _ ("yes") : _ ("no"));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_DOUBLE))
    return g_strdup_printf ("%.0f %%", g_variant_get_double (value));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return bts_text_make_printable (g_variant_get_string (value, NULL));
  return g_variant_print (value, FALSE);
}

static void
print_rows (GVariant *properties, const Row *rows)
{
  for (const Row *row = rows; row->property != NULL; row++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (properties, row->property, NULL);
      g_autofree char *text = value != NULL ? format_value (value) : NULL;

      if (text != NULL)
        printf ("%s: %s\n", _ (row->title), text);
    }
}

static BtsExitStatus
print (BtsContext *context, GVariant *properties, const Row *rows, const GError *error)
{
  if (properties == NULL)
    return bts_context_report (context, NULL, error);
  if (context->is_json)
    bts_json_print_document (bts_json_describe_properties (properties));
  else
    print_rows (properties, rows);
  return BTS_EXIT_DONE;
}

static gboolean
parse_yes_or_no (const char *text, gboolean *is_yes)
{
  *is_yes = g_str_equal (text, "yes");
  return *is_yes || g_str_equal (text, "no");
}

BtsExitStatus
bts_cmd_network (BtsContext *context, char **arguments)
{
  g_autofree char *restrict_text = NULL;
  const GOptionEntry entries[] = {
    { "restrict-background", 0, 0, G_OPTION_ARG_STRING, &restrict_text,
      N_ ("Whether nothing is to be transferred over networks that cost: yes or no"),
      N_ ("WHETHER") },
    { NULL },
  };
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_restricted = FALSE;
  BtsExitStatus status;

  if (!bts_context_parse (context, entries, arguments, 0, 0))
    return BTS_EXIT_USAGE;
  if (restrict_text != NULL && !parse_yes_or_no (restrict_text, &is_restricted))
    return bts_context_usage_error (context, _ ("--restrict-background takes yes or no, not “%s”"),
                                    restrict_text);
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;

  if (restrict_text != NULL && !bgt_manager_set_background_data_restricted_sync (
                                   context->manager, is_restricted, NULL, &error))
    return bts_context_report (context, NULL, error);
  if (restrict_text != NULL && context->is_quiet)
    return BTS_EXIT_DONE;
  properties = bgt_manager_get_network_sync (context->manager, NULL, &error);
  return print (context, properties, network_rows, error);
}

BtsExitStatus
bts_cmd_power (BtsContext *context, char **arguments)
{
  g_autoptr (GVariant) properties = NULL;
  g_autoptr (GError) error = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 0, 0))
    return BTS_EXIT_USAGE;
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;

  properties = bgt_manager_get_power_sync (context->manager, NULL, &error);
  return print (context, properties, power_rows, error);
}
