/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/configuration.h"

#include <glib/gstdio.h>

#include "common/bgt-error.h"
#include "tests/unit/fakes/test-folder.h"

static BtsConfiguration *
load (const char *text, GPtrArray *problems)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autofree char *path = test_folder_get_path (folder, "background-transfer.conf");
  g_autoptr (GError) error = NULL;
  BtsConfiguration *configuration;

  test_folder_write (folder, "background-transfer.conf", text);
  configuration = bts_configuration_load (path, TRUE, problems, &error);
  g_assert_no_error (error);
  g_assert_nonnull (configuration);
  return configuration;
}

static void
test_defaults (void)
{
  g_autoptr (BtsConfiguration) configuration = bts_configuration_new ();
  const BtsLimits *limits = &configuration->limits;

  g_assert_cmpuint (limits->max_active, ==, 32);
  g_assert_cmpuint (limits->max_active_per_user, ==, 32);
  g_assert_cmpuint (limits->max_active_per_application, ==, 16);
  g_assert_cmpuint (limits->max_active_per_host, ==, 6);
  g_assert_cmpuint (limits->max_operations_per_application, ==, 200);
  g_assert_cmpuint (limits->max_operations_per_user, ==, 2000);
  g_assert_cmpuint (limits->connect_timeout_seconds, ==, 300);
  g_assert_cmpuint (limits->response_timeout_seconds, ==, 120);
  g_assert_cmpuint (limits->max_retries, ==, 3);
  g_assert_cmpuint (limits->retry_delay_seconds, ==, 5);
  g_assert_cmpuint (limits->max_connections_per_download, ==, 4);
  g_assert_cmpuint (limits->checkpoint_bytes, ==, 33554432);
  g_assert_cmpuint (limits->max_rate, ==, 0);
  g_assert_cmpuint (limits->finished_operations_days, ==, 14);
  g_assert_cmpuint (limits->low_battery_percent, ==, 20);
  g_assert_true (limits->pause_on_battery_saver);
  g_assert_true (limits->require_connectivity);
  g_assert_true (limits->allow_plain_http);
  g_assert_null (limits->tls_ca_file);
  g_assert_cmpint (configuration->idle_exit_seconds, ==, 30);
}

static void
test_values_are_taken (void)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BtsConfiguration) configuration = load ("# A comment\n"
                                                     "[Transfers]\n"
                                                     "MaxActive=7      # a comment after it\n"
                                                     "MaxRate = 1000000\n"
                                                     "[Power]\n"
                                                     "PauseOnBatterySaver=false\n"
                                                     "[Security]\n"
                                                     "TlsCaFile=/etc/ca.pem\n"
                                                     "[Service]\n"
                                                     "IdleExitSeconds=never\n",
                                                     problems);

  g_assert_cmpuint (problems->len, ==, 0);
  g_assert_cmpuint (configuration->limits.max_active, ==, 7);
  g_assert_cmpuint (configuration->limits.max_rate, ==, 1000000);
  g_assert_false (configuration->limits.pause_on_battery_saver);
  g_assert_cmpstr (configuration->limits.tls_ca_file, ==, "/etc/ca.pem");
  g_assert_cmpint (configuration->idle_exit_seconds, ==, BTS_IDLE_EXIT_NEVER);
}

typedef struct
{
  const char *name;
  const char *text;
  const char *named; /* what the problem has to name */
} ProblemRow;

static const ProblemRow problem_rows[] = {
  { "unknown-group", "[Transfer]\nMaxActive=1\n", "[Transfer]" },
  { "unknown-key", "[Transfers]\nMaxActives=1\n", "MaxActives" },
  { "key-of-another-group", "[Power]\nMaxActive=1\n", "MaxActive" },
  { "not-a-number", "[Transfers]\nMaxActive=many\n", "[Transfers] MaxActive" },
  { "empty-number", "[Transfers]\nMaxActive=\n", "[Transfers] MaxActive" },
  { "negative", "[Transfers]\nMaxRetries=-1\n", "[Transfers] MaxRetries" },
  { "too-small", "[Transfers]\nMaxActive=0\n", "[Transfers] MaxActive" },
  { "too-great", "[Power]\nLowBatteryPercent=101\n", "[Power] LowBatteryPercent" },
  { "overflow", "[Transfers]\nMaxRate=99999999999999999999\n", "[Transfers] MaxRate" },
  { "not-a-boolean", "[Network]\nRequireConnectivity=yes\n", "[Network] RequireConnectivity" },
  { "relative-path", "[Security]\nTlsCaFile=ca.pem\n", "[Security] TlsCaFile" },
  { "not-seconds", "[Service]\nIdleExitSeconds=soon\n", "[Service] IdleExitSeconds" },
  { "no-group", "MaxActive=1\n", "background-transfer.conf" },
  { "not-a-key-file", "\xff\xfe nonsense\n", "background-transfer.conf" },
};

static void
test_problem (gconstpointer data)
{
  const ProblemRow *row = data;
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BtsConfiguration) configuration = load (row->text, problems);
  g_autoptr (BtsConfiguration) defaults = bts_configuration_new ();

  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_nonnull (strstr (problems->pdata[0], row->named));
  g_assert_cmpmem (configuration, sizeof (BtsConfiguration), defaults, sizeof (BtsConfiguration));
}

static void
test_every_problem_is_named (void)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BtsConfiguration) configuration =
                 load ("[Transfers]\nMaxActive=x\nNo=1\nMaxRetries=5\n[Bad]\n", problems);

  g_assert_cmpuint (problems->len, ==, 3);
  g_assert_cmpuint (configuration->limits.max_retries, ==, 5);
}

static void
test_missing_default_is_fine (void)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsConfiguration) configuration =
                 bts_configuration_load ("/nonexistent/file", FALSE, problems, &error);

  g_assert_no_error (error);
  g_assert_nonnull (configuration);
  g_assert_cmpuint (problems->len, ==, 0);
}

static void
test_missing_file_that_was_named_is_an_error (void)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsConfiguration) configuration =
                 bts_configuration_load ("/nonexistent/file", TRUE, problems, &error);

  g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
  g_assert_null (configuration);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/daemon/configuration/defaults", test_defaults);
  g_test_add_func ("/daemon/configuration/values-are-taken", test_values_are_taken);
  g_test_add_func ("/daemon/configuration/every-problem-is-named", test_every_problem_is_named);
  g_test_add_func ("/daemon/configuration/missing-default-is-fine", test_missing_default_is_fine);
  g_test_add_func ("/daemon/configuration/missing-file-that-was-named-is-an-error",
                   test_missing_file_that_was_named_is_an_error);
  for (gsize i = 0; i < G_N_ELEMENTS (problem_rows); i++)
    {
      g_autofree char *path =
          g_strconcat ("/daemon/configuration/problem/", problem_rows[i].name, NULL);

      g_test_add_data_func (path, &problem_rows[i], test_problem);
    }
  return g_test_run ();
}
