/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/new-groups.h"

#include "common/object-path.h"
#include "store/group-record.h"

struct _BtsNewGroups
{
  BtsGroups *groups;    /* (owned) */
  BtsStateFiles *files; /* (owned) */
  GPtrArray *made;      /* (owned) (element-type BtsGroup): reserved, not yet among @groups */
  guint n_pending;
  GError *error; /* (owned) (nullable): the first of a save */
};

BtsNewGroups *
bts_new_groups_new (BtsGroups *groups, BtsStateFiles *files)
{
  BtsNewGroups *self = g_new0 (BtsNewGroups, 1);

  self->groups = g_object_ref (groups);
  self->files = g_object_ref (files);
  self->made = g_ptr_array_new_with_free_func (g_object_unref);

  return self;
}

static void
delete_record (BtsNewGroups *self, BtsGroup *group)
{
  g_autofree char *name = bts_group_record_get_name (group);

  /* A failure is in the log; an empty group that stays costs nobody anything. */
  bts_state_files_save_async (self->files, name, NULL, NULL, NULL, NULL);
}

void
bts_new_groups_free (BtsNewGroups *self)
{
  for (guint i = 0; i < self->made->len; i++)
    {
      bts_groups_release (self->groups, self->made->pdata[i]);
      delete_record (self, self->made->pdata[i]);
    }
  g_ptr_array_unref (self->made);
  g_object_unref (self->files);
  g_object_unref (self->groups);
  g_free (self);
}

static BtsGroup *
find_made (BtsNewGroups *self, const char *name)
{
  for (guint i = 0; i < self->made->len; i++)
    {
      if (g_str_equal (bts_group_get_name (self->made->pdata[i]), name))
        return self->made->pdata[i];
    }

  return NULL;
}

BtsGroup *
bts_new_groups_ensure (
    BtsNewGroups *self, BtsOwner *owner, const char *name, gboolean is_own, GError **error)
{
  BtsGroup *group = bts_groups_find (self->groups, owner, name, is_own);
  g_autoptr (BtsGroup) made = NULL;
  g_autofree char *id = NULL;

  if (group == NULL)
    group = find_made (self, name);
  if (group != NULL)
    return group;

  id = bts_guid_new ();
  made = bts_group_new (id, owner, name, BGT_GROUP_BEHAVIOR_PARALLEL);
  bts_group_set_transient (made, !is_own);
  if (!bts_groups_reserve (self->groups, made, error))
    return NULL;

  g_ptr_array_add (self->made, g_object_ref (made));
  return made;
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  BtsNewGroups *self = g_task_get_task_data (task);

  bts_state_files_save_finish (BTS_STATE_FILES (source), result,
                               self->error == NULL ? &self->error : NULL);
  if (--self->n_pending > 0)
    return;
  if (self->error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
}

void
bts_new_groups_save_async (BtsNewGroups *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, bts_new_groups_save_async);
  g_task_set_task_data (task, self, NULL);
  self->n_pending = self->made->len;
  if (self->n_pending == 0)
    g_task_return_boolean (task, TRUE);
  for (guint i = 0; i < self->made->len; i++)
    {
      g_autofree char *name = bts_group_record_get_name (self->made->pdata[i]);

      bts_state_files_save_async (self->files, name, bts_group_record_print (self->made->pdata[i]),
                                  NULL, on_saved, g_object_ref (task));
    }
}

gboolean
bts_new_groups_save_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bts_new_groups_publish (BtsNewGroups *self)
{
  for (guint i = 0; i < self->made->len; i++)
    {
      BtsGroup *group = self->made->pdata[i];

      bts_groups_release (self->groups, group);
      /* Another call may have been faster. */
      if (bts_groups_find (self->groups, bts_group_get_owner (group), bts_group_get_name (group),
                           TRUE) == NULL)
        bts_groups_add (self->groups, group);
      else
        delete_record (self, group);
    }
  g_ptr_array_set_size (self->made, 0);
}
