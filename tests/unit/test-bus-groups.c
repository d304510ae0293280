/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/names.h"
#include "common/object-path.h"
#include "fakes/bus-fixture.h"
#include "store/group-record.h"

/* Groups over the bus, and their records, where several calls are under way at once. */

#define PATH_OF_G BGT_OBJECT_PATH "/groups/g"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* How many turns of the main loop one call may be ahead of the other. */
#define MAX_TURNS 8

static void
create_group (BusFixture *fixture)
{
  g_autoptr (GVariant) answer = NULL;

  bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateGroup",
                    "('g', @a{sv} {})", &answer);
  g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&answer)), ==, "(o)");
}

/* A transient group is made anew at the next start where it has no record. */
static void
assert_groups_are_those_in_the_store (BusFixture *fixture)
{
  GPtrArray *groups = bts_groups_get_all (fixture->groups);
  g_autofree char *state = test_folder_get_path (fixture->folder, "state");
  g_autoptr (GDir) folder = NULL;
  guint n_records = 0, n_found = 0;
  const char *name;

  bts_state_files_flush (fixture->files, 10 * 1000);
  folder = g_dir_open (state, 0, NULL);
  g_assert_nonnull (folder);
  while ((name = g_dir_read_name (folder)) != NULL)
    n_records += g_str_has_prefix (name, BTS_GROUP_RECORD_PREFIX);
  for (guint i = 0; i < groups->len; i++)
    {
      g_autofree char *record = bts_group_record_get_name (groups->pdata[i]);
      g_autofree char *path = g_build_filename (state, record, NULL);
      gboolean is_found = g_file_test (path, G_FILE_TEST_EXISTS);

      g_assert_true (is_found || bts_group_is_transient (groups->pdata[i]));
      n_found += is_found;
    }
  g_assert_cmpuint (n_records, ==, n_found);
}

static void
test_may_go_while_it_is_created (BusFixture *fixture)
{
  GPtrArray *groups = bts_groups_get_all (fixture->groups);

  for (guint n_turns = 0; n_turns < MAX_TURNS; n_turns++)
    {
      g_autoptr (GVariant) answer = NULL;

      create_group (fixture);
      bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateGroup",
                        "('g', @a{sv} {})", &answer);
      bus_fixture_turn (fixture, n_turns);
      if (answer == NULL)
        bts_groups_remove (fixture->groups, groups->pdata[0]);
      g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&answer)), ==, "(o)");
    }
}

static void
test_created_while_it_goes_is_there (BusFixture *fixture)
{
  for (guint n_turns = 0; n_turns < MAX_TURNS; n_turns++)
    {
      g_autoptr (GVariant) removed = NULL;
      g_autoptr (GVariant) created = NULL;

      create_group (fixture);
      bus_fixture_send (fixture, PATH_OF_G, BGT_INTERFACE_GROUP, "Remove", NULL, &removed);
      bus_fixture_turn (fixture, n_turns);
      bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateGroup",
                        "('g', {'behavior': <'serialized'>})", &created);
      bus_fixture_wait_for (&removed);
      g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&created)), ==, "(o)");
      g_assert_cmpuint (bts_groups_get_all (fixture->groups)->len, ==, 1);
      assert_groups_are_those_in_the_store (fixture);
    }
}

static void
test_changed_while_it_goes_does_not_come_back (BusFixture *fixture)
{
  for (guint n_turns = 0; n_turns < MAX_TURNS; n_turns++)
    {
      g_autoptr (GVariant) removed = NULL;
      g_autoptr (GVariant) changed = NULL;

      create_group (fixture);
      bus_fixture_send (fixture, PATH_OF_G, BGT_INTERFACE_GROUP, "Remove", NULL, &removed);
      bus_fixture_turn (fixture, n_turns);
      bus_fixture_send (fixture, PATH_OF_G, PROPERTIES, "Set",
                        "('" BGT_INTERFACE_GROUP "', 'Behavior', <'serialized'>)", &changed);
      bus_fixture_wait_for (&removed);
      bus_fixture_wait_for (&changed);
      g_assert_cmpuint (bts_groups_get_all (fixture->groups)->len, ==, 0);
      assert_groups_are_those_in_the_store (fixture);
    }
}

