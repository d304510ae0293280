/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "tests/unit/fakes/daemon-fixture.h"

#include <unistd.h>

#include "common/object-path.h"

void
daemon_fixture_set_up (DaemonFixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  BtsJobContext context;

  self->uid = getuid ();
  self->folder = test_folder_new (g_get_tmp_dir ());
  self->limits = (BtsLimits){
    .max_active = 8,
    .max_active_per_user = 8,
    .max_active_per_application = 8,
    .max_active_per_host = 8,
    .max_retries = 2,
    .retry_delay_seconds = 4,
    .connect_timeout_seconds = 10,
    .response_timeout_seconds = 10,
    .finished_operations_days = 14,
    .max_connections_per_download = 1,
    .checkpoint_bytes = 1 << 20,
    .require_connectivity = TRUE,
    .allow_plain_http = TRUE,
  };
  self->conditions = (BtsConditions){
    .connectivity = BGT_CONNECTIVITY_FULL,
    .cost_type = BGT_COST_TYPE_UNRESTRICTED,
    .battery_percentage = 100,
  };
  self->clock = bts_clock_fake_new ();
  self->launcher = bts_launcher_fake_new ();
  self->store = bts_store_open (self->folder->path, &error);
  g_assert_no_error (error);
  self->registry = bts_registry_new ();
  self->groups = bts_groups_new (self->registry);
  self->pool = bts_worker_pool_new (BTS_WORKER_LAUNCHER (self->launcher), BTS_CLOCK (self->clock),
                                    &self->limits);
  context = (BtsJobContext){
    .pool = self->pool,
    .store = self->store,
    .clock = BTS_CLOCK (self->clock),
    .groups = self->groups,
    .limits = &self->limits,
    .conditions = &self->conditions,
  };
  self->jobs = bts_jobs_new (self->registry, &context);
  self->scheduler = bts_scheduler_new (self->registry, self->jobs, &context);
}

void
daemon_fixture_tear_down (DaemonFixture *self, gconstpointer data)
{
  bts_scheduler_stop (self->scheduler);
  bts_worker_pool_close (self->pool);
  if (bts_launcher_fake_is_alive (self->launcher))
    bts_launcher_fake_crash (self->launcher);
  daemon_fixture_settle (self);
  g_assert_finalize_object (self->scheduler);
  g_assert_finalize_object (self->jobs);
  g_assert_finalize_object (self->pool);
  g_object_unref (self->groups);
  g_object_unref (self->registry);
  g_object_unref (self->store);
  g_object_unref (self->launcher);
  g_assert_cmpuint (bts_clock_fake_get_n_alarms (self->clock), ==, 0);
  g_object_unref (self->clock);
  test_folder_free (self->folder);
}

BtsOperation *
daemon_fixture_add (DaemonFixture *self, const char *key, const char *value)
{
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (BtsOwner) owner = bts_owner_new (self->uid, "org.example.Test", FALSE);
  g_autofree char *guid = bts_guid_new ();
  g_autoptr (BtsRequest) request = NULL;
  g_autoptr (BtsOperation) operation = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_dict_insert (&options, "uri", "s", "http://server.example/file");
  g_variant_dict_insert (&options, "destination", "s", "/nonexistent/file");
  if (key != NULL)
    {
      GVariant *parsed = g_variant_parse (NULL, value, NULL, NULL, &error);

      g_assert_no_error (error);
      g_variant_dict_insert_value (&options, key, parsed);
      g_variant_unref (parsed);
    }
  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, g_variant_dict_end (&options), &error);
  g_assert_no_error (error);
  operation =
      bts_operation_new (guid, owner, request, bts_clock_get_wall_time (BTS_CLOCK (self->clock)));
  bts_registry_add (self->registry, operation);
  return operation;
}

void
daemon_fixture_start (DaemonFixture *self, BtsOperation *operation)
{
  g_autoptr (GError) error = NULL;

  bts_operation_start (operation, bts_clock_get_wall_time (BTS_CLOCK (self->clock)), &error);
  g_assert_no_error (error);
}

BtsOperation *
daemon_fixture_add_started (DaemonFixture *self)
{
  BtsOperation *operation = daemon_fixture_add (self, NULL, NULL);

  daemon_fixture_start (self, operation);
  return operation;
}

static char *
dup_words (BtsOperation *operation)
{
  g_autoptr (GVariant) blockers = bts_blockers_to_variant (bts_operation_get_blockers (operation));
  g_autofree const char **words = g_variant_get_strv (blockers, NULL);
  g_autofree char *joined = g_strjoinv (" ", (char **) words);
  const char *status = bgt_operation_status_to_string (bts_operation_get_status (operation));

  return *joined != '\0' ? g_strconcat (status, ": ", joined, NULL) : g_strdup (status);
}

void
daemon_fixture_assert_words (DaemonFixture *self, BtsOperation *operation, const char *expected)
{
  g_autofree char *words = NULL;

  daemon_fixture_settle (self);
  words = dup_words (operation);
  g_assert_cmpstr (words, ==, expected);
}

gboolean
daemon_fixture_has_job (DaemonFixture *self, BtsOperation *operation)
{
  return bts_launcher_fake_has_job (self->launcher, bts_operation_get_guid (operation));
}

static gboolean
on_moment_passed (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

void
daemon_fixture_turn (void)
{
  gboolean has_passed = FALSE;
  guint source_id = g_timeout_add (20, on_moment_passed, &has_passed);

  g_main_context_iteration (NULL, TRUE);
  if (!has_passed)
    g_source_remove (source_id);
}

static gboolean
run_what_is_due (void)
{
  gboolean has_run = FALSE;

  while (g_main_context_iteration (NULL, FALSE))
    has_run = TRUE;
  return has_run;
}

void
daemon_fixture_settle (DaemonFixture *self)
{
  gboolean is_busy;

  do
    {
      bts_store_flush (self->store, G_MAXUINT);
      is_busy = run_what_is_due ();
      if (bts_launcher_fake_exchange (self->launcher))
        is_busy = TRUE;
    }
  while (is_busy);
}
