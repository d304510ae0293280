/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/worker-jobs.h"

#include "common/names.h"
#include "fakes/connection-pair.h"

#define GUID "00000000_0000_4000_8000_000000000001"
#define RECEIVED 100

static const char xml[] = "<node><interface name='" BTS_INTERFACE_WORKER_HOST "'>"
                          "<method name='Checkpoint'><arg type='s'/><arg type='a{sv}'/></method>"
                          "</interface></node>";

/* The daemon's end, and what it knows. */
typedef struct
{
  GDBusConnection *host;
  GDBusConnection *worker;
  BtsWorkerJobs *jobs;
  guint64 received;
  guint n_checkpoints;
  int n_told; /* (atomic): how often what has come was told */
} Fixture;

static void
on_checkpoint (GDBusMethodInvocation *invocation, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GVariant) update = g_variant_get_child_value (
      g_dbus_method_invocation_get_parameters (invocation), 1);

  g_assert_true (g_variant_lookup (update, "bytes-received", "t", &fixture->received));
  fixture->n_checkpoints++;
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_progress (GDBusConnection *connection,
             const char *sender,
             const char *path,
             const char *interface,
             const char *member,
             GVariant *parameters,
             gpointer user_data)
{
  Fixture *fixture = user_data;
  BtsTransferJob *job = bts_worker_jobs_lookup (fixture->jobs, GUID);

  g_variant_get (parameters, "(stttt)", NULL, &fixture->received, NULL, NULL, NULL);
  if (fixture->received != RECEIVED)
    return;
  g_atomic_int_inc (&fixture->n_told);
  if (job != NULL)
    bts_transfer_job_wake_up (job);
}

static void
wait_until_told (BtsTransferJob *job, Fixture *fixture, int n)
{
  while (g_atomic_int_get (&fixture->n_told) < n)
    bts_transfer_job_wait (job, G_MAXINT64);
}

/* All has come before the checkpoint says that nothing is durable, and nothing comes after it. */
static GVariant *
run_job (BtsTransferJob *job, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GVariant) update =
                 g_variant_ref_sink (g_variant_new_parsed ("{'bytes-received': <uint64 0>}"));

  bts_transfer_job_get_progress (job)->received = RECEIVED;
  wait_until_told (job, fixture, 1);
  bts_transfer_job_post_checkpoint (job, update, update);
  wait_until_told (job, fixture, 2);
  return NULL;
}

static void
test_what_has_come_is_told_after_a_checkpoint_too (void)
{
  Fixture fixture = { 0 };
  g_autoptr (GVariant) request = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  gint64 end = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;

  connection_pair_new (&fixture.host, &fixture.worker);
  connection_pair_serve (fixture.host, BTS_WORKER_HOST_PATH, xml, on_checkpoint, &fixture);
  g_dbus_connection_signal_subscribe (fixture.host, NULL, BTS_INTERFACE_WORKER_HOST, "Progress",
                                      BTS_WORKER_HOST_PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
                                      on_progress, &fixture, NULL);
  fixture.jobs = bts_worker_jobs_new (fixture.worker);
  bts_transfer_job_start (bts_worker_jobs_add (fixture.jobs, GUID, request), run_job, &fixture,
                          NULL);
  while (bts_worker_jobs_lookup (fixture.jobs, GUID) != NULL)
    {
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (g_get_monotonic_time (), <, end);
    }
  g_assert_cmpuint (fixture.n_checkpoints, ==, 1);
  g_assert_cmpuint (fixture.received, ==, RECEIVED);
  bts_worker_jobs_free (fixture.jobs);
  connection_pair_free (fixture.host, fixture.worker);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/worker-jobs/what-has-come-is-told-after-a-checkpoint-too",
                   test_what_has_come_is_told_after_a_checkpoint_too);
  return g_test_run ();
}