static void
test_joined_while_it_goes_is_kept (BusFixture *fixture)
{
  g_autoptr (GVariant) created = NULL;
  g_autoptr (BtsOperation) operation = NULL;
  g_autofree char *guid = NULL;
  const char *path;

  bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateDownload",
                    "('http://example.org/file', '/tmp/a', {'group': <'g'>})", &created);
  g_variant_get (bus_fixture_wait_for (&created), "(&o)", &path);
  guid = bts_object_path_to_operation_guid (path);
  operation = g_object_ref (bts_registry_lookup (fixture->registry, guid));
  create_group (fixture);
  bts_registry_remove (fixture->registry, operation);

  for (guint n_turns = 0; n_turns < MAX_TURNS; n_turns++)
    {
      g_autoptr (GVariant) removed = NULL;
      g_autoptr (GVariant) removed_again = NULL;

      create_group (fixture);
      bus_fixture_send (fixture, PATH_OF_G, BGT_INTERFACE_GROUP, "Remove", NULL, &removed);
      bus_fixture_turn (fixture, n_turns);
      bts_registry_add (fixture->registry, operation);
      bus_fixture_wait_for (&removed);
      assert_groups_are_those_in_the_store (fixture);

      bts_registry_remove (fixture->registry, operation);
      bus_fixture_send (fixture, PATH_OF_G, BGT_INTERFACE_GROUP, "Remove", NULL, &removed_again);
      bus_fixture_wait_for (&removed_again);
      g_assert_cmpuint (bts_groups_get_all (fixture->groups)->len, ==, 0);
    }
}

static void
test_change_that_cannot_be_saved_is_undone (BusFixture *fixture)
{
  g_autoptr (GVariant) set = NULL;
  g_autoptr (GVariant) created = NULL;
  BtsGroup *group;

  create_group (fixture);
  test_folder_remove_all (fixture->folder->path);
  group = bts_groups_get_all (fixture->groups)->pdata[0];

  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*cannot be saved*");
  bus_fixture_send (fixture, PATH_OF_G, PROPERTIES, "Set",
                    "('" BGT_INTERFACE_GROUP "', 'Behavior', <'serialized'>)", &set);
  g_assert_cmpstr (g_variant_get_string (bus_fixture_wait_for (&set), NULL), ==,
                   "org.example.BackgroundTransfer.Error.Failed");
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*cannot be saved*");
  bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateGroup",
                    "('g', {'behavior': <'serialized'>})", &created);
  g_assert_cmpstr (g_variant_get_string (bus_fixture_wait_for (&created), NULL), ==,
                   "org.example.BackgroundTransfer.Error.Failed");
  g_test_assert_expected_messages ();
  g_assert_cmpint (bts_group_get_behavior (group), ==, BGT_GROUP_BEHAVIOR_PARALLEL);
}

/* What the first one would bring back is not what the second one found. */
static void
test_changes_that_cannot_be_saved_are_undone_together (BusFixture *fixture)
{
  GVariant *answers[3] = { NULL };
  BtsGroup *group;

  create_group (fixture);
  test_folder_remove_all (fixture->folder->path);
  group = bts_groups_get_all (fixture->groups)->pdata[0];
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*cannot be saved*");
      bus_fixture_send (fixture, PATH_OF_G, PROPERTIES, "Set",
                        "('" BGT_INTERFACE_GROUP "', 'Behavior', <'serialized'>)", &answers[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_assert_cmpstr (g_variant_get_string (bus_fixture_wait_for (&answers[i]), NULL), ==,
                       "org.example.BackgroundTransfer.Error.Failed");
      g_variant_unref (answers[i]);
    }
  g_test_assert_expected_messages ();
  g_assert_cmpint (bts_group_get_behavior (group), ==, BGT_GROUP_BEHAVIOR_PARALLEL);
}

static void
test_operations_that_come_together_are_told_once (BusFixture *fixture)
{
  g_autoptr (GVariant) created = NULL;

  bus_fixture_send (
      fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateOperations",
      "([{'kind': <'download'>, 'uri': <'http://example.org/a'>, 'destination': <'/tmp/a'>, "
      "'group': <'g'>}, "
      "{'kind': <'download'>, 'uri': <'http://example.org/b'>, 'destination': <'/tmp/b'>, "
      "'group': <'g'>}],)",
      &created);
  g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&created)), ==, "(ao)");
  bts_clock_fake_advance (fixture->clock, G_USEC_PER_SEC / 4);
  bus_fixture_wait_for_signal (fixture, "'Operations': <");
  bus_fixture_sync (fixture);
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "PropertiesChanged ('" BGT_INTERFACE_GROUP),
                    ==, 1);
}

