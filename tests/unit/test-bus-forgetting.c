/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "common/names.h"
#include "fakes/bus-fixture.h"

/* Calls on an operation while it is being forgotten. */

#define INVALID_STATE "org.example.BackgroundTransfer.Error.InvalidState"
#define FAILED "org.example.BackgroundTransfer.Error.Failed"
#define UNKNOWN_OBJECT "org.freedesktop.DBus.Error.UnknownObject"

/* How many turns of the main loop one call may be ahead of the other. */
#define MAX_TURNS 8

static BtsOperation *
create_failed (BusFixture *fixture, char **path)
{
  BtsOperation *operation = bus_fixture_create (fixture, "/tmp/a", path);

  g_assert_true (bts_operation_start (operation, 1, NULL));
  bts_operation_finish (operation, BGT_OPERATION_STATUS_ERROR, BGT_WEB_ERROR_TIMEOUT, "", 2);
  return operation;
}

static void
assert_refused (GVariant **answer)
{
  const char *name = NULL;

  bus_fixture_wait_for (answer);
  g_assert_cmpstr (g_variant_get_type_string (*answer), ==, "s");
  name = g_variant_get_string (*answer, NULL);
  g_assert_true (g_str_equal (name, INVALID_STATE) || g_str_equal (name, UNKNOWN_OBJECT));
}

static void
test_takes_no_other_call (BusFixture *fixture)
{
  static const struct
  {
    const char *interface;
    const char *method;
    const char *arguments;
  } rows[] = {
    { BGT_INTERFACE_OPERATION, "Resume", NULL },
    { BGT_INTERFACE_OPERATION, "SetRequestHeader", "('X-A', 'b')" },
    { BGT_INTERFACE_OPERATION, "SetServerCredential", "('user', 'password')" },
    { "org.freedesktop.DBus.Properties", "Set",
      "('" BGT_INTERFACE_OPERATION "', 'Priority', <'high'>)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows) * MAX_TURNS; i++)
    {
      const gsize row = i / MAX_TURNS;
      g_autofree char *path = NULL;
      g_autoptr (GVariant) acknowledged = NULL;
      g_autoptr (GVariant) answer = NULL;

      create_failed (fixture, &path);
      bus_fixture_send (fixture, path, BGT_INTERFACE_OPERATION, "Acknowledge", NULL, &acknowledged);
      bus_fixture_turn (fixture, (guint) (i % MAX_TURNS));
      bus_fixture_send (fixture, path, rows[row].interface, rows[row].method, rows[row].arguments,
                        &answer);
      assert_refused (&answer);
      g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&acknowledged)), ==, "()");
      g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 0);
    }
}

static void
test_can_be_acknowledged_twice (BusFixture *fixture)
{
  g_autofree char *path = NULL;
  GVariant *answers[2] = { NULL };

  create_failed (fixture, &path);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    bus_fixture_send (fixture, path, BGT_INTERFACE_OPERATION, "Acknowledge", NULL, &answers[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&answers[i])), ==, "()");
      g_variant_unref (answers[i]);
    }
  g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 0);
}

/* A limit on the size of files stands for a full disk. */
static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &limit));
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &limit));
}

static void
test_is_whole_where_the_store_keeps_it (BusFixture *fixture)
{
  g_autofree char *path = NULL;
  g_autoptr (GVariant) acknowledged = NULL;
  g_autoptr (GVariant) resumed = NULL;

  create_failed (fixture, &path);
  limit_files (10);
  bus_fixture_send (fixture, path, BGT_INTERFACE_OPERATION, "Acknowledge", NULL, &acknowledged);
  g_assert_cmpstr (g_variant_get_string (bus_fixture_wait_for (&acknowledged), NULL), ==, FAILED);
  limit_files (RLIM_INFINITY);

  bus_fixture_send (fixture, path, BGT_INTERFACE_OPERATION, "Resume", NULL, &resumed);
  g_assert_cmpstr (g_variant_get_type_string (bus_fixture_wait_for (&resumed)), ==, "()");
  g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 1);
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
  signal (SIGXFSZ, SIG_IGN);

#define ADD(name, function) g_test_add_data_func ("/bus/forgetting/" name, function, run)
  ADD ("takes-no-other-call", test_takes_no_other_call);
  ADD ("can-be-acknowledged-twice", test_can_be_acknowledged_twice);
  ADD ("is-whole-where-the-store-keeps-it", test_is_whole_where_the_store_keeps_it);
#undef ADD

  return g_test_run ();
}
