/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/object-path.h"
#include "daemon/retention.h"
#include "tests/unit/fakes/daemon-fixture.h"
#include "tests/unit/fakes/engine-fake.h"
#include "tests/unit/fakes/test-folder.h"

/* So many of these fill the room of a user by more than three quarters. */
#define N_LARGE 400
#define LARGE_BYTES (60 * 1000)

typedef struct
{
  TestFolder *folder;    /* (owned) */
  BtsClockFake *clock;   /* (owned) */
  BtsRegistry *registry; /* (owned) */
  BtsStore *store;       /* (owned) */
  BtsEngineFake *engine; /* (owned) */
  BtsLimits limits;
  BtsRetention *retention; /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fixture->folder = test_folder_new (g_get_tmp_dir ());
  fixture->clock = bts_clock_fake_new ();
  fixture->registry = bts_registry_new ();
  fixture->store = bts_store_open (fixture->folder->path, &error);
  g_assert_no_error (error);
  fixture->engine = bts_engine_fake_new (fixture->store, BTS_CLOCK (fixture->clock));
  fixture->limits.finished_operations_days = 14;
  fixture->retention =
      bts_retention_new (fixture->registry, fixture->store, BTS_ENGINE (fixture->engine),
                         BTS_CLOCK (fixture->clock), &fixture->limits);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->retention);
  g_clear_object (&fixture->engine);
  g_clear_object (&fixture->store);
  g_clear_object (&fixture->registry);
  g_clear_object (&fixture->clock);
  test_folder_free (fixture->folder);
}

static BtsOperation *
add (Fixture *fixture, uid_t uid, gboolean is_finished, gsize n_bytes)
{
  g_autofree char *guid = bts_guid_new ();
  g_autofree char *text = g_strnfill (n_bytes, 'x');
  g_autoptr (BtsOwner) owner = bts_owner_new (uid, "test", FALSE);
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (BtsOperation) operation = NULL;
  g_autoptr (GError) error = NULL;
  gint64 now = bts_clock_get_wall_time (BTS_CLOCK (fixture->clock));

  request = bts_request_new (
      BGT_OPERATION_KIND_DOWNLOAD,
      g_variant_new_parsed ("{'uri': <'http://localhost/'>, 'metadata': <{'text': <%s>}>}", text),
      &error);
  g_assert_no_error (error);
  operation = bts_operation_new (guid, owner, request, now);
  if (is_finished)
    bts_operation_finish (operation, BGT_OPERATION_STATUS_COMPLETED, 0, NULL, now);
  bts_registry_add (fixture->registry, operation);
  return operation;
}

static void
add_many (Fixture *fixture, uid_t uid, gboolean is_finished)
{
  for (guint i = 0; i < N_LARGE; i++)
    add (fixture, uid, is_finished, LARGE_BYTES);
}

static void
test_forgets_after_the_days (Fixture *fixture, gconstpointer data)
{
  add (fixture, 1000, TRUE, 10);
  add (fixture, 1000, FALSE, 10);

  bts_clock_fake_advance (fixture->clock, 14 * G_TIME_SPAN_DAY);
  g_assert_cmpuint (bts_engine_fake_get_n_forgotten (fixture->engine), ==, 0);
  bts_clock_fake_advance (fixture->clock, 2 * G_TIME_SPAN_DAY);
  daemon_fixture_wait (bts_registry_get_n_operations (fixture->registry) == 1);
}

/* What the store still has would be there again after a restart. */
static void
test_stays_while_the_store_has_it (Fixture *fixture, gconstpointer data)
{
  add (fixture, 1000, TRUE, 10);
  test_folder_remove_all (fixture->folder->path);

  bts_clock_fake_advance (fixture->clock, 13 * G_TIME_SPAN_DAY);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_MESSAGE, "*never acknowledged*");
  g_test_expect_message (NULL, G_LOG_LEVEL_MESSAGE, "Operations cannot be saved *");
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "*could not be forgotten*");
  bts_clock_fake_advance (fixture->clock, 2 * G_TIME_SPAN_DAY);
  for (guint i = 0; i < 2; i++)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      bts_store_flush (fixture->store, 10 * 1000);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_test_assert_expected_messages ();
  g_assert_cmpuint (bts_registry_get_n_operations (fixture->registry), ==, 1);
}

static void
test_finished_ones_make_room (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "test", FALSE);
  g_autoptr (GError) error = NULL;

  add (fixture, 1001, TRUE, 10);
  add_many (fixture, 1000, TRUE);
  g_assert_cmpuint (bts_engine_fake_get_n_forgotten (fixture->engine), ==, 0);
  bts_clock_fake_advance (fixture->clock, 2 * G_TIME_SPAN_HOUR);
  add (fixture, 1000, FALSE, 10);
  daemon_fixture_wait (bts_registry_get_n_operations (fixture->registry) == 2);
  g_assert_true (bts_usage_check_room (bts_registry_get_usage (fixture->registry), owner, &error));
  g_assert_no_error (error);
}

static void
test_unfinished_ones_stay (Fixture *fixture, gconstpointer data)
{
  add_many (fixture, 1000, FALSE);
  bts_clock_fake_advance (fixture->clock, 2 * G_TIME_SPAN_HOUR);
  add (fixture, 1000, FALSE, 10);
  g_assert_cmpuint (bts_engine_fake_get_n_forgotten (fixture->engine), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/daemon/retention/forgets-after-the-days", Fixture, NULL, set_up,
              test_forgets_after_the_days, tear_down);
  g_test_add ("/daemon/retention/stays-while-the-store-has-it", Fixture, NULL, set_up,
              test_stays_while_the_store_has_it, tear_down);
  g_test_add ("/daemon/retention/finished-ones-make-room", Fixture, NULL, set_up,
              test_finished_ones_make_room, tear_down);
  g_test_add ("/daemon/retention/unfinished-ones-stay", Fixture, NULL, set_up,
              test_unfinished_ones_stay, tear_down);
  return g_test_run ();
}
