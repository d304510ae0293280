/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/worker.h"

#include "common/bgt-enums.h"
#include "common/bgt-error.h"
#include "common/names.h"
#include "common/object-path.h"
#include "common/process-info.h"
#include "introspection/worker-interface-info.h"
#include "worker/call-files.h"
#include "worker/download-job.h"
#include "worker/file-call.h"
#include "worker/keep-job.h"
#include "worker/orphans.h"
#include "worker/rate-share.h"
#include "worker/transport/ftp.h"
#include "worker/transport/http-download.h"
#include "worker/upload-job.h"
#include "worker/worker-settings.h"

#define PROGRESS_INTERVAL_MS 250
#define SHARE_INTERVAL_US G_USEC_PER_SEC

struct _BtsWorker
{
  GObject parent_instance;

  GDBusConnection *connection; /* (owned) */
  guint registration_id;
  BtsHttpSession *session; /* (owned) */
  BtsUploadMemory *memory; /* (owned) */
  BtsFtpSession *ftp;      /* (owned) */
  GHashTable *jobs;        /* (owned) (element-type utf8 Job) by GUID */
  guint progress_source;
  BtsWorkerSettings settings;
  gint64 shared_at; /* by what the jobs use */
  gboolean has_looked_for_orphans;
};

G_DEFINE_FINAL_TYPE (BtsWorker, bts_worker, G_TYPE_OBJECT)

typedef struct
{
  BtsTransferJob *job; /* (owned) */
  GPtrArray *stops;    /* (owned) (element-type GDBusMethodInvocation): calls of Stop that wait */
  BtsRateUse use;      /* of the machine's rate */
} Job;

/* A call to the daemon that is under way. */
typedef struct
{
  BtsTransferJob *job; /* (owned) */
  GPtrArray *stops;    /* (owned) (nullable): answered after it */
} HostCall;

static void
job_free (gpointer data)
{
  Job *self = data;

  bts_transfer_job_unref (self->job);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_free (self);
}

static void
host_call_free (HostCall *self)
{
  bts_transfer_job_unref (self->job);
  g_clear_pointer (&self->stops, g_ptr_array_unref);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HostCall, host_call_free)

/* Talking to the daemon */

static void
call_host (BtsWorker *self,
           const char *method,
           BtsTransferJob *job,
           GVariant *update,
           GPtrArray *stops,
           GAsyncReadyCallback callback)
{
  HostCall *call = g_new0 (HostCall, 1);

  call->job = bts_transfer_job_ref (job);
  call->stops = stops != NULL ? g_ptr_array_ref (stops) : NULL;
  /* No time-out: the daemon answers when its disk has, and if it is gone so are we. */
  g_dbus_connection_call (self->connection, NULL, BTS_WORKER_HOST_PATH, BTS_INTERFACE_WORKER_HOST,
                          method,
                          g_variant_new ("(s@a{sv})", bts_transfer_job_get_guid (job), update),
                          NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, callback, call);
}

static void
on_checkpoint_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HostCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  bts_transfer_job_take_answer (call->job, reply == NULL ? error : NULL);
}

static void
send_checkpoint (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  BtsWorker *self = user_data;

  call_host (self, "Checkpoint", job, update, NULL, on_checkpoint_answered);
}

static void
answer_stops (GPtrArray *stops)
{
  for (guint i = 0; i < stops->len; i++)
    g_dbus_method_invocation_return_value (g_ptr_array_index (stops, i), NULL);
  g_ptr_array_set_size (stops, 0);
}

static void
on_finished_answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (HostCall) call = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* It has been told; what it makes of that is its own affair. */
  if (reply == NULL)
    g_debug ("The end of %s was not taken: %s", bts_transfer_job_get_guid (call->job),
             error->message);
  answer_stops (call->stops);
}

static void
measure_use (Job *self, gint64 now)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);

  bts_rate_use_measure (&self->use, bts_transfer_job_get_max_rate (self->job),
                        progress->received + progress->sent, now);
}

static void
share_rate (BtsWorker *self)
{
  guint n = g_hash_table_size (self->jobs);
  g_autofree guint64 *own = g_new0 (guint64, n);
  g_autofree guint64 *shares = g_new0 (guint64, n);
  GHashTableIter iter;
  gpointer job = NULL;
  gsize i = 0;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    own[i++] = bts_rate_use_get_demand (&((Job *) job)->use,
                                        bts_transfer_job_get_own_rate (((Job *) job)->job));
  bts_rate_share (self->settings.max_rate, own, shares, n);

  i = 0;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    bts_transfer_job_set_max_rate (((Job *) job)->job, shares[i++]);
}