static gboolean
are_all_there (GVariant **answers, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      if (answers[i] == NULL)
        return FALSE;
    }

  return TRUE;
}

/* Each is saved before it is there. */
static void
test_limit_holds_for_those_that_come_together (BusFixture *fixture)
{
  GVariant *answers[BTS_GROUPS_MAX_PER_APPLICATION + 20] = { NULL };
  guint n_refused = 0;

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *arguments = g_strdup_printf ("('g%u', @a{sv} {})", i);

      bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateGroup", arguments,
                        &answers[i]);
    }
  while (!are_all_there (answers, G_N_ELEMENTS (answers)))
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      n_refused += g_variant_is_of_type (answers[i], G_VARIANT_TYPE_STRING);
      g_variant_unref (answers[i]);
    }
  g_assert_cmpuint (n_refused, ==, 20);
  g_assert_cmpuint (bts_groups_get_all (fixture->groups)->len, ==, BTS_GROUPS_MAX_PER_APPLICATION);
}

/* Its last operation, and with it the group, goes before that is told. */
static void
test_group_that_goes_is_told_no_more (BusFixture *fixture)
{
  g_autoptr (GVariant) created = NULL;
  GPtrArray *operations = bts_registry_get_operations (fixture->registry);

  bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateDownload",
                    "('http://example.org/a', '/tmp/a', {'group': <'g'>})", &created);
  bus_fixture_wait_for (&created);
  bts_registry_remove (fixture->registry, operations->pdata[0]);
  bts_clock_fake_advance (fixture->clock, G_USEC_PER_SEC / 4);
  bus_fixture_sync (fixture);
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "PropertiesChanged ('" BGT_INTERFACE_GROUP),
                    ==, 0);
}

static void
run (gconstpointer data)
{
  void (*test) (BusFixture *) = data;
  g_autoptr (BusFixture) fixture = bus_fixture_new (TRUE);

  if (fixture == NULL)
    {
      g_test_skip ("no dbus-daemon");
      return;
    }
  test (fixture);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  bgt_error_quark ();

#define ADD(name, function) g_test_add_data_func ("/bus/groups/" name, function, run)
  ADD ("may-go-while-it-is-created", test_may_go_while_it_is_created);
  ADD ("created-while-it-goes-is-there", test_created_while_it_goes_is_there);
  ADD ("changed-while-it-goes-does-not-come-back", test_changed_while_it_goes_does_not_come_back);
  ADD ("joined-while-it-goes-is-kept", test_joined_while_it_goes_is_kept);
  ADD ("change-that-cannot-be-saved-is-undone", test_change_that_cannot_be_saved_is_undone);
  ADD ("changes-that-cannot-be-saved-are-undone-together",
       test_changes_that_cannot_be_saved_are_undone_together);
  ADD ("operations-that-come-together-are-told-once",
       test_operations_that_come_together_are_told_once);
  ADD ("group-that-goes-is-told-no-more", test_group_that_goes_is_told_no_more);
  ADD ("limit-holds-for-those-that-come-together", test_limit_holds_for_those_that_come_together);
#undef ADD

  return g_test_run ();
}
