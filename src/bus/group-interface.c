/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/group-interface.h"

#include "bus/group-change.h"
#include "bus/interfaces.h"
#include "bus/new-groups.h"
#include "bus/property-notifier.h"
#include "common/bgt-error.h"
#include "common/object-path.h"
#include "common/options.h"
#include "introspection/bus-interface-info.h"
#include "model/request-checks.h"
#include "store/group-record.h"

/* Creating */

static gboolean
check_behavior (GVariant *value, GError **error)
{
  BgtGroupBehavior behavior;

  if (bgt_group_behavior_from_string (g_variant_get_string (value, NULL), &behavior))
    return TRUE;

  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       "must be parallel or serialized");
  return FALSE;
}

static const BtsOptionRow create_options[] = {
  { "behavior", "s", check_behavior },
  { "success-notification", "a{sv}", bts_check_notification },
  { "failure-notification", "a{sv}", bts_check_notification },
};

static const BtsOptionRow name_option = { "name", "s", bts_check_name };

typedef struct
{
  BtsInvocation *call;  /* (owned) */
  BtsNewGroups *groups; /* (owned) */
  GVariant *wanted;     /* (owned): (ss), its name and its behavior, "" for any */
} Creation;

static void
creation_free (Creation *creation)
{
  g_clear_pointer (&creation->call, bts_invocation_free);
  g_clear_pointer (&creation->groups, bts_new_groups_free);
  g_clear_pointer (&creation->wanted, g_variant_unref);
  g_free (creation);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Creation, creation_free)

static void create (BtsInvocation *call, GVariant *wanted);

/* What somebody has created stays when its last operation goes. */
static gboolean
keep (BtsInvocation *call, BtsGroup *group, GVariant *wanted, GError **error)
{
  BgtGroupBehavior behavior;
  const char *word;

  g_variant_get_child (wanted, 1, "&s", &word);
  bts_group_set_transient (group, FALSE);
  if (bgt_group_behavior_from_string (word, &behavior))
    bts_group_set_behavior (group, behavior);

  return TRUE;
}

static const BtsGroupDeed keep_deed = { keep, .if_gone = create };

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Creation) creation = user_data;
  g_autoptr (BtsInvocation) call = g_steal_pointer (&creation->call);
  g_autofree char *path = NULL;
  BtsGroup *group;
  const char *name;
  GError *error = NULL;

  if (!bts_new_groups_save_finish (result, &error))
    {
      bts_invocation_return_error (g_steal_pointer (&call), error);
      return;
    }

  bts_new_groups_publish (creation->groups);
  g_variant_get_child (creation->wanted, 0, "&s", &name);
  group = bts_groups_find (call->bus->service.groups, call->caller->owner, name, TRUE);
  if (group == NULL)
    {
      /* It was there, and has been removed meanwhile. */
      create (g_steal_pointer (&call), creation->wanted);
      return;
    }
  path = bts_group_dup_path (group, BTS_VIEWPOINT_USER);
  bts_group_change (g_steal_pointer (&call), group, &keep_deed, creation->wanted,
                    g_variant_new ("(o)", path));
}

/* Takes @call. */
static void
create (BtsInvocation *call, GVariant *wanted)
{
  g_autoptr (Creation) creation = g_new0 (Creation, 1);
  BtsServiceContext *service = &call->bus->service;
  const char *name;
  GError *error = NULL;

  creation->call = call;
  creation->wanted = g_variant_ref_sink (wanted);
  creation->groups = bts_new_groups_new (service->groups, service->files);
  g_variant_get_child (wanted, 0, "&s", &name);
  if (bts_new_groups_ensure (creation->groups, call->caller->owner, name, TRUE, &error) == NULL)
    {
      bts_invocation_return_error (g_steal_pointer (&creation->call), error);
      return;
    }

  bts_new_groups_save_async (creation->groups, on_created, creation);
  g_steal_pointer (&creation);
}