/* What one job does not use is for the others. */
static void
share_rate_anew (BtsWorker *self)
{
  gint64 now = g_get_monotonic_time ();
  GHashTableIter iter;
  gpointer job = NULL;

  if (self->settings.max_rate == 0 || now < self->shared_at + SHARE_INTERVAL_US)
    return;
  self->shared_at = now;
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    measure_use (job, now);
  share_rate (self);
}

static gboolean
on_progress_due (gpointer user_data)
{
  BtsWorker *self = user_data;
  GHashTableIter iter;
  gpointer value = NULL;

  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      BtsTransferJob *job = ((Job *) value)->job;
      const guint64 *now = bts_progress_take_change (bts_transfer_job_get_progress (job));

      if (now != NULL)
        /* Fails only on a closed connection, which ends this process. */
        g_dbus_connection_emit_signal (self->connection, NULL, BTS_WORKER_HOST_PATH,
                                       BTS_INTERFACE_WORKER_HOST, "Progress",
                                       g_variant_new ("(stttt)", bts_transfer_job_get_guid (job),
                                                      now[0], now[1], now[2], now[3]),
                                       NULL);
    }
  share_rate_anew (self);
  return G_SOURCE_CONTINUE;
}

static void
on_job_ended (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  BtsWorker *self = user_data;
  Job *entry = g_hash_table_lookup (self->jobs, bts_transfer_job_get_guid (job));
  g_autoptr (GPtrArray) stops = g_ptr_array_ref (entry->stops);

  /* Before the daemon hears of it: it may start the next try at once. */
  g_hash_table_remove (self->jobs, bts_transfer_job_get_guid (job));
  share_rate (self);
  if (g_hash_table_size (self->jobs) == 0)
    g_clear_handle_id (&self->progress_source, g_source_remove);

  if (update != NULL)
    call_host (self, "Finished", job, update, stops, on_finished_answered);
  else
    answer_stops (stops);
}

static const BtsTransferJobEvents job_events = { send_checkpoint, on_job_ended };

/* The methods. Each takes the invocation and answers it. */

static void
return_error (GDBusMethodInvocation *invocation, BgtError code, const char *message)
{
  g_dbus_method_invocation_return_error_literal (invocation, BGT_ERROR, (int) code, message);
}

static void
handle_configure (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) settings = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) protocols = NULL;
  g_autoptr (GError) error = NULL;
  BtsHttpSettings http;
  BtsFtpSettings ftp;

  bts_worker_settings_read (&self->settings, settings);
  protocols = g_variant_lookup_value (settings, "upload-protocols", G_VARIANT_TYPE ("a{ss}"));
  if (protocols != NULL)
    bts_upload_memory_load (self->memory, protocols);
  share_rate (self);
  if (bts_worker_settings_is_rate_only (settings))
    {
      g_dbus_method_invocation_return_value (invocation, NULL);
      return;
    }

  bts_worker_settings_read_transports (settings, &http, &ftp);
  bts_ftp_session_configure (self->ftp, &ftp);
  if (bts_http_session_configure (self->session, &http, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    bts_file_call_return_error (invocation, error);
}

static void
handle_check (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) request = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) handles = g_variant_get_child_value (parameters, 1);
  g_autoptr (GArray) files = bts_call_files_get (invocation, handles);
  BtsFileCall call = { .kind = BTS_FILE_CALL_CHECK, .request = request };

  bts_call_files_sort (files, request, &call.file, &call.body);
  bts_file_call_run (&call, invocation);
}

static BtsTransport *
new_transport (const char *uri, gpointer user_data)
{
  BtsWorker *self = user_data;
  const char *scheme = g_uri_peek_scheme (uri); /* in lower case, however it is written */

  if (g_strcmp0 (scheme, "http") == 0 || g_strcmp0 (scheme, "https") == 0)
    return bts_http_download_new (self->session);
  if (g_strcmp0 (scheme, "ftp") == 0 || g_strcmp0 (scheme, "ftps") == 0)
    return bts_ftp_download_new (self->ftp);
  return NULL;
}

static gboolean
is_upload (GVariant *request)
{
  const char *kind = NULL;

  return g_variant_lookup (request, "kind", "&s", &kind) &&
         strcmp (kind, bgt_operation_kind_to_string (BGT_OPERATION_KIND_UPLOAD)) == 0;
}

static BtsUploadSpec
get_upload_spec (BtsWorker *self, GVariant *checkpoint, int file)
{
  return (BtsUploadSpec){
    .checkpoint = checkpoint,
    .file = file,
    .max_spool_bytes = self->settings.max_spool_bytes,
    .new_transport = new_transport,
    .factory_data = self,
    .memory = self->memory,
  };
}

