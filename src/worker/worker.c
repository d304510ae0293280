/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/worker.h"

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
#include "worker/transport/ftp.h"
#include "worker/transport/http-download.h"
#include "worker/upload-job.h"
#include "worker/worker-jobs.h"
#include "worker/worker-settings.h"

/* How long what a server said, or failed to say, of resumable uploads holds where it may well be
 * another answer soon: so long that many uploads in a row ask once. */
#define PASSING_ANSWER_US (10 * G_TIME_SPAN_MINUTE)

struct _BtsWorker
{
  GObject parent_instance;

  GDBusConnection *connection; /* (owned) */
  guint registration_id;
  BtsHttpSession *session; /* (owned) */
  BtsUploadMemory *memory; /* (owned) */
  BtsFtpSession *ftp;      /* (owned) */
  BtsWorkerJobs *jobs;     /* (owned) */
  BtsSpoolRoom *room;      /* (owned) */
  BtsWorkerSettings settings;
  gboolean has_looked_for_orphans;
};

G_DEFINE_FINAL_TYPE (BtsWorker, bts_worker, G_TYPE_OBJECT)

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
  bts_spool_room_set_limits (self->room, self->settings.max_spool_bytes,
                             self->settings.max_spool_bytes_per_application);
  protocols = g_variant_lookup_value (settings, "upload-protocols", G_VARIANT_TYPE ("a{ss}"));
  if (protocols != NULL)
    bts_upload_memory_load (self->memory, protocols);
  bts_worker_jobs_set_max_rate (self->jobs, self->settings.max_rate);
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

/* NULL, and answered, where they cannot be had. */
static GArray *
get_files (GDBusMethodInvocation *invocation, GVariant *handles)
{
  g_autoptr (GError) error = NULL;
  GArray *files = bts_call_files_get (invocation, handles, &error);

  if (files == NULL)
    bts_file_call_return_error (invocation, error);
  return files;
}

static void
handle_check (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) request = g_variant_get_child_value (parameters, 0);
  g_autoptr (GVariant) handles = g_variant_get_child_value (parameters, 1);
  g_autoptr (GArray) files = get_files (invocation, handles);
  const BtsFileCall call = { .kind = BTS_FILE_CALL_CHECK, .request = request, .files = files };

  if (files != NULL)
    bts_file_call_run (&call, invocation);
}

