/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/names.h"
#include "common/object-path.h"
#include "fakes/bus-fixture.h"
#include "store/atomic-file.h"
#include "store/journal.h"
#include "store/settings-record.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"
#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"
#define INTROSPECTABLE "org.freedesktop.DBus.Introspectable"
#define MISSING BGT_OPERATIONS_PATH "/00000000_0000_4000_8000_000000000000"

static void
with_service (gconstpointer data)
{
  void (*test) (BusFixture * fixture) = data;
  g_autoptr (BusFixture) fixture = bus_fixture_new (TRUE);

  if (fixture == NULL)
    g_test_skip ("There is no dbus-daemon");
  else
    test (fixture);
}

/* Calls; the call must fail with @code of @domain. */
static void
assert_fails (BusFixture *fixture,
              const char *path,
              const char *interface,
              const char *method,
              GVariant *parameters,
              GQuark domain,
              int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 bus_fixture_call (fixture, path, interface, method, parameters, &error);

  g_assert_null (reply);
  g_assert_error (error, domain, code);
}

static void
assert_works (BusFixture *fixture,
              const char *path,
              const char *interface,
              const char *method,
              GVariant *parameters)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 bus_fixture_call (fixture, path, interface, method, parameters, &error);

  g_assert_no_error (error);
  g_assert_nonnull (reply);
}

static void
assert_operation_fails (BusFixture *fixture, const char *path, const char *method, int code)
{
  assert_fails (fixture, path, BGT_INTERFACE_OPERATION, method, NULL, BGT_ERROR, code);
}

static void
assert_operation_works (BusFixture *fixture, const char *path, const char *method)
{
  assert_works (fixture, path, BGT_INTERFACE_OPERATION, method, NULL);
}

static void
assert_property (BusFixture *fixture, const char *path, const char *name, const char *value)
{
  g_autoptr (GVariant) read = bus_fixture_get (fixture, path, name);
  g_autofree char *text = g_variant_print (read, FALSE);

  g_assert_cmpstr (text, ==, value);
}

static GVariant *
new_create (const char *uri, const char *destination, const char *options)
{
  return g_variant_new ("(ss@a{sv})", uri, destination,
                        g_variant_new_parsed (options != NULL ? options : "@a{sv} {}"));
}

static void
assert_create_fails (
    BusFixture *fixture, const char *uri, const char *destination, const char *options, int code)
{
  assert_fails (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateDownload",
                new_create (uri, destination, options), BGT_ERROR, code);
  g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 0);
}

static char *
introspect (BusFixture *fixture, const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 bus_fixture_call (fixture, path, INTROSPECTABLE, "Introspect", NULL, &error);
  char *xml;

  g_assert_no_error (error);
  g_variant_get (reply, "(s)", &xml);

  return xml;
}

static BtsOperation *
add_foreign_operation (BusFixture *fixture)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (getuid () + 1, "other", FALSE);
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (BtsOperation) operation = NULL;
  g_autofree char *guid = bts_guid_new ();

  request = bts_request_new (
      BGT_OPERATION_KIND_DOWNLOAD,
      g_variant_new_parsed ("{'kind': <'download'>, 'uri': <'http://example.org/'>,"
                            " 'destination': <'/tmp/x'>}"),
      NULL);
  operation = bts_operation_new (guid, owner, request, 1);
  bts_registry_add (fixture->registry, operation);

  return operation;
}

static void
test_created_operation_is_idle_and_stored (BusFixture *fixture)
{
  g_autofree char *path = NULL;
  BtsOperation *operation = bus_fixture_create (fixture, "/tmp/a", &path);
  g_autofree char *journal = test_folder_get_path (fixture->folder, "state/" BTS_JOURNAL_NAME);
  g_autofree char *text = NULL;
  const char *guid = bts_operation_get_guid (operation);
  gsize length;

  g_assert_true (g_file_get_contents (journal, &text, &length, NULL));
  g_assert_nonnull (memmem (text, length, guid, strlen (guid)));
  bus_fixture_sync (fixture);
  assert_property (fixture, path, "Status", "'idle'");
  assert_property (fixture, path, "BlockedBy", "['not-started']");
  assert_property (fixture, path, "Group", "'/'");
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "InterfacesAdded"), ==, 1);
}