/* @file and @body are lent. */
static void
start_job (BtsWorker *self,
           BtsTransferJob *job,
           gboolean is_upload,
           GVariant *checkpoint,
           int file,
           int body)
{
  const BtsUploadSpec upload = get_upload_spec (self, checkpoint, file);
  const BtsDownloadSpec download = {
    .checkpoint = checkpoint,
    .file = file,
    .body = body,
    .checkpoint_bytes = self->settings.checkpoint_bytes,
    .max_connections = self->settings.max_connections,
    .new_transport = new_transport,
    .factory_data = self,
  };

  if (is_upload)
    bts_upload_job_start (job, &upload);
  else
    bts_download_job_start (job, &download);
}

/* NULL, and answered, where there can be no such job. */
static BtsTransferJob *
add_job (BtsWorker *self, const char *guid, GVariant *request, GDBusMethodInvocation *invocation)
{
  const char *uri = NULL;
  Job *job = NULL;

  if (!bts_guid_is_valid (guid) || !g_variant_lookup (request, "uri", "&s", &uri))
    {
      return_error (invocation, BGT_ERROR_INVALID_ARGUMENT, "A job needs a GUID and a URI");
      return NULL;
    }
  if (g_hash_table_contains (self->jobs, guid))
    {
      return_error (invocation, BGT_ERROR_INVALID_STATE, "This job runs already");
      return NULL;
    }

  job = g_new0 (Job, 1);
  job->job = bts_transfer_job_new (guid, request, &job_events, self);
  job->stops = g_ptr_array_new ();
  g_hash_table_insert (self->jobs, g_strdup (guid), job);
  share_rate (self);
  if (self->progress_source == 0)
    self->progress_source = g_timeout_add (PROGRESS_INTERVAL_MS, on_progress_due, self);
  return job->job;
}

static void
handle_start (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (GVariant) handles = NULL;
  g_autoptr (GArray) files = NULL;
  BtsTransferJob *job = NULL;
  int file, body;

  g_variant_get (parameters, "(&s@a{sv}@a{sv}@ah)", &guid, &request, &checkpoint, &handles);
  job = add_job (self, guid, request, invocation);
  if (job == NULL)
    return;
  files = bts_call_files_get (invocation, handles);
  bts_call_files_sort (files, request, &file, &body);
  start_job (self, job, is_upload (request), checkpoint, file, body);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_keep (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) handles = NULL;
  g_autoptr (GArray) files = NULL;
  BtsTransferJob *job = NULL;

  g_variant_get (parameters, "(&s@a{sv}@ah)", &guid, &request, &handles);
  job = add_job (self, guid, request, invocation);
  if (job == NULL)
    return;
  files = bts_call_files_get (invocation, handles);
  bts_keep_job_start (job, files, self->settings.max_spool_bytes);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_stop (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  Job *job = NULL;

  g_variant_get (parameters, "(&s)", &guid);
  job = g_hash_table_lookup (self->jobs, guid);
  if (job == NULL)
    {
      g_dbus_method_invocation_return_value (invocation, NULL);
      return;
    }
  g_ptr_array_add (job->stops, invocation);
  bts_transfer_job_stop (job->job);
}

/* The server is told, but nobody waits for it. */
static void
terminate_upload (BtsWorker *self, const char *guid, GVariant *request, GVariant *checkpoint)
{
  const BtsUploadSpec spec = get_upload_spec (self, checkpoint, -1);

  bts_upload_job_terminate (guid, request, &spec);
}

static void
handle_discard (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  BtsFileCall call = { .kind = BTS_FILE_CALL_DISCARD, .file = -1, .body = -1 };

  g_variant_get (parameters, "(&s@a{sv}@a{sv})", &guid, &request, &checkpoint);
  if (!bts_guid_is_valid (guid))
    {
      return_error (invocation, BGT_ERROR_INVALID_ARGUMENT, "Not the GUID of a job");
      return;
    }
  if (g_hash_table_contains (self->jobs, guid))
    {
      return_error (invocation, BGT_ERROR_INVALID_STATE, "This job runs; it has to be stopped");
      return;
    }
  call.guid = guid;
  call.request = request;
  call.checkpoint = checkpoint;
  if (is_upload (request))
    terminate_upload (self, guid, request, checkpoint);
  bts_file_call_run (&call, invocation);
}

static void
handle_open_result (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  Job *job = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) given = NULL;
  g_autoptr (GVariant) latest = NULL;
  BtsFileCall call = { .kind = BTS_FILE_CALL_OPEN_RESULT, .file = -1, .body = -1 };

  g_variant_get (parameters, "(&s@a{sv}@a{sv}t)", &guid, &request, &given, &call.position);
  if (!bts_guid_is_valid (guid))
    {
      return_error (invocation, BGT_ERROR_INVALID_ARGUMENT, "Not the GUID of a job");
      return;
    }
  job = g_hash_table_lookup (self->jobs, guid);
  latest = job != NULL ? bts_transfer_job_dup_checkpoint (job->job) : NULL;
  call.job = job != NULL ? job->job : NULL;
  call.guid = guid;
  call.request = request;
  call.checkpoint = latest != NULL ? latest : given;
  bts_file_call_run (&call, invocation);
}

