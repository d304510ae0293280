/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "model/groups.h"
#include "store/group-record.h"

typedef struct
{
  BtsRegistry *registry;
  BtsGroups *groups;
  BtsOwner *owner;
  gint64 now;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->registry = bts_registry_new ();
  self->groups = bts_groups_new (self->registry);
  self->owner = bts_owner_new (1000, "music", FALSE);
  self->now = 1000;
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  bts_owner_unref (self->owner);
  g_object_unref (self->groups);
  g_object_unref (self->registry);
}

static BtsOperation *
add_operation (Fixture *self, const char *group)
{
  g_autofree char *guid = bts_guid_new ();
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (BtsOperation) operation = NULL;
  g_autoptr (GError) error = NULL;
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  g_variant_dict_insert (&options, "uri", "s", "http://localhost/");
  g_variant_dict_insert (&options, "destination", "s", "/tmp/x");
  g_variant_dict_insert (&options, "group", "s", group);
  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, g_variant_dict_end (&options), &error);
  g_assert_no_error (error);
  operation = bts_operation_new (guid, self->owner, request, self->now++);
  bts_registry_add (self->registry, operation);
  bts_operation_start (operation, self->now++, &error);
  g_assert_no_error (error);

  return operation;
}

/* The numbers of @operations in the order of their positions. */
static char *
get_order (BtsGroup *group, BtsOperation **operations, guint n)
{
  GString *text = g_string_new (NULL);
  guint64 last = 0;

  for (guint i = 0; i < n; i++)
    {
      guint best = n;

      for (guint k = 0; k < n; k++)
        {
          guint64 position = bts_group_get_position (group, operations[k]);

          if ((i == 0 || position > last) &&
              (best == n || position < bts_group_get_position (group, operations[best])))
            best = k;
        }
      last = bts_group_get_position (group, operations[best]);
      g_string_append_printf (text, "%u", best);
    }

  return g_string_free (text, FALSE);
}

static void
assert_order (BtsGroup *group, BtsOperation **operations, guint n, const char *expected)
{
  g_autofree char *order = get_order (group, operations, n);

  g_assert_cmpstr (order, ==, expected);
}

static void
test_order (Fixture *self, gconstpointer data)
{
  BtsOperation *operations[5];
  BtsGroup *group;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 4; i++)
    operations[i] = add_operation (self, "g");
  group = bts_groups_find_of (self->groups, operations[0]);
  g_assert_nonnull (group);
  g_assert_true (bts_groups_find (self->groups, self->owner, "g", TRUE) == group);
  assert_order (group, operations, 4, "0123");

  g_assert_true (bts_group_make_current (group, operations[2], &error));
  assert_order (group, operations, 4, "2301");
  operations[4] = add_operation (self, "g");
  assert_order (group, operations, 5, "23014");
  g_assert_true (bts_group_make_current (group, operations[1], &error));
  assert_order (group, operations, 5, "14230");
}