static void
test_bad_creation_leaves_nothing (BusFixture *fixture)
{
  bts_engine_fake_refuse (fixture->engine, "/denied", BGT_ERROR_ACCESS_DENIED);

  assert_create_fails (fixture, "nonsense", "/a", NULL, BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "relative", NULL, BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/a", "{'no-such': <1>}", BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/a", "{'priority': <1>}", BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/a", "{'kind': <'download'>}",
                       BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/a", "{'uri': <'http://b/'>}",
                       BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/a", "{'destination-file': <@a{sv} {}>}",
                       BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/a", "{'application-id': <'a/b'>}",
                       BGT_ERROR_INVALID_ARGUMENT);
  assert_create_fails (fixture, "http://a/", "/denied", NULL, BGT_ERROR_ACCESS_DENIED);

  fixture->limits.allow_plain_http = FALSE;
  assert_create_fails (fixture, "http://a/", "/a", NULL, BGT_ERROR_NOT_SUPPORTED);
  bus_fixture_sync (fixture);
  g_assert_cmpuint (fixture->signals->len, ==, 0);
}

static void
test_limit_refuses_the_next_and_leaves_the_rest (BusFixture *fixture)
{
  g_autofree char *path = NULL;

  for (guint i = 0; i < fixture->limits.max_operations_per_application; i++)
    {
      g_free (path);
      bus_fixture_create (fixture, "/tmp/a", &path);
    }
  assert_fails (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateDownload",
                new_create ("http://a/", "/a", NULL), BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);

  assert_operation_works (fixture, path, "Cancel");
  g_free (path);
  bus_fixture_create (fixture, "/tmp/a", &path);
}

static void
test_batch_is_all_or_none (BusFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) paths = NULL;

  assert_fails (
      fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateOperations",
      g_variant_new_parsed ("([{'kind': <'download'>, 'uri': <'http://a/'>, 'destination': <'/a'>},"
                            "  {'kind': <'download'>, 'uri': <'bad'>, 'destination': <'/b'>}],)"),
      BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  assert_fails (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateOperations",
                g_variant_new_parsed ("([{'uri': <'http://a/'>}],)"), BGT_ERROR,
                BGT_ERROR_INVALID_ARGUMENT);
  g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 0);

  reply = bus_fixture_call (
      fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateOperations",
      g_variant_new_parsed (
          "([{'kind': <'download'>, 'uri': <'http://a/'>, 'destination': <'/a'>,"
          "   'start': <true>},"
          "  {'kind': <'download'>, 'uri': <'http://b/'>, 'destination': <'/b'>}],)"),
      &error);
  g_assert_no_error (error);
  paths = g_variant_get_child_value (reply, 0);
  g_assert_cmpuint (g_variant_n_children (paths), ==, 2);
}

static gboolean
count_turn (gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_CONTINUE;
}

typedef struct
{
  guint n_turns; /* of the main loop */
  guint previous;
  guint n_operations;
} Turns;

static void
check_turn (BtsRegistry *registry, BtsOperation *operation, gpointer user_data)
{
  Turns *turns = user_data;

  if (turns->n_operations++ > 0)
    g_assert_cmpuint (turns->n_turns, >, turns->previous);
  turns->previous = turns->n_turns;
  /* None moves before the last is in place. */
  g_assert_true (bts_registry_is_arriving (registry, operation) == (turns->n_operations < 3));
}