static gboolean
check_creation (GVariant *name, GVariant *options, GError **error)
{
  static const char *const notifications[] = { "success-notification", "failure-notification" };

  if (!bts_options_check_one ("name", name, &name_option, 1, error) ||
      !bts_options_check (options, create_options, G_N_ELEMENTS (create_options), error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (notifications); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (options, notifications[i], NULL);

      if (value == NULL || g_variant_n_children (value) == 0)
        continue;
      g_set_error (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                   "option “%s” is something that this version cannot do yet", notifications[i]);
      return FALSE;
    }

  return TRUE;
}

void
bts_group_handle_create (BtsInvocation *call, GVariant *parameters)
{
  g_autoptr (GVariant) name = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) options = g_variant_get_child_value (parameters, 1);
  const char *behavior = "";
  GError *error = NULL;

  if (!check_creation (name, options, &error))
    {
      bts_invocation_return_error (call, error);
      return;
    }

  g_variant_lookup (options, "behavior", "&s", &behavior);
  create (call, g_variant_new ("(ss)", g_variant_get_string (name, NULL), behavior));
}

/* All its operations */

typedef struct
{
  BtsInvocation *call; /* (owned) */
  guint n_pending;
} Settling;

typedef struct
{
  Settling *settling;      /* (unowned): ends with the last */
  BtsOperation *operation; /* (owned) */
  guint64 version;
} Member;

static void
end_one (Settling *settling)
{
  if (--settling->n_pending > 0)
    return;
  bts_invocation_return (settling->call, NULL);
  g_free (settling);
}

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Member *member = user_data;
  g_autoptr (BtsOperation) operation = g_steal_pointer (&member->operation);
  g_autoptr (GError) error = NULL;

  /* The others are dealt with all the same; this one shows its status. */
  if (bts_engine_settle_finish (BTS_ENGINE (source), result, &error))
    bts_property_notifier_take_saved (member->settling->call->bus->notifier, operation,
                                      member->version);
  else
    g_message ("An operation of a group: %s", error->message);
  end_one (member->settling);
}

typedef gboolean (*Deed) (BtsOperation *operation, gint64 now, GError **error);

static void
do_to_all (BtsInvocation *call, Deed deed)
{
  BtsServiceContext *service = &call->bus->service;
  GPtrArray *operations = bts_group_get_operations (call->group);
  gint64 now = bts_clock_get_wall_time (service->clock);
  Settling *settling = g_new0 (Settling, 1);

  settling->call = call;
  settling->n_pending = 1;
  for (guint i = 0; i < operations->len; i++)
    {
      Member *member;

      /* What does not fit its status is not meant. */
      if (!deed (operations->pdata[i], now, NULL))
        continue;
      member = g_new0 (Member, 1);
      member->settling = settling;
      member->operation = g_object_ref (operations->pdata[i]);
      member->version = bts_operation_get_version (member->operation);
      settling->n_pending++;
      bts_engine_settle_async (service->engine, member->operation, NULL, on_settled, member);
    }
  end_one (settling);
}

static gboolean
pause_one (BtsOperation *operation, gint64 now, GError **error)
{
  return bts_operation_pause (operation, error);
}

static gboolean
resume_one (BtsOperation *operation, gint64 now, GError **error)
{
  return !bts_operation_is_finished (operation) && bts_operation_resume (operation, now, error);
}

static gboolean
cancel_one (BtsOperation *operation, gint64 now, GError **error)
{
  return bts_operation_cancel (operation, error);
}

static void
handle_pause (BtsInvocation *call, GVariant *parameters)
{
  do_to_all (call, pause_one);
}

static void
handle_resume (BtsInvocation *call, GVariant *parameters)
{
  do_to_all (call, resume_one);
}

static void
handle_cancel (BtsInvocation *call, GVariant *parameters)
{
  do_to_all (call, cancel_one);
}

/* FALSE with @error where it stays. */
static gboolean
finish_remove (BtsInvocation *call, GAsyncResult *result, GError **error)
{
  BtsServiceContext *service = &call->bus->service;
  g_autofree char *name = bts_group_record_get_name (call->group);

  if (!bts_state_files_save_finish (service->files, result, error))
    return FALSE;
  if (!bts_groups_check_remove (service->groups, call->group, error))
    {
      /* An operation has joined it meanwhile. */
      bts_state_files_save_async (service->files, name, bts_group_record_print (call->group), NULL,
                                  NULL, NULL);
      return FALSE;
    }
  bts_groups_remove (service->groups, call->group);
  return TRUE;
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BtsInvocation *call = user_data;
  g_autoptr (BtsChangeQueue) changes = bts_change_queue_ref (call->bus->changes);
  g_autoptr (BtsGroup) group = g_object_ref (call->group);
  GError *error = NULL;

  if (finish_remove (call, result, &error))
    bts_invocation_return (call, NULL);
  else
    bts_invocation_return_error (call, error);
  bts_change_queue_end (changes, group);
}

