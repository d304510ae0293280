/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transfer-job.h"

/* A transport that runs until it is cancelled. */

#define TEST_TYPE_ENDLESS (test_endless_get_type ())
G_DECLARE_FINAL_TYPE (TestEndless, test_endless, TEST, ENDLESS, GObject)

struct _TestEndless
{
  GObject parent_instance;

  GMutex lock;
  GCond changed;
  gboolean is_running;
  gboolean is_cancelled;
  BtsRateLimiter *limiter; /* (unowned): of the run */
};

static void test_endless_transport_init (BtsTransportInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestEndless,
                               test_endless,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_TRANSPORT,
                                                      test_endless_transport_init))

static gboolean
endless_run (BtsTransport *transport,
             const BtsTransportRequest *request,
             const BtsTransportSink *sink,
             gpointer user_data,
             GError **error)
{
  TestEndless *self = TEST_ENDLESS (transport);

  g_mutex_lock (&self->lock);
  self->limiter = request->limiter;
  self->is_running = TRUE;
  g_cond_broadcast (&self->changed);
  while (!self->is_cancelled)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Cancelled");
  return FALSE;
}

static void
endless_cancel (BtsTransport *transport)
{
  TestEndless *self = TEST_ENDLESS (transport);

  g_mutex_lock (&self->lock);
  self->is_cancelled = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
test_endless_transport_init (BtsTransportInterface *iface)
{
  iface->run = endless_run;
  iface->cancel = endless_cancel;
}

static void
test_endless_class_init (TestEndlessClass *klass)
{
}

static void
test_endless_init (TestEndless *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

static void
endless_wait_until_running (TestEndless *self)
{
  g_mutex_lock (&self->lock);
  while (!self->is_running)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

/* What the main loop has been told, in order. */
typedef struct
{
  GString *log;   /* (owned) */
  GError *answer; /* (unowned) (nullable) */
  gboolean is_ended;
  gboolean was_stopped;
} Host;

static void
on_checkpoint (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  Host *host = user_data;
  const char *name = NULL;

  g_variant_lookup (update, "name", "&s", &name);
  g_string_append (host->log, name);
  bts_transfer_job_take_answer (job, host->answer);
}

static void
on_ended (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  Host *host = user_data;

  g_string_append (host->log, "!");
  host->was_stopped = update == NULL;
  host->is_ended = TRUE;
}

static const BtsTransferJobEvents events = { on_checkpoint, on_ended };

static GVariant *
parse (const char *text)
{
  return g_variant_ref_sink (g_variant_new_parsed (text));
}

static BtsTransferJob *
new_job (Host *host)
{
  g_autoptr (GVariant) request = parse ("{'uri': <'http://host/'>, 'max-rate': <uint64 5>}");

  *host = (Host){ .log = g_string_new (NULL) };
  return bts_transfer_job_new ("guid", request, &events, host);
}

static void
wait_for_end (Host *host)
{
  while (!host->is_ended)
    g_main_context_iteration (NULL, TRUE);
}

static void
post (BtsTransferJob *job, const char *name)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) update = NULL;

  g_variant_dict_insert (&dict, "name", "s", name);
  update = g_variant_ref_sink (g_variant_dict_end (&dict));
  bts_transfer_job_post_checkpoint (job, update, update);
}

static GVariant *
report_thrice (BtsTransferJob *job, gpointer data)
{
  post (job, "a");
  post (job, "b");
  post (job, "c");
  g_assert_true (bts_transfer_job_wait_for_answers (job, NULL));
  g_assert_false (bts_transfer_job_is_checkpoint_pending (job));
  return parse ("{'web-error-status': <''>}");
}

static void
test_reports_keep_their_order (void)
{
  Host host;
  g_autoptr (BtsTransferJob) job = new_job (&host);

  bts_transfer_job_start (job, report_thrice, NULL, NULL);
  wait_for_end (&host);
  g_assert_cmpstr (host.log->str, ==, "abc!");
  g_assert_false (host.was_stopped);
  g_string_free (host.log, TRUE);
}

static GVariant *
expect_refusal (BtsTransferJob *job, gpointer data)
{
  g_autoptr (GError) error = NULL;

  post (job, "a");
  g_assert_false (bts_transfer_job_wait_for_answers (job, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  return NULL;
}

static void
test_refused_checkpoint_is_an_error (void)
{
  Host host;
  g_autoptr (BtsTransferJob) job = new_job (&host);
  g_autoptr (GError) refusal = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_NO_SPACE, "full");

  host.answer = refusal;
  bts_transfer_job_start (job, expect_refusal, NULL, NULL);
  wait_for_end (&host);
  g_string_free (host.log, TRUE);
}

static GVariant *
run_endless (BtsTransferJob *job, gpointer data)
{
  const BtsTransportRequest request = { .uri = "http://example.org/" };
  g_autoptr (GError) error = NULL;

  g_assert_false (bts_transfer_job_run_transport (job, data, &request, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  return bts_transfer_job_is_stopping (job) ? NULL : parse ("@a{sv} {}");
}

static void
test_stop_reaches_a_running_transport (void)
{
  Host host;
  g_autoptr (BtsTransferJob) job = new_job (&host);
  g_autoptr (TestEndless) transport = g_object_new (TEST_TYPE_ENDLESS, NULL);

  bts_transfer_job_start (job, run_endless, transport, NULL);
  endless_wait_until_running (transport);
  g_assert_cmpuint (bts_rate_limiter_get_rate (transport->limiter), ==, 5);
  bts_transfer_job_set_max_rate (job, 3);
  g_assert_cmpuint (bts_rate_limiter_get_rate (transport->limiter), ==, 3);
  bts_transfer_job_stop (job);
  wait_for_end (&host);
  g_assert_true (host.was_stopped);
  g_string_free (host.log, TRUE);
}

static void
test_stop_before_the_transport_runs_ends_it_too (void)
{
  Host host;
  g_autoptr (BtsTransferJob) job = new_job (&host);
  g_autoptr (TestEndless) transport = g_object_new (TEST_TYPE_ENDLESS, NULL);

  bts_transfer_job_stop (job);
  bts_transfer_job_start (job, run_endless, transport, NULL);
  wait_for_end (&host);
  g_assert_true (host.was_stopped);
  g_string_free (host.log, TRUE);
}

static void
test_reconnect_ends_the_run_and_not_the_job (void)
{
  Host host;
  g_autoptr (BtsTransferJob) job = new_job (&host);
  g_autoptr (TestEndless) transport = g_object_new (TEST_TYPE_ENDLESS, NULL);

  bts_transfer_job_start (job, run_endless, transport, NULL);
  endless_wait_until_running (transport);
  bts_transfer_job_reconnect (job);
  wait_for_end (&host);
  g_assert_false (host.was_stopped);
  g_string_free (host.log, TRUE);
}

static void
test_only_what_may_change_changes (void)
{
  Host host;
  g_autoptr (BtsTransferJob) job = new_job (&host);
  g_autoptr (GVariant) changes = parse (
      "{'uri': <'file:///etc/passwd'>, 'max-rate': <uint64 7>, 'headers': <'wrong'>}");
  g_autoptr (GVariant) request = NULL;
  const char *uri = NULL;

  bts_transfer_job_change (job, changes);
  request = bts_transfer_job_dup_request (job);
  g_assert_true (g_variant_lookup (request, "uri", "&s", &uri));
  g_assert_cmpstr (uri, ==, "http://host/");
  g_assert_cmpuint (bts_transfer_job_get_own_rate (job), ==, 7);
  g_assert_false (g_variant_lookup (request, "headers", "*", NULL));
  g_string_free (host.log, TRUE);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/transfer-job/reports-keep-their-order", test_reports_keep_their_order);
  g_test_add_func ("/worker/transfer-job/refused-checkpoint-is-an-error",
                   test_refused_checkpoint_is_an_error);
  g_test_add_func ("/worker/transfer-job/stop-reaches-a-running-transport",
                   test_stop_reaches_a_running_transport);
  g_test_add_func ("/worker/transfer-job/stop-before-the-transport-runs-ends-it-too",
                   test_stop_before_the_transport_runs_ends_it_too);
  g_test_add_func ("/worker/transfer-job/reconnect-ends-the-run-and-not-the-job",
                   test_reconnect_ends_the_run_and_not_the_job);
  g_test_add_func ("/worker/transfer-job/only-what-may-change-changes",
                   test_only_what_may_change_changes);
  return g_test_run ();
}