/* Each is told to all connections of its user: others' calls are served in between. */
static void
test_batch_leaves_turns_to_others (BusFixture *fixture)
{
  GVariantBuilder specs = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("(aa{sv})"));
  Turns turns = { 0 };
  guint source_id = g_idle_add_full (G_PRIORITY_DEFAULT, count_turn, &turns.n_turns, NULL);
  gulong handler =
      g_signal_connect (fixture->registry, "operation-added", G_CALLBACK (check_turn), &turns);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_builder_open (&specs, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < 3; i++)
    g_variant_builder_add_value (
        &specs, g_variant_new_parsed (
                    "{'kind': <'download'>, 'uri': <'http://a/'>, 'destination': <'/a'>}"));
  g_variant_builder_close (&specs);
  reply = bus_fixture_call (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateOperations",
                            g_variant_builder_end (&specs), &error);
  g_assert_no_error (error);
  g_assert_cmpuint (turns.n_operations, ==, 3);
  for (guint i = 0; i < 3; i++)
    g_assert_false (bts_registry_is_arriving (
        fixture->registry, bts_registry_get_operations (fixture->registry)->pdata[i]));
  g_signal_handler_disconnect (fixture->registry, handler);
  g_source_remove (source_id);
}

static void
test_descriptor_becomes_the_operations (BusFixture *fixture)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  int fd = open ("/dev/null", O_WRONLY | O_CLOEXEC);
  BtsOperation *operation;

  g_unix_fd_list_append (fds, fd, NULL);
  close (fd);
  g_dbus_connection_call_with_unix_fd_list (fixture->client, BGT_BUS_NAME, BGT_OBJECT_PATH,
                                            BGT_INTERFACE_MANAGER, "CreateDownloadToFd",
                                            g_variant_new ("(sha{sv})", "http://a/", 0, NULL), NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, NULL, NULL);
  while (bts_registry_get_n_operations (fixture->registry) == 0)
    g_main_context_iteration (NULL, TRUE);
  operation = bts_registry_get_operations (fixture->registry)->pdata[0];
  g_assert_cmpint (bts_operation_get_files (operation)->file, >=, 0);

  assert_fails (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "CreateDownloadToFd",
                g_variant_new ("(sha{sv})", "http://a/", 0, NULL), BGT_ERROR,
                BGT_ERROR_INVALID_ARGUMENT);
}

static void
test_calls_follow_the_status (BusFixture *fixture)
{
  g_autofree char *path = NULL;

  bus_fixture_create (fixture, "/tmp/a", &path);
  assert_operation_fails (fixture, path, "Pause", BGT_ERROR_INVALID_STATE);
  assert_operation_fails (fixture, path, "Acknowledge", BGT_ERROR_INVALID_STATE);
  assert_operation_fails (fixture, path, "MakeCurrentInTransferGroup", BGT_ERROR_INVALID_STATE);
  assert_operation_fails (fixture, path, "GetResponseInformation", BGT_ERROR_NOT_YET_AVAILABLE);
  assert_operation_works (fixture, path, "Start");
  assert_operation_fails (fixture, path, "Start", BGT_ERROR_INVALID_STATE);
  assert_operation_works (fixture, path, "Pause");
  assert_property (fixture, path, "Status", "'paused-by-application'");
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "paused-by-application"), ==, 1);
  assert_operation_works (fixture, path, "Resume");
  g_ptr_array_set_size (fixture->signals, 0);
  assert_operation_works (fixture, path, "Cancel");
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "paused"), ==, 0);
  assert_property (fixture, path, "Status", "'canceled'");
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "Finished ('canceled'"), ==, 1);
  assert_operation_works (fixture, path, "Acknowledge");
  assert_fails (fixture, path, BGT_INTERFACE_OPERATION, "Start", NULL, G_DBUS_ERROR,
                G_DBUS_ERROR_UNKNOWN_OBJECT);
  bus_fixture_sync (fixture);
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "InterfacesRemoved"), ==, 1);
  g_assert_cmpuint (bts_engine_fake_get_n_forgotten (fixture->engine), ==, 1);
}

