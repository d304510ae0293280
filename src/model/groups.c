/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/groups.h"

#include "common/bgt-error.h"
#include "common/object-path.h"

struct _BtsGroups
{
  GObject parent_instance;

  BtsRegistry *registry; /* (owned) */
  GPtrArray *groups;     /* (owned) (element-type BtsGroup) */
  GPtrArray *reserved;   /* (owned) (element-type BtsGroup): may come */
  GHashTable *of;        /* (owned) (element-type BtsOperation BtsGroup): both (unowned) */
};

G_DEFINE_FINAL_TYPE (BtsGroups, bts_groups, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_GROUP_ADDED,
  SIGNAL_GROUP_REMOVED,
  SIGNAL_GROUP_CHANGED,
  SIGNAL_OPERATIONS_CHANGED,
  N_SIGNALS,
} Signal;

static guint signals[N_SIGNALS];

static gboolean
is_same_owner (const BtsOwner *a, const BtsOwner *b)
{
  return bts_owner_get_uid (a) == bts_owner_get_uid (b) &&
         bts_owner_is_sandboxed (a) == bts_owner_is_sandboxed (b) &&
         g_str_equal (bts_owner_get_application (a), bts_owner_get_application (b));
}

static gboolean
is_within_reach (const BtsOwner *owner, const BtsOwner *group_owner)
{
  return bts_owner_get_uid (owner) == bts_owner_get_uid (group_owner) &&
         !bts_owner_is_sandboxed (owner) && !bts_owner_is_sandboxed (group_owner);
}

GPtrArray *
bts_groups_get_all (BtsGroups *self)
{
  return self->groups;
}

BtsGroup *
bts_groups_find (BtsGroups *self, const BtsOwner *owner, const char *name, gboolean is_own)
{
  BtsGroup *other = NULL;

  for (guint i = 0; i < self->groups->len; i++)
    {
      BtsGroup *group = self->groups->pdata[i];

      if (!g_str_equal (bts_group_get_name (group), name))
        continue;
      if (is_same_owner (owner, bts_group_get_owner (group)))
        return group;
      if (other == NULL && is_within_reach (owner, bts_group_get_owner (group)))
        other = group;
    }

  return is_own ? NULL : other;
}

BtsGroup *
bts_groups_find_of (BtsGroups *self, BtsOperation *operation)
{
  return g_hash_table_lookup (self->of, operation);
}

typedef struct
{
  guint n_of_application;
  guint n_of_user;
} Count;

static void
count (const BtsOwner *owner, GPtrArray *groups, Count *result)
{
  for (guint i = 0; i < groups->len; i++)
    {
      const BtsOwner *other = bts_group_get_owner (groups->pdata[i]);

      result->n_of_application += is_same_owner (owner, other);
      result->n_of_user += bts_owner_get_uid (owner) == bts_owner_get_uid (other);
    }
}

static gboolean
check_limit (guint n_groups, guint maximum, const char *whose, GError **error)
{
  if (n_groups < maximum)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED, "%s may have %u groups and has %u",
               whose, maximum, n_groups);
  return FALSE;
}

gboolean
bts_groups_reserve (BtsGroups *self, BtsGroup *group, GError **error)
{
  const BtsOwner *owner = bts_group_get_owner (group);
  Count found = { 0 };

  count (owner, self->groups, &found);
  count (owner, self->reserved, &found);
  if (!check_limit (found.n_of_application, BTS_GROUPS_MAX_PER_APPLICATION, "An application",
                    error) ||
      !check_limit (found.n_of_user, BTS_GROUPS_MAX_PER_USER, "A user", error))
    return FALSE;

  g_ptr_array_add (self->reserved, g_object_ref (group));
  return TRUE;
}

void
bts_groups_release (BtsGroups *self, BtsGroup *group)
{
  g_ptr_array_remove_fast (self->reserved, group);
}

static void
on_group_changed (BtsGroups *self, BtsGroup *group)
{
  g_signal_emit (self, signals[SIGNAL_GROUP_CHANGED], 0, group);
}

/* The paths that groups of @group's name have where its callers can see them; no other has one that
 * @group could get. */
static GHashTable *
find_paths (BtsGroups *self, BtsGroup *group)
{
  uid_t uid = bts_owner_get_uid (bts_group_get_owner (group));
  const char *name = bts_group_get_name (group);
  GHashTable *paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < self->groups->len; i++)
    {
      BtsGroup *other = self->groups->pdata[i];

      if (bts_owner_get_uid (bts_group_get_owner (other)) == uid &&
          g_str_equal (bts_group_get_name (other), name))
        g_hash_table_add (paths, bts_group_dup_path (other, BTS_VIEWPOINT_USER));
    }

  return paths;
}

