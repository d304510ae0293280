/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-download.h"

/* The transport without anything around it, for tests: fetches each URI and writes what came as one
 * line of JSON. Several at once are threads that share a session. */

#define BUFFER_BYTES (1024 * 1024)

static struct
{
  gint64 offset;
  gint64 length;
  gint64 max_rate;
  int connect_timeout;
  int response_timeout;
  int n_threads;
  int n_runs;
  int cancel_after_ms;
  int refuse_plain_http;
  int drop_connections;
  char *validator;
  char *method;
  char *user;
  char *password;
  char *body;
  char *proxy;
  char *ca_file;
  char *output;
  char **headers;
  char **cookies;
} options = {
  .length = -1, .connect_timeout = 5, .response_timeout = 2, .n_threads = 1, .n_runs = 1
};

static const GOptionEntry entries[] = {
  { "offset", 0, 0, G_OPTION_ARG_INT64, &options.offset, "First byte wanted", "N" },
  { "length", 0, 0, G_OPTION_ARG_INT64, &options.length, "Bytes wanted", "N" },
  { "validator", 0, 0, G_OPTION_ARG_STRING, &options.validator, "For If-Range", "V" },
  { "method", 0, 0, G_OPTION_ARG_STRING, &options.method, "Method", "M" },
  { "body", 0, 0, G_OPTION_ARG_STRING, &options.body, "Body of the request", "TEXT" },
  { "proxy", 0, 0, G_OPTION_ARG_STRING, &options.proxy, "Proxy", "URI" },
  { "header", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.headers, "Request header", "NAME: VALUE" },
  { "cookie", 0, 0, G_OPTION_ARG_STRING_ARRAY, &options.cookies, "Cookie", "NAME=VALUE" },
  { "user", 0, 0, G_OPTION_ARG_STRING, &options.user, "User name", "U" },
  { "password", 0, 0, G_OPTION_ARG_STRING, &options.password, "Password", "P" },
  { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file, "Extra CAs", "FILE" },
  { "output", 0, 0, G_OPTION_ARG_FILENAME, &options.output, "Where the body goes", "FILE" },
  { "max-rate", 0, 0, G_OPTION_ARG_INT64, &options.max_rate, "Bytes per second", "N" },
  { "connect-timeout", 0, 0, G_OPTION_ARG_INT, &options.connect_timeout, "Seconds", "N" },
  { "response-timeout", 0, 0, G_OPTION_ARG_INT, &options.response_timeout, "Seconds", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &options.n_threads, "Runs at once", "N" },
  { "runs", 0, 0, G_OPTION_ARG_INT, &options.n_runs, "Runs of each thread", "N" },
  { "cancel-after", 0, 0, G_OPTION_ARG_INT, &options.cancel_after_ms,
    "Milliseconds after the first data", "N" },
  { "refuse-plain-http", 0, 0, G_OPTION_ARG_NONE, &options.refuse_plain_http, "Only https", NULL },
  { "drop-connections", 0, 0, G_OPTION_ARG_NONE, &options.drop_connections, "After each", NULL },
  { NULL }
};

/* Cancelling waits for the first data, or for a thread's end. */
static GMutex mutex;
static GCond moved;
static gboolean has_moved;

static void
say_moved (void)
{
  g_mutex_lock (&mutex);
  has_moved = TRUE;
  g_cond_broadcast (&moved);
  g_mutex_unlock (&mutex);
}

static void
wait_until_moved (void)
{
  g_mutex_lock (&mutex);
  while (!has_moved)
    g_cond_wait (&moved, &mutex);
  g_mutex_unlock (&mutex);
}

typedef struct
{
  GString *report;     /* (owned): JSON members */
  GChecksum *checksum; /* (owned) */
  guint64 received;
  int fd;
  guint8 *buffer; /* (owned) */
} Fetch;

static void
append_string (GString *report, const char *name, const char *value)
{
  g_string_append_printf (report, "\"%s\": ", name);
  if (value == NULL)
    {
      g_string_append (report, "null, ");
      return;
    }
  g_string_append_c (report, '"');
  for (const char *c = value; *c != '\0'; c++)
    if (*c == '"' || *c == '\\' || (guchar) *c < ' ')
      g_string_append_printf (report, "\\u%04x", (guint) (guchar) *c);
    else
      g_string_append_c (report, *c);
  g_string_append (report, "\", ");
}

static gboolean
take_head (const BtsTransportHead *head, gpointer user_data, GError **error)
{
  Fetch *fetch = user_data;

  g_string_append_printf (fetch->report,
                          "\"status\": %u, \"offset\": %" G_GUINT64_FORMAT
                          ", \"length\": %" G_GINT64_FORMAT ", \"total\": %" G_GINT64_FORMAT
                          ", \"ranges\": %s, \"retry_after_us\": %" G_GINT64_FORMAT
                          ", \"n_headers\": %" G_GSIZE_FORMAT ", ",
                          head->status_code, head->body_offset, head->body_length,
                          head->total_length, head->has_ranges ? "true" : "false",
                          head->retry_after_us, g_variant_n_children (head->headers));
  append_string (fetch->report, "uri", head->actual_uri);
  append_string (fetch->report, "validator", head->validator);
  append_string (fetch->report, "last_modified", head->last_modified);
  return TRUE;
}

static gpointer
get_buffer (gsize *size, gpointer user_data)
{
  Fetch *fetch = user_data;

  *size = BUFFER_BYTES;
  return fetch->buffer;
}