static void
test_properties_answer_as_the_specification_says (BusFixture *fixture)
{
  static const struct
  {
    const char *parameters;
    GDBusError code;
  } cases[] = {
    { "('no.such.Interface', 'Status', <1>)", G_DBUS_ERROR_UNKNOWN_INTERFACE },
    { "('org.example.BackgroundTransfer.Operation', 'NoSuch', <1>)",
      G_DBUS_ERROR_UNKNOWN_PROPERTY },
    { "('org.example.BackgroundTransfer.Operation', 'Status', <'idle'>)",
      G_DBUS_ERROR_PROPERTY_READ_ONLY },
    { "('org.example.BackgroundTransfer.Operation', 'Priority', <1>)", G_DBUS_ERROR_INVALID_ARGS },
  };
  g_autofree char *path = NULL;

  bus_fixture_create (fixture, "/tmp/a", &path);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_fails (fixture, path, PROPERTIES, "Set", g_variant_new_parsed (cases[i].parameters),
                  G_DBUS_ERROR, (int) cases[i].code);
  assert_fails (
      fixture, path, PROPERTIES, "Set",
      g_variant_new_parsed ("('org.example.BackgroundTransfer.Operation', 'Priority', <'urgent'>)"),
      BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  assert_works (
      fixture, path, PROPERTIES, "Set",
      g_variant_new_parsed ("('org.example.BackgroundTransfer.Operation', 'Priority', <'high'>)"));
  assert_property (fixture, path, "Priority", "'high'");
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "{'Priority': <'high'>}"), ==, 1);
  assert_fails (fixture, path, PROPERTIES, "GetAll", g_variant_new ("(s)", "no.such.Interface"),
                G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE);
  assert_works (fixture, BGT_OBJECT_PATH, PROPERTIES, "GetAll",
                g_variant_new ("(s)", BGT_INTERFACE_MANAGER));
}