static gboolean
has_path (BtsGroup *group, GHashTable *paths)
{
  g_autofree char *path = bts_group_dup_path (group, BTS_VIEWPOINT_USER);

  return g_hash_table_contains (paths, path);
}

void
bts_groups_add (BtsGroups *self, BtsGroup *group)
{
  g_autoptr (GHashTable) paths = find_paths (self, group);

  while (!bts_owner_is_sandboxed (bts_group_get_owner (group)) && has_path (group, paths))
    bts_group_set_number (group, MAX (bts_group_get_number (group), 1) + 1);

  g_ptr_array_add (self->groups, g_object_ref (group));
  g_signal_connect_object (group, "changed", G_CALLBACK (on_group_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_emit (self, signals[SIGNAL_GROUP_ADDED], 0, group);
}

gboolean
bts_groups_check_remove (BtsGroups *self, BtsGroup *group, GError **error)
{
  guint n_operations = bts_group_get_operations (group)->len;

  if (n_operations == 0)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE,
               "The group has %u operations; only an empty one can be removed", n_operations);
  return FALSE;
}

void
bts_groups_remove (BtsGroups *self, BtsGroup *group)
{
  g_autoptr (BtsGroup) kept = g_object_ref (group);

  if (!g_ptr_array_remove (self->groups, group))
    return;
  g_signal_handlers_disconnect_by_func (group, on_group_changed, self);
  g_signal_emit (self, signals[SIGNAL_GROUP_REMOVED], 0, group);
}

static void
on_operation_added (BtsGroups *self, BtsOperation *operation)
{
  BtsRequest *request = bts_operation_get_request (operation);
  BtsOwner *owner = bts_operation_get_owner (operation);
  GVariant *value = bts_request_lookup (request, "group");
  const char *name;
  BtsGroup *group;

  if (value == NULL)
    return;
  name = g_variant_get_string (value, NULL);
  group = bts_groups_find (self, owner, name, FALSE);
  if (group == NULL)
    {
      /* Its record is lost, or has not been written in time. */
      g_autofree char *id = bts_guid_new ();
      g_autoptr (BtsGroup) made = bts_group_new (id, owner, name, BGT_GROUP_BEHAVIOR_PARALLEL);

      bts_group_set_transient (made, TRUE);
      bts_groups_add (self, made);
      group = made;
    }
  bts_group_add (group, operation);
  g_hash_table_insert (self->of, operation, group);
  g_signal_emit (self, signals[SIGNAL_OPERATIONS_CHANGED], 0, group);
}

static void
on_operation_removed (BtsGroups *self, BtsOperation *operation)
{
  BtsGroup *group = bts_groups_find_of (self, operation);

  if (group == NULL)
    return;
  g_hash_table_remove (self->of, operation);
  bts_group_remove (group, operation);
  g_signal_emit (self, signals[SIGNAL_OPERATIONS_CHANGED], 0, group);
}

static void
bts_groups_dispose (GObject *object)
{
  BtsGroups *self = BTS_GROUPS (object);

  g_clear_pointer (&self->of, g_hash_table_unref);
  g_clear_pointer (&self->reserved, g_ptr_array_unref);
  g_clear_pointer (&self->groups, g_ptr_array_unref);
  g_clear_object (&self->registry);
  G_OBJECT_CLASS (bts_groups_parent_class)->dispose (object);
}

static guint
new_signal (const char *name)
{
  return g_signal_new (name, BTS_TYPE_GROUPS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                       1, BTS_TYPE_GROUP);
}

static void
bts_groups_class_init (BtsGroupsClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_groups_dispose;
  signals[SIGNAL_GROUP_ADDED] = new_signal ("group-added");
  signals[SIGNAL_GROUP_REMOVED] = new_signal ("group-removed");
  signals[SIGNAL_GROUP_CHANGED] = new_signal ("group-changed");
  signals[SIGNAL_OPERATIONS_CHANGED] = new_signal ("operations-changed");
}

static void
bts_groups_init (BtsGroups *self)
{
  self->groups = g_ptr_array_new_with_free_func (g_object_unref);
  self->reserved = g_ptr_array_new_with_free_func (g_object_unref);
  self->of = g_hash_table_new (NULL, NULL);
}

BtsGroups *
bts_groups_new (BtsRegistry *registry)
{
  BtsGroups *self = g_object_new (BTS_TYPE_GROUPS, NULL);
  GPtrArray *operations = bts_registry_get_operations (registry);

  self->registry = g_object_ref (registry);
  for (guint i = 0; i < operations->len; i++)
    on_operation_added (self, operations->pdata[i]);
  g_signal_connect_object (registry, "operation-added", G_CALLBACK (on_operation_added), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (registry, "operation-removed", G_CALLBACK (on_operation_removed), self,
                           G_CONNECT_SWAPPED);
  return self;
}