static void
handle_change (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  g_autoptr (GVariant) changes = NULL;
  Job *job = NULL;

  g_variant_get (parameters, "(&s@a{sv})", &guid, &changes);
  job = g_hash_table_lookup (self->jobs, guid);
  if (job != NULL)
    {
      bts_transfer_job_change (job->job, changes);
      share_rate (self);
    }
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_request_range (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  guint64 offset = 0;
  guint64 length = 0;
  Job *job = NULL;

  g_variant_get (parameters, "(&stt)", &guid, &offset, &length);
  job = g_hash_table_lookup (self->jobs, guid);
  if (job != NULL)
    bts_transfer_job_request_range (job->job, offset, length);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_reconnect (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  GHashTableIter iter;
  gpointer job = NULL;

  bts_http_session_drop_connections (self->session);
  g_hash_table_iter_init (&iter, self->jobs);
  while (g_hash_table_iter_next (&iter, NULL, &job))
    bts_transfer_job_reconnect (((Job *) job)->job);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
on_process_seen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusMethodInvocation *invocation = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) found = bts_process_info_read_finish (result, &error);

  if (found != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@a{sv})", found));
  else
    return_error (invocation, BGT_ERROR_NOT_FOUND, error->message);
}

static void
handle_look_at_process (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  guint32 pid = 0;

  g_variant_get (parameters, "(u)", &pid);
  bts_process_info_read_async (pid, NULL, on_process_seen, invocation);
}

static const struct
{
  const char *name;
  void (*handle) (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation);
} methods[] = {
  { "Configure", handle_configure },
  { "Check", handle_check },
  { "Start", handle_start },
  { "Keep", handle_keep },
  { "Stop", handle_stop },
  { "Discard", handle_discard },
  { "OpenResult", handle_open_result },
  { "Change", handle_change },
  { "RequestRange", handle_request_range },
  { "Reconnect", handle_reconnect },
  { "LookAtProcess", handle_look_at_process },
};

/* Once the daemon has configured this worker, and so is ready to be asked. */
static void
look_for_orphans (BtsWorker *self, const char *method_name)
{
  if (self->has_looked_for_orphans || strcmp (method_name, "Configure") == 0)
    return;
  self->has_looked_for_orphans = TRUE;
  bts_orphans_remove (self->connection);
}

/* GDBus has checked the name and the types against the interface. */
static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *object_path,
                const char *interface_name,
                const char *method_name,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  look_for_orphans (user_data, method_name);
  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    if (strcmp (methods[i].name, method_name) == 0)
      {
        methods[i].handle (user_data, parameters, invocation);
        return;
      }
  return_error (invocation, BGT_ERROR_NOT_SUPPORTED, "This worker has no such method");
}

static void
bts_worker_dispose (GObject *object)
{
  BtsWorker *self = BTS_WORKER (object);

  g_clear_handle_id (&self->progress_source, g_source_remove);
  if (self->registration_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration_id);
  self->registration_id = 0;
  g_clear_object (&self->connection);
  g_clear_object (&self->session);
  g_clear_pointer (&self->memory, bts_upload_memory_free);
  g_clear_pointer (&self->ftp, bts_ftp_session_unref);
  g_clear_pointer (&self->jobs, g_hash_table_unref);
  G_OBJECT_CLASS (bts_worker_parent_class)->dispose (object);
}

static void
bts_worker_class_init (BtsWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_worker_dispose;
}

/* In a job's thread; connections do not mind. */
static void
on_server_known (const char *origin, const char *protocol, gpointer user_data)
{
  BtsWorker *self = user_data;

  /* Fails only on a closed connection, which ends this process. */
  g_dbus_connection_emit_signal (self->connection, NULL, BTS_WORKER_HOST_PATH,
                                 BTS_INTERFACE_WORKER_HOST, "ServerKnown",
                                 g_variant_new ("(ss)", origin, protocol), NULL);
}

static void
bts_worker_init (BtsWorker *self)
{
  self->session = bts_http_session_new ();
  self->memory = bts_upload_memory_new (on_server_known, self);
  self->ftp = bts_ftp_session_new ();
  self->jobs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, job_free);
  bts_worker_settings_init (&self->settings);
}

BtsWorker *
bts_worker_new (GDBusConnection *connection, GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  g_autoptr (BtsWorker) self = g_object_new (BTS_TYPE_WORKER, NULL);

  self->connection = g_object_ref (connection);
  self->registration_id = g_dbus_connection_register_object (
      connection, BTS_WORKER_PATH, (GDBusInterfaceInfo *) &bts_dbus_worker_interface, &vtable, self,
      NULL, error);
  return self->registration_id != 0 ? g_steal_pointer (&self) : NULL;
}