static gboolean
begin_remove (gpointer user_data)
{
  BtsInvocation *call = user_data;
  g_autofree char *name = bts_group_record_get_name (call->group);
  GError *error = NULL;

  if (!bts_group_check_there (call, call->group, &error) ||
      !bts_groups_check_remove (call->bus->service.groups, call->group, &error))
    {
      bts_invocation_return_error (call, error);
      return FALSE;
    }
  bts_state_files_save_async (call->bus->service.files, name, NULL, NULL, on_removed, call);
  return TRUE;
}

static void
handle_remove (BtsInvocation *call, GVariant *parameters)
{
  bts_change_queue_push (call->bus->changes, call->group, begin_remove, call);
}

static gboolean
make_current (BtsInvocation *call, BtsGroup *group, GVariant *argument, GError **error)
{
  return bts_group_make_current (group, call->operation, error);
}

static const BtsGroupDeed make_current_deed = { make_current };

void
bts_group_handle_make_current (BtsInvocation *call, GVariant *parameters)
{
  BtsGroup *group = bts_groups_find_of (call->bus->service.groups, call->operation);

  if (group == NULL)
    bts_invocation_return_new_error (call, BGT_ERROR, BGT_ERROR_INVALID_STATE,
                                     "The operation is in no group");
  else
    bts_group_change (call, group, &make_current_deed, NULL, NULL);
}

static const BtsMethodRow methods[] = {
  { "Pause", handle_pause },
  { "Resume", handle_resume, .is_change = TRUE },
  { "Cancel", handle_cancel },
  { "Remove", handle_remove },
};

static GVariant *
read_name (const BtsBus *bus, BtsGroup *group)
{
  return g_variant_new_string (bts_group_get_name (group));
}

static GVariant *
read_uid (const BtsBus *bus, BtsGroup *group)
{
  return g_variant_new_uint32 (bts_owner_get_uid (bts_group_get_owner (group)));
}

static GVariant *
read_application_id (const BtsBus *bus, BtsGroup *group)
{
  return g_variant_new_string (bts_owner_get_application (bts_group_get_owner (group)));
}

static GVariant *
read_behavior (const BtsBus *bus, BtsGroup *group)
{
  return g_variant_new_string (bgt_group_behavior_to_string (bts_group_get_behavior (group)));
}

static GVariant *
read_operations (const BtsBus *bus, BtsGroup *group)
{
  GPtrArray *operations = bts_group_get_operations (group);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_OBJECT_PATH_ARRAY);

  for (guint i = 0; i < operations->len; i++)
    {
      g_autofree char *path =
          bts_object_path_for_operation (bts_operation_get_guid (operations->pdata[i]));

      g_variant_builder_add (&builder, "o", path);
    }

  return g_variant_builder_end (&builder);
}

static gboolean
set_behavior (BtsInvocation *call, BtsGroup *group, GVariant *value, GError **error)
{
  BgtGroupBehavior behavior;

  if (!bts_options_check_one ("behavior", value, create_options, 1, error))
    return FALSE;

  bgt_group_behavior_from_string (g_variant_get_string (value, NULL), &behavior);
  bts_group_set_behavior (group, behavior);
  return TRUE;
}

static const BtsGroupDeed set_behavior_deed = { set_behavior };

static void
write_behavior (BtsInvocation *call, GVariant *value)
{
  bts_group_change (call, call->group, &set_behavior_deed, value, NULL);
}

static const BtsPropertyRow properties[] = {
  { "Name", .read_group = read_name },
  { "Uid", .read_group = read_uid },
  { "ApplicationId", .read_group = read_application_id },
  { "Behavior", .read_group = read_behavior, .write = write_behavior },
  { "Operations", .read_group = read_operations },
};

const BtsInterface bts_group_interface = {
  .info = &bts_dbus_group_interface,
  .methods = methods,
  .n_methods = G_N_ELEMENTS (methods),
  .properties = properties,
  .n_properties = G_N_ELEMENTS (properties),
};

GVariant *
bts_group_describe (const BtsBus *bus, BtsGroup *group)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sa{sv}}"));

  g_variant_builder_add (&builder, "{s@a{sv}}", bts_group_interface.info->name,
                         bts_interface_read_all_of_group (&bts_group_interface, bus, group));

  return g_variant_builder_end (&builder);
}
