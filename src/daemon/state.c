/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/state.h"

#include "store/group-record.h"
#include "store/settings-record.h"

void
bts_state_clear (BtsState *self)
{
  g_clear_object (&self->plans);
  g_clear_object (&self->groups);
  g_clear_object (&self->registry);
  g_clear_object (&self->files);
  g_clear_object (&self->store);
}

static gboolean
load_group (const char *name, const char *text, gsize length, gpointer user_data, GError **error)
{
  g_autoptr (BtsGroup) group = bts_group_record_parse (name, text, length, error);

  if (group != NULL)
    bts_groups_add (user_data, group);
  return group != NULL;
}

static gboolean
load_settings (const char *name, const char *text, gsize length, gpointer user_data, GError **error)
{
  return bts_settings_record_parse (user_data, text, length, error);
}

gboolean
bts_state_load (BtsState *self, const char *folder, GError **error)
{
  g_autofree char *operations_folder = g_build_filename (folder, "operations", NULL);
  g_autoptr (GPtrArray) operations = NULL;

  self->store = bts_store_open (operations_folder, error);
  if (self->store == NULL)
    return FALSE;
  self->files = bts_state_files_open (folder, error);
  if (self->files == NULL)
    return FALSE;

  self->plans = bts_data_plans_new ();
  bts_state_files_load (self->files, BTS_SETTINGS_RECORD_NAME, load_settings, self->plans);
  self->registry = bts_registry_new ();
  self->groups = bts_groups_new (self->registry);
  bts_state_files_load (self->files, BTS_GROUP_RECORD_PREFIX, load_group, self->groups);
  operations = bts_store_load (self->store);
  for (guint i = 0; i < operations->len; i++)
    bts_registry_add (self->registry, operations->pdata[i]);
  return TRUE;
}