static void
test_finished_has_no_place (Fixture *self, gconstpointer data)
{
  BtsOperation *operation = add_operation (self, "g");
  BtsGroup *group = bts_groups_find_of (self->groups, operation);
  g_autoptr (GError) error = NULL;

  bts_operation_finish (operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, 5);
  g_assert_false (bts_group_make_current (group, operation, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE);
}

static void
test_remove (Fixture *self, gconstpointer data)
{
  BtsOperation *operation = add_operation (self, "g");
  BtsGroup *group = bts_groups_find_of (self->groups, operation);
  g_autoptr (GError) error = NULL;

  g_assert_false (bts_groups_check_remove (self->groups, group, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE);
  g_clear_error (&error);
  bts_registry_remove (self->registry, operation);
  g_assert_true (bts_groups_check_remove (self->groups, group, &error));
  bts_groups_remove (self->groups, group);
  g_assert_null (bts_groups_find (self->groups, self->owner, "g", FALSE));
}

static BtsGroup *
add_group (Fixture *self, BtsOwner *owner, const char *name)
{
  g_autofree char *id = bts_guid_new ();
  g_autoptr (BtsGroup) group = bts_group_new (id, owner, name, BGT_GROUP_BEHAVIOR_PARALLEL);

  bts_groups_add (self->groups, group);
  return group;
}

static gboolean
may_have_one_more (Fixture *self, BtsOwner *owner, GError **error)
{
  g_autofree char *id = bts_guid_new ();
  g_autoptr (BtsGroup) group = bts_group_new (id, owner, "one more", BGT_GROUP_BEHAVIOR_PARALLEL);

  if (!bts_groups_reserve (self->groups, group, error))
    return FALSE;
  bts_groups_release (self->groups, group);
  return TRUE;
}

static void
test_limit (Fixture *self, gconstpointer data)
{
  g_autoptr (BtsOwner) other = bts_owner_new (1000, "video", FALSE);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 50; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      g_assert_true (may_have_one_more (self, self->owner, &error));
      add_group (self, self->owner, name);
    }
  g_assert_false (may_have_one_more (self, self->owner, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
  g_clear_error (&error);
  g_assert_true (may_have_one_more (self, other, &error));

  /* An application may call itself what it wants. */
  for (guint i = 50; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf ("application%u", i);
      g_autoptr (BtsOwner) owner = bts_owner_new (1000, name, FALSE);

      add_group (self, owner, "g");
    }
  g_assert_false (may_have_one_more (self, other, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
}

static void
assert_path_for_administrator (BtsGroup *group, const char *element)
{
  g_autofree char *path = bts_group_dup_path (group, BTS_VIEWPOINT_ADMINISTRATOR);
  g_autofree char *expected =
      g_strconcat ("/org/example/BackgroundTransfer/groups/", element, NULL);

  g_assert_cmpstr (path, ==, expected);
}

static void
test_paths_differ (Fixture *self, gconstpointer data)
{
  g_autoptr (BtsOwner) video = bts_owner_new (1000, "video", FALSE);
  g_autoptr (BtsOwner) boxed = bts_owner_new (1000, "org.example.Box", TRUE);
  g_autoptr (BtsOwner) stranger = bts_owner_new (1001, "music", FALSE);
  BtsGroup *mine = add_group (self, self->owner, "a b");
  BtsGroup *second = add_group (self, video, "a b");
  BtsGroup *sandboxed = add_group (self, boxed, "a b");
  BtsGroup *others = add_group (self, stranger, "a b");
  g_autofree char *path = bts_group_dup_path (mine, BTS_VIEWPOINT_USER);
  g_autofree char *second_path = bts_group_dup_path (second, BTS_VIEWPOINT_USER);
  g_autofree char *sandboxed_path = bts_group_dup_path (sandboxed, BTS_VIEWPOINT_USER);
  g_autofree char *others_path = bts_group_dup_path (others, BTS_VIEWPOINT_USER);

  g_assert_cmpstr (path, ==, "/org/example/BackgroundTransfer/groups/a_20b");
  g_assert_cmpstr (second_path, ==, "/org/example/BackgroundTransfer/groups/a_20b__2");
  g_assert_cmpstr (sandboxed_path, ==,
                   "/org/example/BackgroundTransfer/groups/a_20b__org_2eexample_2eBox");
  g_assert_cmpstr (others_path, ==, path);
  assert_path_for_administrator (mine, "a_20b_u1000");
  assert_path_for_administrator (second, "a_20b__2_u1000");
  assert_path_for_administrator (sandboxed, "a_20b__org_2eexample_2eBox_u1000");
  assert_path_for_administrator (others, "a_20b_u1001");
  g_assert_true (bts_groups_find (self->groups, boxed, "a b", FALSE) == sandboxed);
  g_assert_true (bts_groups_find (self->groups, video, "a b", FALSE) == second);
}

static void
test_record_comes_back (Fixture *self, gconstpointer data)
{
  BtsOperation *first = add_operation (self, "käse; [x]");
  BtsOperation *second = add_operation (self, "käse; [x]");
  BtsGroup *group = bts_groups_find_of (self->groups, first);
  g_autofree char *name = bts_group_record_get_name (group);
  g_autoptr (BtsGroup) parsed = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  bts_group_set_behavior (group, BGT_GROUP_BEHAVIOR_SERIALIZED);
  bts_group_make_current (group, second, &error);
  g_assert_no_error (error);
  text = bts_group_record_print (group);
  parsed = bts_group_record_parse (name, text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpstr (bts_group_get_id (parsed), ==, bts_group_get_id (group));
  g_assert_cmpstr (bts_group_get_name (parsed), ==, "käse; [x]");
  g_assert_cmpint (bts_group_get_behavior (parsed), ==, BGT_GROUP_BEHAVIOR_SERIALIZED);
  g_assert_cmpuint (bts_owner_get_uid (bts_group_get_owner (parsed)), ==, 1000);
  g_assert_cmpstr (bts_owner_get_application (bts_group_get_owner (parsed)), ==, "music");
  g_assert_cmpuint (bts_group_get_position (parsed, second), ==, 0);
  g_assert_cmpuint (bts_group_get_position (parsed, first), ==, 1);
}

static const char *const wrong_records[] = {
  "",
  "nonsense",
  "[Group]\n",
  "[Group]\nVersion=2\nUid=1\nApplication=a\nName=n\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=-1\nApplication=a\nName=n\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=99999999999\nApplication=a\nName=n\nBehavior=parallel\n",
  "[Group]\nVersion=1\nApplication=a\nName=n\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=1\nName=n\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=1\nApplication=a\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=1\nApplication=a\nName=\\n\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=1\nApplication=a\nName=\xff\nBehavior=parallel\n",
  "[Group]\nVersion=1\nUid=1\nApplication=a\nName=n\nBehavior=sideways\n",
  "[Group]\nVersion=1\nUid=1\nApplication=a\nName=n\nBehavior=parallel\nNumber=x\n",
};

static void
test_wrong_records_are_refused (Fixture *self, gconstpointer data)
{
  const char *name = "group-00000000_0000_4000_8000_000000000000";
  const char *right = "[Group]\nVersion=1\nUid=1\nApplication=a\nName=n\nBehavior=parallel\n";
  g_autoptr (BtsGroup) group = bts_group_record_parse (name, right, strlen (right), NULL);

  g_assert_nonnull (group);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong_records); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (
          bts_group_record_parse (name, wrong_records[i], strlen (wrong_records[i]), &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
    }
  g_assert_null (bts_group_record_parse ("group-x", right, strlen (right), NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function) g_test_add (name, Fixture, NULL, set_up, function, tear_down)
  ADD ("/model/group/make-current-turns-the-order", test_order);
  ADD ("/model/group/a-finished-one-has-no-place", test_finished_has_no_place);
  ADD ("/model/groups/only-an-empty-one-is-removed", test_remove);
  ADD ("/model/groups/fifty-an-application", test_limit);
  ADD ("/model/groups/paths-differ", test_paths_differ);
  ADD ("/store/group-record/comes-back", test_record_comes_back);
  ADD ("/store/group-record/wrong-ones-are-refused", test_wrong_records_are_refused);
#undef ADD

  return g_test_run ();
}
