/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/group-change.h"

#include "bus/group-notifier.h"
#include "common/bgt-error.h"
#include "store/group-record.h"

typedef struct
{
  BtsInvocation *call; /* (owned) */
  BtsGroup *group;     /* (owned) */
  const BtsGroupDeed *deed;
  GVariant *argument; /* (owned) (nullable) */
  GVariant *answer;   /* (owned) (nullable) */

  /* What there was before. */
  BgtGroupBehavior behavior;
  gboolean is_transient;
  char **order; /* (owned) (nullable) */
} Change;

static void
change_free (Change *change)
{
  g_clear_pointer (&change->call, bts_invocation_free);
  g_clear_object (&change->group);
  g_clear_pointer (&change->argument, g_variant_unref);
  g_clear_pointer (&change->answer, g_variant_unref);
  g_strfreev (change->order);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

gboolean
bts_group_check_there (BtsInvocation *call, BtsGroup *group, GError **error)
{
  if (g_ptr_array_find (bts_groups_get_all (call->bus->service.groups), group, NULL))
    return TRUE;

  g_set_error_literal (error, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT,
                       "The group has been removed");
  return FALSE;
}

static gboolean
is_there (Change *change)
{
  return bts_group_check_there (change->call, change->group, NULL);
}

static void
save (Change *change, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autofree char *name = bts_group_record_get_name (change->group);

  bts_state_files_save_async (change->call->bus->service.files, name,
                              is_there (change) ? bts_group_record_print (change->group) : NULL,
                              NULL, callback, user_data);
}

static void
undo (Change *change)
{
  g_autofree char *name = bts_group_record_get_name (change->group);

  bts_group_set_transient (change->group, change->is_transient);
  bts_group_set_order (change->group, (const char *const *) change->order);
  bts_group_set_behavior (change->group, change->behavior);
  /* What is about to be written may have it. */
  if (bts_state_files_is_saving (change->call->bus->service.files, name))
    save (change, NULL, NULL);
}

/* Takes @taken and @error (nullable). */
static void
answer (Change *taken, GError *error)
{
  g_autoptr (Change) change = taken;

  if (error != NULL)
    bts_invocation_return_error (g_steal_pointer (&change->call), error);
  else
    bts_invocation_return (g_steal_pointer (&change->call), change->answer);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Change *change = user_data;
  g_autoptr (BtsChangeQueue) changes = bts_change_queue_ref (change->call->bus->changes);
  g_autoptr (BtsGroup) group = g_object_ref (change->group);
  GError *error = NULL;

  if (!bts_state_files_save_finish (BTS_STATE_FILES (source), result, &error))
    undo (change);
  else if (!is_there (change))
    /* It has been removed meanwhile, and must not come back. */
    save (change, NULL, NULL);
  else
    bts_group_notifier_take_saved (change->call->bus->group_notifier, change->group);
  answer (change, error);
  bts_change_queue_end (changes, group);
}

static gboolean
begin (gpointer user_data)
{
  Change *change = user_data;
  g_autofree char *before = bts_group_record_print (change->group);
  g_autofree char *after = NULL;
  GError *error = NULL;

  change->behavior = bts_group_get_behavior (change->group);
  change->is_transient = bts_group_is_transient (change->group);
  change->order = bts_group_dup_order (change->group);
  if (!is_there (change) && change->deed->if_gone != NULL)
    {
      change->deed->if_gone (g_steal_pointer (&change->call), change->argument);
      change_free (change);
      return FALSE;
    }
  if (bts_group_check_there (change->call, change->group, &error))
    change->deed->apply (change->call, change->group, change->argument, &error);

  after = bts_group_record_print (change->group);
  if (error != NULL || g_str_equal (before, after))
    {
      answer (change, error);
      return FALSE;
    }
  save (change, on_saved, change);
  return TRUE;
}

void
bts_group_change (BtsInvocation *call,
                  BtsGroup *group,
                  const BtsGroupDeed *deed,
                  GVariant *argument,
                  GVariant *answer)
{
  Change *change = g_new0 (Change, 1);

  change->call = call;
  change->group = g_object_ref (group);
  change->deed = deed;
  change->argument = argument != NULL ? g_variant_ref_sink (argument) : NULL;
  change->answer = answer != NULL ? g_variant_ref_sink (answer) : NULL;
  bts_change_queue_push (call->bus->changes, group, begin, change);
}