static void
test_invisible_is_missing (BusFixture *fixture)
{
  BtsOperation *foreign = add_foreign_operation (fixture);
  g_autofree char *path = bts_object_path_for_operation (bts_operation_get_guid (foreign));
  const char *const paths[] = { path, MISSING, BGT_OPERATIONS_PATH "/x", BGT_OBJECT_PATH "/y" };
  g_autoptr (GVariant) objects = NULL;
  g_autofree char *all = NULL;
  g_autofree char *list = introspect (fixture, BGT_OPERATIONS_PATH);

  for (gsize i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autofree char *xml = introspect (fixture, paths[i]);

      g_assert_null (strstr (xml, "interface"));
      assert_fails (fixture, paths[i], BGT_INTERFACE_OPERATION, "Start", NULL, G_DBUS_ERROR,
                    G_DBUS_ERROR_UNKNOWN_OBJECT);
      assert_fails (fixture, paths[i], BGT_INTERFACE_DOWNLOAD, "GetDownloadedRanges", NULL,
                    G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
      assert_fails (fixture, paths[i], PROPERTIES, "GetAll", g_variant_new ("(s)", "any"),
                    G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT);
    }
  g_assert_null (strstr (list, bts_operation_get_guid (foreign)));

  objects =
      bus_fixture_call (fixture, BGT_OBJECT_PATH, OBJECT_MANAGER, "GetManagedObjects", NULL, NULL);
  all = g_variant_print (objects, FALSE);
  g_assert_cmpstr (all, ==, "({},)");
}

static void
test_introspection_shows_what_there_is (BusFixture *fixture)
{
  g_autofree char *path = NULL;
  BtsOperation *operation = bus_fixture_create (fixture, "/tmp/a", &path);
  g_autofree char *root = introspect (fixture, BGT_OBJECT_PATH);
  g_autofree char *list = introspect (fixture, BGT_OPERATIONS_PATH);
  g_autofree char *one = introspect (fixture, path);
  g_autoptr (GDBusNodeInfo) node = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (strstr (root, "<node name=\"operations\"/>"));
  g_assert_nonnull (strstr (list, bts_operation_get_guid (operation)));
  node = g_dbus_node_info_new_for_xml (one, &error);
  g_assert_no_error (error);
  g_assert_nonnull (g_dbus_node_info_lookup_interface (node, BGT_INTERFACE_OPERATION));
  g_assert_nonnull (g_dbus_node_info_lookup_interface (node, BGT_INTERFACE_DOWNLOAD));
  g_assert_nonnull (g_dbus_node_info_lookup_interface (node, PROPERTIES));
}

static void
test_later_features_say_that_they_are_missing (BusFixture *fixture)
{
  static const char *const calls[][2] = {
    { "CreateCompletionGroup", "('a', @a{sv} {})" },
    { "RegisterAgent", "(objectpath '/a',)" },
    { "UnregisterAgent", "()" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_fails (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, calls[i][0],
                  g_variant_new_parsed (calls[i][1]), BGT_ERROR, BGT_ERROR_NOT_SUPPORTED);
}

static void
test_evaluate_says_what_blocks (BusFixture *fixture)
{
  g_autoptr (GVariant) free_way = NULL;
  g_autoptr (GVariant) blocked = NULL;
  g_autofree char *free_text = NULL;
  g_autofree char *blocked_text = NULL;

  free_way = bus_fixture_call (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "Evaluate",
                               g_variant_new_parsed ("(@a{sv} {},)"), NULL);
  free_text = g_variant_print (free_way, FALSE);
  g_assert_cmpstr (free_text, ==, "(true, [])");

  fixture->conditions.cost_type = BGT_COST_TYPE_FIXED;
  blocked =
      bus_fixture_call (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "Evaluate",
                        g_variant_new_parsed ("({'cost-policy': <'unrestricted-only'>},)"), NULL);
  blocked_text = g_variant_print (blocked, FALSE);
  g_assert_cmpstr (blocked_text, ==, "(false, ['metered'])");

  assert_fails (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "Evaluate",
                g_variant_new_parsed ("({'priority': <'urgent'>},)"), BGT_ERROR,
                BGT_ERROR_INVALID_ARGUMENT);
}

static void
test_attached_connection_keeps_the_service (BusFixture *fixture)
{
  g_autofree char *path = NULL;
  g_autoptr (GDBusConnection) other = bus_fixture_connect (fixture);
  g_autoptr (GVariant) reply = NULL;

  bus_fixture_create (fixture, "/tmp/a", &path);
  g_assert_true (bts_service_is_idle (fixture->service));
  reply =
      bus_fixture_call_from (fixture, other, path, BGT_INTERFACE_OPERATION, "Attach", NULL, NULL);
  g_assert_nonnull (reply);
  g_assert_false (bts_service_is_idle (fixture->service));

  g_dbus_connection_close_sync (other, NULL, NULL);
  while (!bts_service_is_idle (fixture->service))
    g_main_context_iteration (NULL, TRUE);
}

/* Else each that is attached to would be remembered as long as the connection is there. */
static void
test_attachment_ends_with_the_operation (BusFixture *fixture)
{
  g_autofree char *path = NULL;
  g_autoptr (BtsOperation) operation = g_object_ref (bus_fixture_create (fixture, "/a", &path));

  assert_operation_works (fixture, path, "Attach");
  g_assert_false (bts_service_is_idle (fixture->service));
  bts_registry_remove (fixture->registry, operation);
  bts_registry_add (fixture->registry, operation);
  g_assert_true (bts_service_is_idle (fixture->service));
}

static void
assert_not_saved (BusFixture *fixture, const char *interface, const char *method, const char *text)
{
  g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*cannot be saved*");
  assert_fails (fixture, BGT_OBJECT_PATH, interface, method, g_variant_new_parsed (text), BGT_ERROR,
                BGT_ERROR_FAILED);
  g_test_assert_expected_messages ();
}

static void
test_settings_that_cannot_be_saved_stay (BusFixture *fixture)
{
#define PLAN "3f3a4b1c-0000-4000-8000-000000000001"
#define OTHER_PLAN "3f3a4b1c-0000-4000-8000-000000000002"
  assert_works (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "SetDataPlan",
                g_variant_new_parsed ("('" PLAN "', {'limit': <uint64 100>})"));
  test_folder_remove_all (fixture->folder->path);

  assert_not_saved (fixture, BGT_INTERFACE_MANAGER, "SetDataPlan",
                    "('" PLAN "', {'limit': <uint64 200>})");
  assert_not_saved (fixture, BGT_INTERFACE_MANAGER, "SetDataPlan",
                    "('" OTHER_PLAN "', {'limit': <uint64 200>})");
  assert_not_saved (fixture, BGT_INTERFACE_MANAGER, "RemoveDataPlan", "('" PLAN "',)");
  assert_not_saved (fixture, PROPERTIES, "Set",
                    "('" BGT_INTERFACE_NETWORK "', 'BackgroundDataRestricted', <true>)");
  g_assert_cmpuint (bts_data_plans_lookup (fixture->plans, PLAN)->limit, ==, 100);
  g_assert_null (bts_data_plans_lookup (fixture->plans, OTHER_PLAN));
  g_assert_false (bts_data_plans_is_restricted (fixture->plans));
}

typedef struct
{
  const char *temporary; /* of the record; a folder in its place lets nothing be written */
  const char *failing;   /* the limits of plans that cannot be saved */
} Trouble;

/* Decides by the plan that is about to be saved. */
static void
on_plans_changed (BtsDataPlans *plans, Trouble *trouble)
{
  g_autofree char *limit =
      g_strdup_printf ("%" G_GUINT64_FORMAT, bts_data_plans_lookup (plans, PLAN)->limit);

  rmdir (trouble->temporary);
  if (strstr (trouble->failing, limit) == NULL)
    return;
  unlink (trouble->temporary);
  g_assert_cmpint (mkdir (trouble->temporary, 0700), ==, 0);
}

static void
assert_plan_is_as_stored (BusFixture *fixture, guint64 limit)
{
  g_autofree char *state = test_folder_get_path (fixture->folder, "state");
  g_autofree char *path = g_build_filename (state, BTS_SETTINGS_RECORD_NAME, NULL);
  g_autoptr (BtsDataPlans) stored = bts_data_plans_new ();
  g_autofree char *text = NULL;
  gsize length;

  bts_state_files_flush (fixture->files, 10 * 1000);
  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  g_assert_true (bts_settings_record_parse (stored, text, length, NULL));
  g_assert_cmpuint (bts_data_plans_lookup (stored, PLAN)->limit, ==, limit);
  g_assert_cmpuint (bts_data_plans_lookup (fixture->plans, PLAN)->limit, ==, limit);
}

/* Of a plan with the limit 100, two changes at once, to 200 and 300. */
static void
assert_plan_ends_with (BusFixture *fixture, const char *failing, guint64 limit)
{
  g_autofree char *state = test_folder_get_path (fixture->folder, "state");
  g_autofree char *temporary =
      g_strconcat (state, "/" BTS_ATOMIC_FILE_TEMPORARY BTS_SETTINGS_RECORD_NAME, NULL);
  Trouble trouble = { temporary, failing };
  GVariant *answers[2] = { NULL };

  assert_works (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "SetDataPlan",
                g_variant_new_parsed ("('" PLAN "', {'limit': <uint64 100>})"));
  g_signal_connect (fixture->plans, "changed", G_CALLBACK (on_plans_changed), &trouble);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *arguments =
          g_strdup_printf ("('" PLAN "', {'limit': <uint64 %zu>})", 200 + 100 * i);

      bus_fixture_send (fixture, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER, "SetDataPlan", arguments,
                        &answers[i]);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autofree char *own = g_strdup_printf ("%zu", 200 + 100 * i);

      g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&answers[i])), ==,
                       strstr (failing, own) != NULL ? "s" : "()");
      g_variant_unref (answers[i]);
    }
  g_signal_handlers_disconnect_by_func (fixture->plans, on_plans_changed, &trouble);
  assert_plan_is_as_stored (fixture, limit);
}