static gboolean
take_data (gsize size, gpointer user_data, GError **error)
{
  Fetch *fetch = user_data;

  fetch->received += size;
  say_moved ();
  if (fetch->checksum != NULL)
    g_checksum_update (fetch->checksum, fetch->buffer, (gssize) size);
  if (fetch->fd >= 0 && write (fetch->fd, fetch->buffer, size) != (gssize) size)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

static const BtsTransportSink sink = { take_head, get_buffer, take_data };

static void
add_pairs (GVariantDict *request, const char *key, char **pairs, const char *separator)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));

  if (pairs == NULL)
    return;
  for (; *pairs != NULL; pairs++)
    {
      g_auto (GStrv) parts = g_strsplit (*pairs, separator, 2);

      if (g_strv_length (parts) == 2)
        g_variant_builder_add (&builder, "{ss}", parts[0], parts[1]);
    }
  g_variant_dict_insert_value (request, key, g_variant_builder_end (&builder));
}

static GVariant *
new_request (void)
{
  GVariantDict request;

  g_variant_dict_init (&request, NULL);
  if (options.method != NULL)
    g_variant_dict_insert (&request, "method", "s", options.method);
  if (options.body != NULL)
    g_variant_dict_insert (&request, "body", "s", options.body);
  if (options.proxy != NULL)
    g_variant_dict_insert (&request, "proxy", "s", options.proxy);
  if (options.user != NULL)
    g_variant_dict_insert (&request, "server-credential", "(ss)", options.user,
                           options.password != NULL ? options.password : "");
  add_pairs (&request, "headers", options.headers, ": ");
  add_pairs (&request, "cookies", options.cookies, "=");
  return g_variant_ref_sink (g_variant_dict_end (&request));
}

static void
report_end (Fetch *fetch, const GError *error)
{
  gboolean is_cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  const char *word = "";

  if (error != NULL)
    word = is_cancelled                     ? "cancelled"
           : error->domain == BGT_WEB_ERROR ? bgt_web_error_to_string (error->code)
                                            : "?";
  g_string_append_printf (fetch->report, "\"received\": %" G_GUINT64_FORMAT ", ", fetch->received);
  append_string (fetch->report, "sha256",
                 fetch->checksum != NULL ? g_checksum_get_string (fetch->checksum) : "");
  append_string (fetch->report, "message", error != NULL ? error->message : "");
  append_string (fetch->report, "error", word);
  g_string_truncate (fetch->report, fetch->report->len - 2);
  g_string_append (fetch->report, "}\n");
}

static void
fetch_once (BtsTransport *transport, BtsRateLimiter *limiter, const char *uri)
{
  Fetch fetch = { .report = g_string_new ("{"), .fd = -1, .buffer = g_malloc (BUFFER_BYTES) };
  g_autoptr (GVariant) request = new_request ();
  g_autoptr (GError) error = NULL;
  const BtsTransportRequest what = {
    .uri = uri,
    .request = request,
    .offset = (guint64) options.offset,
    .length = options.length < 0 ? G_MAXUINT64 : (guint64) options.length,
    .validator = options.validator,
    .limiter = limiter,
  };

  if (options.output != NULL)
    fetch.fd = open (options.output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  else
    fetch.checksum = g_checksum_new (G_CHECKSUM_SHA256);

  if (bts_transport_run (transport, &what, &sink, &fetch, &error) != (error == NULL))
    g_error ("The result and the error disagree");
  report_end (&fetch, error);
  fputs (fetch.report->str, stdout);

  if (fetch.fd >= 0)
    close (fetch.fd);
  g_clear_pointer (&fetch.checksum, g_checksum_free);
  g_string_free (fetch.report, TRUE);
  g_free (fetch.buffer);
}

typedef struct
{
  BtsHttpSession *session; /* (unowned) */
  BtsTransport *transport; /* (owned) */
  BtsRateLimiter *limiter; /* (owned) */
  char **uris;             /* (unowned) */
} Job;

static gpointer
run_job (gpointer user_data)
{
  Job *job = user_data;

  for (int i = 0; i < options.n_runs; i++)
    for (char **uri = job->uris; *uri != NULL; uri++)
      {
        fetch_once (job->transport, job->limiter, *uri);
        if (options.drop_connections)
          bts_http_session_drop_connections (job->session);
      }
  say_moved ();
  return NULL;
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("URI…");
  g_autoptr (BtsHttpSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree Job *jobs = NULL;
  g_autofree GThread **threads = NULL;
  BtsHttpSettings settings = { 0 };

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || argc < 2)
    return 2;

  session = bts_http_session_new ();
  settings.connect_timeout_seconds = (guint) options.connect_timeout;
  settings.response_timeout_seconds = (guint) options.response_timeout;
  settings.tls_ca_file = options.ca_file;
  settings.allow_plain_http = !options.refuse_plain_http;
  if (!bts_http_session_configure (session, &settings, &error))
    return 3;

  jobs = g_new0 (Job, (gsize) options.n_threads);
  threads = g_new0 (GThread *, (gsize) options.n_threads);
  for (int i = 0; i < options.n_threads; i++)
    {
      jobs[i].transport = bts_http_download_new (session);
      jobs[i].session = session;
      jobs[i].uris = argv + 1;
      jobs[i].limiter = bts_rate_limiter_new ();
      bts_rate_limiter_set_rate (jobs[i].limiter, (guint64) options.max_rate,
                                 g_get_monotonic_time ());
      threads[i] = g_thread_new ("fetch", run_job, &jobs[i]);
    }
  if (options.cancel_after_ms > 0)
    {
      wait_until_moved ();
      g_usleep ((gulong) options.cancel_after_ms * 1000);
      for (int i = 0; i < options.n_threads; i++)
        bts_transport_cancel (jobs[i].transport);
    }
  for (int i = 0; i < options.n_threads; i++)
    {
      g_thread_join (threads[i]);
      g_clear_object (&jobs[i].transport);
      g_clear_pointer (&jobs[i].limiter, bts_rate_limiter_unref);
    }
  return 0;
}