static void
handle_check_all (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  g_autoptr (GVariant) requests = g_variant_get_child_value (parameters, 0);
  const BtsFileCall call = { .kind = BTS_FILE_CALL_CHECK_ALL, .request = requests };

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

static BtsUploadSpec
get_upload_spec (BtsWorker *self, const char *application, GVariant *checkpoint, GArray *files)
{
  return (BtsUploadSpec){
    .checkpoint = checkpoint,
    .files = files,
    .room = self->room,
    .application = application,
    .new_transport = new_transport,
    .factory_data = self,
    .memory = self->memory,
  };
}

static void
start_upload (BtsWorker *self,
              BtsTransferJob *job,
              const char *application,
              GVariant *checkpoint,
              GArray *files)
{
  const BtsUploadSpec spec = get_upload_spec (self, application, checkpoint, files);

  bts_upload_job_start (job, &spec);
}

static void
start_download (
    BtsWorker *self, BtsTransferJob *job, GVariant *request, GVariant *checkpoint, GArray *files)
{
  BtsDownloadSpec spec = {
    .checkpoint = checkpoint,
    .checkpoint_bytes = self->settings.checkpoint_bytes,
    .max_connections = self->settings.max_connections,
    .new_transport = new_transport,
    .factory_data = self,
  };

  bts_call_files_sort (files, request, &spec.file, &spec.body);
  bts_download_job_start (job, &spec);
}

/* NULL, and answered, where there can be no such job. */
static BtsTransferJob *
add_job (BtsWorker *self, const char *guid, GVariant *request, GDBusMethodInvocation *invocation)
{
  const char *uri = NULL;

  if (!bts_guid_is_valid (guid) || !g_variant_lookup (request, "uri", "&s", &uri))
    {
      return_error (invocation, BGT_ERROR_INVALID_ARGUMENT, "A job needs a GUID and a URI");
      return NULL;
    }
  if (bts_worker_jobs_lookup (self->jobs, guid) != NULL)
    {
      return_error (invocation, BGT_ERROR_INVALID_STATE, "This job runs already");
      return NULL;
    }

  return bts_worker_jobs_add (self->jobs, guid, request);
}

static void
handle_start (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  const char *application = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (GVariant) handles = NULL;
  g_autoptr (GArray) files = NULL;
  BtsTransferJob *job = NULL;

  g_variant_get (parameters, "(&s@a{sv}@a{sv}@ah&s)", &guid, &request, &checkpoint, &handles,
                 &application);
  files = get_files (invocation, handles);
  if (files == NULL)
    return;
  job = add_job (self, guid, request, invocation);
  if (job == NULL)
    return;
  if (bts_upload_job_is_for (request))
    start_upload (self, job, application, checkpoint, files);
  else
    start_download (self, job, request, checkpoint, files);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_keep (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  const char *application = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) handles = NULL;
  g_autoptr (GArray) files = NULL;
  BtsTransferJob *job = NULL;

  g_variant_get (parameters, "(&s@a{sv}@ah&s)", &guid, &request, &handles, &application);
  files = get_files (invocation, handles);
  if (files == NULL)
    return;
  job = add_job (self, guid, request, invocation);
  if (job == NULL)
    return;
  bts_keep_job_start (job, files, self->room, application);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_stop (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;

  g_variant_get (parameters, "(&s)", &guid);
  bts_worker_jobs_stop (self->jobs, guid, invocation);
}

/* The server is told, but nobody waits for it. */
static void
terminate_upload (BtsWorker *self, const char *guid, GVariant *request, GVariant *checkpoint)
{
  const BtsUploadSpec spec = get_upload_spec (self, "", checkpoint, NULL);

  bts_upload_job_terminate (guid, request, &spec);
}

static void
handle_discard (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  BtsFileCall call = { .kind = BTS_FILE_CALL_DISCARD };

  g_variant_get (parameters, "(&s@a{sv}@a{sv})", &guid, &request, &checkpoint);
  if (!bts_guid_is_valid (guid))
    {
      return_error (invocation, BGT_ERROR_INVALID_ARGUMENT, "Not the GUID of a job");
      return;
    }
  if (bts_worker_jobs_lookup (self->jobs, guid) != NULL)
    {
      bts_worker_jobs_discard_at_end (self->jobs, guid, checkpoint);
      return_error (invocation, BGT_ERROR_INVALID_STATE,
                    "The job has not ended yet; its files go when it has");
      return;
    }
  call.guid = guid;
  call.request = request;
  call.checkpoint = checkpoint;
  if (bts_upload_job_is_for (request))
    terminate_upload (self, guid, request, checkpoint);
  bts_file_call_run (&call, invocation);
}

static void
handle_open_result (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  BtsTransferJob *job = NULL;
  g_autoptr (GVariant) request = NULL;
  g_autoptr (GVariant) given = NULL;
  g_autoptr (GVariant) latest = NULL;
  BtsFileCall call = { .kind = BTS_FILE_CALL_OPEN_RESULT };

  g_variant_get (parameters, "(&s@a{sv}@a{sv}t)", &guid, &request, &given, &call.position);
  if (!bts_guid_is_valid (guid))
    {
      return_error (invocation, BGT_ERROR_INVALID_ARGUMENT, "Not the GUID of a job");
      return;
    }
  job = bts_worker_jobs_lookup (self->jobs, guid);
  latest = job != NULL ? bts_transfer_job_dup_checkpoint (job) : NULL;
  call.job = job;
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
  BtsTransferJob *job = NULL;

  g_variant_get (parameters, "(&s@a{sv})", &guid, &changes);
  job = bts_worker_jobs_lookup (self->jobs, guid);
  if (job != NULL)
    {
      bts_transfer_job_change (job, changes);
      bts_worker_jobs_share_rate (self->jobs);
    }
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_request_range (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  const char *guid = NULL;
  guint64 offset = 0;
  guint64 length = 0;
  BtsTransferJob *job = NULL;

  g_variant_get (parameters, "(&stt)", &guid, &offset, &length);
  job = bts_worker_jobs_lookup (self->jobs, guid);
  if (job != NULL)
    bts_transfer_job_request_range (job, offset, length);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static void
handle_reconnect (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation)
{
  bts_http_session_drop_connections (self->session);
  bts_worker_jobs_reconnect (self->jobs);
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
  bts_process_info_read_async (pid, on_process_seen, invocation);
}

static const struct
{
  const char *name;
  void (*handle) (BtsWorker *self, GVariant *parameters, GDBusMethodInvocation *invocation);
} methods[] = {
  { "Configure", handle_configure }, { "Check", handle_check },
  { "CheckAll", handle_check_all },  { "Start", handle_start },
  { "Keep", handle_keep },           { "Stop", handle_stop },
  { "Discard", handle_discard },     { "OpenResult", handle_open_result },
  { "Change", handle_change },       { "RequestRange", handle_request_range },
  { "Reconnect", handle_reconnect }, { "LookAtProcess", handle_look_at_process },
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

  if (self->registration_id != 0)
    g_dbus_connection_unregister_object (self->connection, self->registration_id);
  self->registration_id = 0;
  g_clear_object (&self->connection);
  g_clear_object (&self->session);
  g_clear_pointer (&self->memory, bts_upload_memory_free);
  g_clear_pointer (&self->ftp, bts_ftp_session_unref);
  g_clear_pointer (&self->room, bts_spool_room_unref);
  g_clear_pointer (&self->jobs, bts_worker_jobs_free);
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
  self->memory = bts_upload_memory_new (PASSING_ANSWER_US, on_server_known, self);
  self->ftp = bts_ftp_session_new ();
  self->room = bts_spool_room_new ();
  bts_worker_settings_init (&self->settings);
}

BtsWorker *
bts_worker_new (GDBusConnection *connection, GError **error)
{
  static const GDBusInterfaceVTable vtable = { .method_call = on_method_call };
  g_autoptr (BtsWorker) self = g_object_new (BTS_TYPE_WORKER, NULL);

  self->connection = g_object_ref (connection);
  self->jobs = bts_worker_jobs_new (connection);
  self->registration_id = g_dbus_connection_register_object (
      connection, BTS_WORKER_PATH, (GDBusInterfaceInfo *) &bts_dbus_worker_interface, &vtable, self,
      NULL, error);
  return self->registration_id != 0 ? g_steal_pointer (&self) : NULL;
}
