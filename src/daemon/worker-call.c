/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-call.h"

#include <gio/gunixfdlist.h>

#include "common/bgt-error.h"
#include "common/closing.h"
#include "daemon/patient-call.h"
#include "daemon/worker-answer.h"
#include "daemon/worker-checks.h"

#define STOP_TIMEOUT_MS (10 * 1000)
#define PROBE_TIMEOUT_MS (3 * 1000)
#define DISCARD_TIMEOUT_MS (60 * 1000)

typedef struct
{
  GVariant *value;  /* (owned) */
  GUnixFDList *fds; /* (owned) (nullable) */
} Answer;

static void
answer_free (Answer *answer)
{
  g_clear_pointer (&answer->value, g_variant_unref);
  g_clear_object (&answer->fds);
  g_free (answer);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Answer, answer_free)

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  g_autoptr (Answer) answer = g_new0 (Answer, 1);
  g_autoptr (GError) error = NULL;

  answer->value =
      bts_patient_call_finish (G_DBUS_CONNECTION (source), result, &answer->fds, &error);
  if (answer->value == NULL)
    {
      bts_worker_answer_clean_error (error);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  g_task_return_pointer (task, g_steal_pointer (&answer), (GDestroyNotify) answer_free);
}

typedef struct
{
  const char *method;
  const char *reply_type;
  guint timeout_ms;
} CallRow;

static const CallRow configure_call = { "Configure", "()", BTS_WORKER_TIMEOUT_MS };
static const CallRow start_call = { "Start", "()", BTS_WORKER_TIMEOUT_MS };
static const CallRow keep_call = { "Keep", "()", BTS_WORKER_TIMEOUT_MS };
static const CallRow stop_call = { "Stop", "()", STOP_TIMEOUT_MS };
static const CallRow wait_call = { "Stop", "()", G_MAXINT };
static const CallRow discard_call = { "Discard", "()", DISCARD_TIMEOUT_MS };
static const CallRow open_result_call = { "OpenResult", "(h)", BTS_WORKER_TIMEOUT_MS };
static const CallRow change_call = { "Change", "()", BTS_WORKER_TIMEOUT_MS };
static const CallRow probe_call = { "Change", "()", PROBE_TIMEOUT_MS };
static const CallRow request_range_call = { "RequestRange", "()", BTS_WORKER_TIMEOUT_MS };
static const CallRow reconnect_call = { "Reconnect", "()", BTS_WORKER_TIMEOUT_MS };
static const CallRow look_at_process_call = { "LookAtProcess", "(a{sv})", BTS_WORKER_TIMEOUT_MS };

/* Consumes a floating @parameters. */
static void
call (BtsWorkerLink *self,
      const CallRow *row,
      GVariant *parameters,
      GUnixFDList *fds,
      GCancellable *cancellable,
      GAsyncReadyCallback callback,
      gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, (gpointer) row);
  bts_patient_call_async (bts_worker_link_get_connection (self), row->method, parameters,
                          row->reply_type, row->timeout_ms, fds, cancellable, on_called, task);
}

static void
add_file (GArray *files, int fd)
{
  if (fd >= 0)
    g_array_append_val (files, fd);
}

/* Those that are there, in the order of Worker.Check; lent one by one. */
static GArray *
list_files (const BtsDescriptors *files)
{
  GArray *listed = g_array_new (FALSE, FALSE, sizeof (int));

  add_file (listed, files->file);
  for (guint i = 0; files->parts != NULL && i < files->parts->len; i++)
    add_file (listed, g_array_index (files->parts, int, i));
  add_file (listed, files->body);
  return listed;
}

/* The `ah` of a call with @files (nullable) (element-type int), floating; copies of them travel in
 * @fds. NULL where there are no descriptors left. */
static GVariant *
build_handles (GArray *files, GUnixFDList **fds, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("ah"));
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();

  bts_fd_list_close_elsewhere (list);
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      int handle = g_unix_fd_list_append (list, g_array_index (files, int, i), error);

      if (handle < 0)
        return NULL;
      g_variant_builder_add (&builder, "h", handle);
    }
  *fds = g_steal_pointer (&list);
  return g_variant_builder_end (&builder);
}

/* A call of @parameters, @files (nullable) (element-type int) and @application. */
static void
call_with_files (BtsWorkerLink *self,
                 const CallRow *row,
                 GVariantBuilder *parameters,
                 GArray *files,
                 const char *application,
                 GCancellable *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer user_data)
{
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;
  GVariant *handles = build_handles (files, &fds, &error);

  if (handles == NULL)
    {
      g_variant_builder_clear (parameters);
      g_task_report_error (self, callback, user_data, (gpointer) row, error);
      return;
    }
  g_variant_builder_add_value (parameters, handles);
  g_variant_builder_add (parameters, "s", application);
  call (self, row, g_variant_builder_end (parameters), fds, cancellable, callback, user_data);
}

static GVariant *
get_dictionary (GVariant *dictionary)
{
  return dictionary != NULL ? dictionary : g_variant_new ("a{sv}", NULL);
}

void
bts_worker_call_configure_async (BtsWorkerLink *self,
                                 GVariant *settings,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  call (self, &configure_call, g_variant_new ("(@a{sv})", settings), NULL, cancellable, callback,
        user_data);
}

