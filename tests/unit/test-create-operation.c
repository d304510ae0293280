/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/create-operation.h"

#include <fcntl.h>

#include "common/bgt-error.h"
#include "fakes/bus-fixture.h"

#define WITH_PATH "{'kind': <'download'>, 'uri': <'http://a/'>, 'destination': <'/a'>}"
#define WITHOUT_PATH "{'kind': <'download'>, 'uri': <'http://a/'>}"
#define WITH_NAME "{'kind': <'download'>, 'uri': <'http://a/'>, 'application-id': <'said'>}"

typedef struct
{
  const char *options;
  gboolean is_sandboxed;
  gboolean has_network;
  int error_code;          /* -1: it works */
  const char *application; /* (nullable) */
} Case;

static const Case cases[] = {
  { WITH_PATH, FALSE, TRUE, -1, "caller" },
  { WITHOUT_PATH, FALSE, TRUE, -1, "caller" },
  { WITH_NAME, FALSE, TRUE, -1, "said" },
  { WITH_PATH, TRUE, TRUE, BGT_ERROR_ACCESS_DENIED, NULL },
  { WITHOUT_PATH, TRUE, TRUE, -1, "caller" },
  { WITH_NAME, TRUE, TRUE, -1, "caller" },
  { WITHOUT_PATH, TRUE, FALSE, BGT_ERROR_ACCESS_DENIED, NULL },
};

static void
on_created (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static GPtrArray *
create (BusFixture *fixture, const Case *row, GError **error)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "caller", row->is_sandboxed);
  g_autoptr (BtsCaller) caller = bts_caller_new (owner, row->has_network);
  g_autoptr (GPtrArray) specs =
                 g_ptr_array_new_with_free_func ((GDestroyNotify) bts_create_spec_free);
  g_autoptr (GAsyncResult) result = NULL;
  BtsBus bus = { 0 };

  bus.service.registry = fixture->registry;
  bus.service.groups = fixture->groups;
  bus.service.store = fixture->store;
  bus.service.files = fixture->files;
  bus.service.engine = BTS_ENGINE (fixture->engine);
  bus.service.clock = BTS_CLOCK (fixture->clock);
  bus.service.limits = &fixture->limits;
  g_ptr_array_add (specs, bts_create_spec_new (BGT_OPERATION_KIND_DOWNLOAD,
                                               g_variant_new_parsed (row->options),
                                               open ("/dev/null", O_WRONLY | O_CLOEXEC)));
  bts_create_operations_async (&bus, caller, specs, FALSE, on_created, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return bts_create_operations_finish (result, error);
}

static void
test_caller_decides (gconstpointer data)
{
  const Case *row = data;
  g_autoptr (BusFixture) fixture = bus_fixture_new (FALSE);
  g_autoptr (GPtrArray) operations = NULL;
  g_autoptr (GError) error = NULL;

  if (fixture == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return;
    }

  operations = create (fixture, row, &error);
  if (row->error_code >= 0)
    {
      g_assert_error (error, BGT_ERROR, row->error_code);
      g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 0);
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpstr (bts_owner_get_application (bts_operation_get_owner (operations->pdata[0])), ==,
                   row->application);
}

int
main (int argc, char **argv)
{
  static const char *const names[] = {
    "free-caller-may-name-a-path",
    "free-caller-may-pass-a-descriptor",
    "free-caller-may-name-its-application",
    "sandboxed-caller-may-not-name-a-path",
    "sandboxed-caller-may-pass-a-descriptor",
    "sandboxed-caller-stays-what-it-is",
    "sandbox-without-network-gets-nothing",
  };

  G_STATIC_ASSERT (G_N_ELEMENTS (names) == G_N_ELEMENTS (cases));
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_strdup_printf ("/bus/create-operation/%s", names[i]);

      g_test_add_data_func (path, &cases[i], test_caller_decides);
    }

  return g_test_run ();
}