static void
test_settings_changed_at_once_are_as_stored (BusFixture *fixture)
{
  static const struct
  {
    const char *failing;
    guint n_failing;
    guint64 limit;
  } rows[] = {
    { "200 300", 2, 100 },
    { "200", 1, 300 },
    { "300", 1, 200 },
    { "", 0, 300 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      for (guint n = 0; n < rows[i].n_failing; n++)
        g_test_expect_message (NULL, G_LOG_LEVEL_WARNING, "*cannot be saved*");
      assert_plan_ends_with (fixture, rows[i].failing, rows[i].limit);
      g_test_assert_expected_messages ();
    }
#undef PLAN
#undef OTHER_PLAN
}

static void
test_system_bus_tells_only_who_has_called (void)
{
  g_autoptr (BusFixture) fixture = bus_fixture_new (FALSE);
  g_autoptr (GDBusConnection) other = NULL;
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *path = NULL;

  if (fixture == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return;
    }

  other = bus_fixture_connect (fixture);
  reply = bus_fixture_call_from (fixture, other, BGT_OBJECT_PATH, BGT_INTERFACE_MANAGER,
                                 "CreateDownload", new_create ("http://a/", "/a", NULL), NULL);
  g_variant_get (reply, "(o)", &path);
  bus_fixture_sync (fixture);
  g_assert_cmpuint (fixture->signals->len, ==, 0);

  assert_operation_works (fixture, path, "Start");
  bus_fixture_sync (fixture);
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "PropertiesChanged"), ==, 1);
  add_foreign_operation (fixture);
  bus_fixture_sync (fixture);
  g_assert_cmpuint (bus_fixture_count_signals (fixture, "InterfacesAdded"), ==, 0);
  g_dbus_connection_close_sync (other, NULL, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add_data_func ("/bus/service/" name, test, with_service)
  ADD ("created-operation-is-idle-and-stored", test_created_operation_is_idle_and_stored);
  ADD ("bad-creation-leaves-nothing", test_bad_creation_leaves_nothing);
  ADD ("limit-refuses-the-next-and-leaves-the-rest",
       test_limit_refuses_the_next_and_leaves_the_rest);
  ADD ("batch-is-all-or-none", test_batch_is_all_or_none);
  ADD ("batch-leaves-turns-to-others", test_batch_leaves_turns_to_others);
  ADD ("descriptor-becomes-the-operations", test_descriptor_becomes_the_operations);
  ADD ("calls-follow-the-status", test_calls_follow_the_status);
  ADD ("properties-answer-as-the-specification-says",
       test_properties_answer_as_the_specification_says);
  ADD ("invisible-is-missing", test_invisible_is_missing);
  ADD ("introspection-shows-what-there-is", test_introspection_shows_what_there_is);
  ADD ("later-features-say-that-they-are-missing", test_later_features_say_that_they_are_missing);
  ADD ("evaluate-says-what-blocks", test_evaluate_says_what_blocks);
  ADD ("attached-connection-keeps-the-service", test_attached_connection_keeps_the_service);
  ADD ("attachment-ends-with-the-operation", test_attachment_ends_with_the_operation);
  ADD ("settings-that-cannot-be-saved-stay", test_settings_that_cannot_be_saved_stay);
  ADD ("settings-changed-at-once-are-as-stored", test_settings_changed_at_once_are_as_stored);
#undef ADD
  g_test_add_func ("/bus/service/system-bus-tells-only-who-has-called",
                   test_system_bus_tells_only_who_has_called);

  return g_test_run ();
}
