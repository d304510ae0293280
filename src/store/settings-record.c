/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/settings-record.h"

#include <string.h>

#include "common/bgt-error.h"

#define RECORD_VERSION 1
#define SETTINGS_GROUP "Settings"
#define PLAN_PREFIX "DataPlan "

static void
print_plan (GKeyFile *file, const char *uuid, const BtsDataPlan *plan)
{
  g_autofree char *group = g_strconcat (PLAN_PREFIX, uuid, NULL);

  g_key_file_set_uint64 (file, group, "Limit", plan->limit);
  g_key_file_set_uint64 (file, group, "Used", plan->used);
  g_key_file_set_int64 (file, group, "Since", plan->since);
  g_key_file_set_uint64 (file, group, "ResetDay", plan->reset_day);
  g_key_file_set_uint64 (file, group, "ApproachingPercent", plan->approaching_percent);
  g_key_file_set_string (file, group, "Counter", plan->counter);
  g_key_file_set_uint64 (file, group, "Counted", plan->counted);
  g_key_file_set_boolean (file, group, "IsCurrent", plan->is_current);
}

char *
bts_settings_record_print (BtsDataPlans *plans)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GList) uuids = bts_data_plans_list (plans);

  g_key_file_set_integer (file, SETTINGS_GROUP, "Version", RECORD_VERSION);
  g_key_file_set_boolean (file, SETTINGS_GROUP, "BackgroundDataRestricted",
                          bts_data_plans_is_restricted (plans));
  for (GList *l = uuids; l != NULL; l = l->next)
    print_plan (file, l->data, bts_data_plans_lookup (plans, l->data));

  return g_key_file_to_data (file, NULL, NULL);
}

static void
parse_plan (GKeyFile *file, const char *group, BtsDataPlans *plans)
{
  g_autofree char *counter = g_key_file_get_string (file, group, "Counter", NULL);
  guint64 reset_day = g_key_file_get_uint64 (file, group, "ResetDay", NULL);
  guint64 percent = g_key_file_get_uint64 (file, group, "ApproachingPercent", NULL);
  BtsDataPlan plan = {
    .limit = g_key_file_get_uint64 (file, group, "Limit", NULL),
    .used = g_key_file_get_uint64 (file, group, "Used", NULL),
    .since = g_key_file_get_int64 (file, group, "Since", NULL),
    .reset_day = (guint) reset_day,
    .approaching_percent = (guint) percent,
    .counted = g_key_file_get_uint64 (file, group, "Counted", NULL),
    .is_current = g_key_file_get_boolean (file, group, "IsCurrent", NULL),
  };

  if (plan.limit == 0 || reset_day < 1 || reset_day > 31 || percent < 1 || percent > 100 ||
      (counter != NULL && strlen (counter) >= sizeof plan.counter))
    {
      g_message ("[%s] in %s makes no sense and is left out", group, BTS_SETTINGS_RECORD_NAME);
      return;
    }
  g_strlcpy (plan.counter, counter != NULL ? counter : "", sizeof plan.counter);
  /* One too many is left out as well. */
  bts_data_plans_set (plans, group + strlen (PLAN_PREFIX), &plan, NULL);
}

gboolean
bts_settings_record_parse (BtsDataPlans *plans, const char *text, gsize length, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local_error = NULL;
  g_auto (GStrv) groups = NULL;

  if (!g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "it is no key file: %s",
                   local_error->message);
      return FALSE;
    }
  if (g_key_file_get_integer (file, SETTINGS_GROUP, "Version", NULL) != RECORD_VERSION)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_FAILED, "Version is missing or another");
      return FALSE;
    }

  bts_data_plans_set_restricted (
      plans, g_key_file_get_boolean (file, SETTINGS_GROUP, "BackgroundDataRestricted", NULL));
  groups = g_key_file_get_groups (file, NULL);
  for (guint i = 0; groups[i] != NULL; i++)
    {
      if (g_str_has_prefix (groups[i], PLAN_PREFIX))
        parse_plan (file, groups[i], plans);
    }

  return TRUE;
}
