/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/create-operation.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

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
create_all (BusFixture *fixture, BtsCaller *caller, GPtrArray *specs, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;
  BtsBus bus = { 0 };

  bus.service.registry = fixture->registry;
  bus.service.groups = fixture->groups;
  bus.service.store = fixture->store;
  bus.service.files = fixture->files;
  bus.service.engine = BTS_ENGINE (fixture->engine);
  bus.service.clock = BTS_CLOCK (fixture->clock);
  bus.service.limits = &fixture->limits;
  bts_create_operations_async (&bus, caller, specs, specs->len > 1, on_created, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return bts_create_operations_finish (result, error);
}

static GPtrArray *
create_from (BusFixture *fixture, BtsCaller *caller, BtsCreateSpec *spec, GError **error)
{
  g_autoptr (GPtrArray) specs =
                 g_ptr_array_new_with_free_func ((GDestroyNotify) bts_create_spec_free);

  g_ptr_array_add (specs, spec);
  return create_all (fixture, caller, specs, error);
}

static GPtrArray *
create (BusFixture *fixture, const Case *row, GError **error)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "caller", row->is_sandboxed);
  g_autoptr (BtsCaller) caller = bts_caller_new (owner, row->has_network);

  return create_from (fixture, caller,
                      bts_create_spec_new (BGT_OPERATION_KIND_DOWNLOAD,
                                           g_variant_new_parsed (row->options),
                                           open ("/dev/null", O_WRONLY | O_CLOEXEC)),
                      error);
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

/* What the worker says of the descriptors of three parts, and what becomes of each. It runs as the
 * user, and may say what it likes. */
typedef struct
{
  const char *found;
  const char *kept; /* by descriptor: as a file, a stream, or not */
} PartRow;

static const PartRow part_rows[] = {
  { "[{'is-stream': <true>}, {'path': <b'/a'>}, {'is-stream': <true>}]", "sfs" },
  { "[{'path': <b'/a'>}, {}, {'is-stream': <true>}]", "ffs" },
  { "[@a{sv} {}, {}, {}]", "fff" },
  { "[@a{sv} {}]", "f--" },
  { "[{'is-stream': <true>}, {'is-stream': <true>}, {}, {'is-stream': <true>}]", "ssf" },
};

/* aa{sv}, with a part of text between those of @founds. */
static GVariant *
new_parts (const char *founds)
{
  g_autoptr (GVariant) all = g_variant_ref_sink (g_variant_new_parsed (founds));
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (all); i++)
    {
      g_autoptr (GVariant) found = g_variant_get_child_value (all, i);

      g_variant_builder_add_parsed (&builder, "{'name': <'a'>, 'found': <%@a{sv}>}", found);
      g_variant_builder_add_parsed (&builder, "{'name': <'b'>, 'text': <'c'>}");
    }
  return g_variant_builder_end (&builder);
}

static int
new_file (guint number)
{
  int fd = memfd_create ("part", MFD_CLOEXEC);
  char text = (char) ('0' + number);

  g_assert_cmpint (write (fd, &text, 1), ==, 1);
  return fd;
}

/* Which of the files the one at @index is. */
static int
get_number (GArray *files, guint index)
{
  char text = 0;

  g_assert_nonnull (files);
  g_assert_cmpuint (index, <, files->len);
  g_assert_cmpint (pread (g_array_index (files, int, index), &text, 1, 0), ==, 1);
  return text - '0';
}

static BtsCreateSpec *
new_spec (void)
{
  GVariant *parts = new_parts ("[@a{sv} {}, {}, {}]");
  BtsCreateSpec *spec = bts_create_spec_new (
      BGT_OPERATION_KIND_UPLOAD,
      g_variant_new_parsed ("{'uri': <'http://a/'>, 'parts': <%@aa{sv}>}", parts), -1);

  for (guint i = 0; i < 3; i++)
    bts_descriptors_add_part (&spec->files, new_file (i));
  return spec;
}