void
bts_worker_call_check_async (BtsWorkerLink *self,
                             GVariant *request,
                             const BtsDescriptors *files,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GArray) listed = list_files (files);
  g_autoptr (GUnixFDList) fds = NULL;
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  GError *error = NULL;
  GVariant *handles = build_handles (listed, &fds, &error);

  g_task_set_source_tag (task, bts_worker_call_check_async);
  if (handles != NULL)
    {
      bts_worker_checks_add (bts_worker_link_get_checks (self), request, handles, fds, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

void
bts_worker_call_start_async (BtsWorkerLink *self,
                             const char *guid,
                             const char *application,
                             GVariant *request,
                             GVariant *checkpoint,
                             const BtsDescriptors *files,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  g_autoptr (GArray) listed = list_files (files);
  GVariantBuilder parameters = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);

  g_variant_builder_add (&parameters, "s", guid);
  g_variant_builder_add_value (&parameters, request);
  g_variant_builder_add_value (&parameters, get_dictionary (checkpoint));
  call_with_files (self, &start_call, &parameters, listed, application, cancellable, callback,
                   user_data);
}

void
bts_worker_call_keep_async (BtsWorkerLink *self,
                            const char *guid,
                            const char *application,
                            GVariant *request,
                            GArray *streams,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  GVariantBuilder parameters = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_TUPLE);

  g_variant_builder_add (&parameters, "s", guid);
  g_variant_builder_add_value (&parameters, request);
  call_with_files (self, &keep_call, &parameters, streams, application, cancellable, callback,
                   user_data);
}

void
bts_worker_call_stop_async (BtsWorkerLink *self,
                            const char *guid,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  call (self, &stop_call, g_variant_new ("(s)", guid), NULL, cancellable, callback, user_data);
}

void
bts_worker_call_wait_async (BtsWorkerLink *self,
                            const char *guid,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  call (self, &wait_call, g_variant_new ("(s)", guid), NULL, NULL, callback, user_data);
}

void
bts_worker_call_discard_async (BtsWorkerLink *self,
                               const char *guid,
                               GVariant *request,
                               GVariant *checkpoint,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  call (self, &discard_call,
        g_variant_new ("(s@a{sv}@a{sv})", guid, request, get_dictionary (checkpoint)), NULL,
        cancellable, callback, user_data);
}

void
bts_worker_call_open_result_async (BtsWorkerLink *self,
                                   const char *guid,
                                   GVariant *request,
                                   GVariant *checkpoint,
                                   guint64 position,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  call (self, &open_result_call,
        g_variant_new ("(s@a{sv}@a{sv}t)", guid, request, get_dictionary (checkpoint), position),
        NULL, cancellable, callback, user_data);
}

void
bts_worker_call_change_async (BtsWorkerLink *self,
                              const char *guid,
                              GVariant *changes,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  call (self, &change_call, g_variant_new ("(s@a{sv})", guid, changes), NULL, cancellable, callback,
        user_data);
}

void
bts_worker_call_probe_async (BtsWorkerLink *self,
                             const char *guid,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data)
{
  call (self, &probe_call, g_variant_new ("(sa{sv})", guid, NULL), NULL, cancellable, callback,
        user_data);
}

void
bts_worker_call_request_range_async (BtsWorkerLink *self,
                                     const char *guid,
                                     guint64 offset,
                                     guint64 length,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  call (self, &request_range_call, g_variant_new ("(stt)", guid, offset, length), NULL, cancellable,
        callback, user_data);
}

void
bts_worker_call_reconnect_async (BtsWorkerLink *self,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  call (self, &reconnect_call, NULL, NULL, cancellable, callback, user_data);
}

void
bts_worker_call_look_at_process_async (BtsWorkerLink *self,
                                       guint32 pid,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data)
{
  call (self, &look_at_process_call, g_variant_new ("(u)", pid), NULL, cancellable, callback,
        user_data);
}

gboolean
bts_worker_call_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error)
{
  g_autoptr (Answer) answer = g_task_propagate_pointer (G_TASK (result), error);

  return answer != NULL;
}

GVariant *
bts_worker_call_check_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) found = g_task_propagate_pointer (G_TASK (result), error);

  if (found == NULL || !bts_worker_answer_check_found (found, error))
    return NULL;
  return g_steal_pointer (&found);
}

GVariant *
bts_worker_call_look_at_process_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error)
{
  g_autoptr (Answer) answer = g_task_propagate_pointer (G_TASK (result), error);
  g_autoptr (GVariant) found = NULL;

  if (answer == NULL)
    return NULL;
  found = g_variant_get_child_value (answer->value, 0);
  return bts_worker_answer_check_process (found, error) ? g_steal_pointer (&found) : NULL;
}

int
bts_worker_call_open_result_finish (BtsWorkerLink *self, GAsyncResult *result, GError **error)
{
  g_autoptr (Answer) answer = g_task_propagate_pointer (G_TASK (result), error);
  int handle;

  if (answer == NULL)
    return -1;
  g_variant_get (answer->value, "(h)", &handle);
  if (answer->fds == NULL || handle < 0 || handle >= g_unix_fd_list_get_length (answer->fds))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "The worker has sent no descriptor");
      return -1;
    }
  return g_unix_fd_list_get (answer->fds, handle, error);
}
