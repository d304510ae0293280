/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/group-change.h"

#include "bus/group-notifier.h"
#include "store/group-record.h"

struct _BtsGroupChange
{
  BtsGroup *group;     /* (owned) */
  BtsInvocation *call; /* (owned) (nullable): once the change is on its way into the store */
  GVariant *answer;    /* (owned) (nullable) */
  BgtGroupBehavior behavior;
  gboolean is_transient;
  char **order; /* (owned) */
};

void
bts_group_change_free (BtsGroupChange *change)
{
  g_clear_pointer (&change->call, bts_invocation_free);
  g_clear_object (&change->group);
  g_clear_pointer (&change->answer, g_variant_unref);
  g_strfreev (change->order);
  g_free (change);
}

BtsGroupChange *
bts_group_change_begin (BtsGroup *group)
{
  BtsGroupChange *change = g_new0 (BtsGroupChange, 1);

  change->group = g_object_ref (group);
  change->behavior = bts_group_get_behavior (group);
  change->is_transient = bts_group_is_transient (group);
  change->order = bts_group_dup_order (group);

  return change;
}

static void
undo (const BtsGroupChange *change)
{
  bts_group_set_transient (change->group, change->is_transient);
  bts_group_set_order (change->group, (const char *const *) change->order);
  bts_group_set_behavior (change->group, change->behavior);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsStateFiles *files = BTS_STATE_FILES (source);
  g_autoptr (BtsGroupChange) change = user_data;
  BtsBus *bus = change->call->bus;
  GError *error = NULL;

  if (!bts_state_files_save_finish (files, result, &error))
    {
      undo (change);
      bts_invocation_return_error (g_steal_pointer (&change->call), error);
      return;
    }
  if (!g_ptr_array_find (bts_groups_get_all (bus->service.groups), change->group, NULL))
    {
      g_autofree char *name = bts_group_record_get_name (change->group);

      /* It has been removed meanwhile, and must not come back. */
      bts_state_files_save_async (files, name, NULL, NULL, NULL, NULL);
    }
  else
    {
      bts_group_notifier_take_saved (bus->group_notifier, change->group);
    }
  bts_invocation_return (g_steal_pointer (&change->call), change->answer);
}

void
bts_group_change_end (BtsGroupChange *change, BtsInvocation *call, GVariant *answer)
{
  g_autofree char *name = bts_group_record_get_name (change->group);

  change->call = call;
  change->answer = answer != NULL ? g_variant_ref_sink (answer) : NULL;
  bts_state_files_save_async (call->bus->service.files, name,
                              bts_group_record_print (change->group), NULL, on_saved, change);
}