static void
test_descriptors_of_parts (gconstpointer data)
{
  const PartRow *row = data;
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "caller", FALSE);
  g_autoptr (BtsCaller) caller = bts_caller_new (owner, TRUE);
  g_autoptr (BusFixture) fixture = bus_fixture_new (FALSE);
  g_autoptr (GPtrArray) operations = NULL;
  g_autoptr (GError) error = NULL;
  BtsDescriptors *files = NULL;
  guint n_files = 0;
  guint n_streams = 0;

  if (fixture == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return;
    }
  bts_engine_fake_set_found (
      fixture->engine, g_variant_new_parsed ("{'parts': <%@aa{sv}>}", new_parts (row->found)));
  operations = create_from (fixture, caller, new_spec (), &error);
  g_assert_no_error (error);

  files = bts_operation_get_files (operations->pdata[0]);
  for (int i = 0; i < 3; i++)
    {
      if (row->kept[i] == 'f')
        g_assert_cmpint (get_number (files->parts, n_files++), ==, i);
      else if (row->kept[i] == 's')
        g_assert_cmpint (get_number (files->streams, n_streams++), ==, i);
    }
  g_assert_cmpuint (bts_descriptors_get_count (files), ==, n_files + n_streams);
}

/* Groups are counted before it is asked. */
static void
test_worker_finds_no_group (void)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "caller", FALSE);
  g_autoptr (BtsCaller) caller = bts_caller_new (owner, TRUE);
  g_autoptr (BusFixture) fixture = bus_fixture_new (FALSE);
  g_autoptr (GPtrArray) operations = NULL;
  g_autoptr (GError) error = NULL;

  if (fixture == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return;
    }
  bts_engine_fake_set_found (fixture->engine, g_variant_new_parsed ("{'group': <'many'>}"));
  operations = create_from (fixture, caller, new_spec (), &error);
  g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
  g_assert_cmpuint (bts_groups_get_all (fixture->groups)->len, ==, 0);
}

/* They would be more than one message of the bus can tell. */
static void
test_batch_of_large_ones_is_refused (void)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "caller", FALSE);
  g_autoptr (BtsCaller) caller = bts_caller_new (owner, TRUE);
  g_autoptr (BusFixture) fixture = bus_fixture_new (FALSE);
  g_autoptr (GPtrArray) specs =
                 g_ptr_array_new_with_free_func ((GDestroyNotify) bts_create_spec_free);
  g_autoptr (GPtrArray) operations = NULL;
  g_autofree char *text = g_strnfill (60 * 1000, 'a');
  g_autoptr (GError) error = NULL;

  if (fixture == NULL)
    {
      g_test_skip ("There is no dbus-daemon");
      return;
    }
  fixture->limits.max_operations_per_application = 1000;
  fixture->limits.max_operations_per_user = 1000;
  for (guint i = 0; i < 500; i++)
    g_ptr_array_add (
        specs, bts_create_spec_new (BGT_OPERATION_KIND_DOWNLOAD,
                                    g_variant_new_parsed ("{'uri': <'http://a/'>, 'destination': "
                                                          "<'/tmp/a'>, 'metadata': <{'x': <%s>}>}",
                                                          text),
                                    -1));
  operations = create_all (fixture, caller, specs, &error);
  g_assert_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED);
  g_assert_true (bts_usage_check_room (bts_registry_get_usage (fixture->registry), owner, NULL));
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

  for (gsize i = 0; i < G_N_ELEMENTS (part_rows); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/bus/create-operation/descriptors-of-parts-%s", part_rows[i].kept);

      g_test_add_data_func (path, &part_rows[i], test_descriptors_of_parts);
    }
  g_test_add_func ("/bus/create-operation/worker-finds-no-group", test_worker_finds_no_group);
  g_test_add_func ("/bus/create-operation/batch-of-large-ones-is-refused",
                   test_batch_of_large_ones_is_refused);

  return g_test_run ();
}
