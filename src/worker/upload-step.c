/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/bgt-web-error.h"
#include "worker/download-record.h"
#include "worker/files/spool.h"
#include "worker/transport/http-headers.h"
#include "worker/upload.h"

/* Of a body up to that long it need not outlive a crash that some of it was sent. */
#define NOTED_BYTES (1024 * 1024)

/* RFC 9110 §9.2.2: what may be asked for twice. */
static const char *const idempotent_methods[] = {
  "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", NULL,
};

const char *
bts_upload_get_uri (BtsUpload *self)
{
  const char *uri = "";

  g_variant_lookup (self->request, "uri", "&s", &uri);
  return uri;
}

const char *
bts_upload_get_method (BtsUpload *self)
{
  gboolean has_parts = g_variant_lookup (self->request, "parts", "aa{sv}", NULL);
  const char *method = has_parts ? "POST" : "PUT";

  g_variant_lookup (self->request, "method", "&s", &method);
  return method;
}

gboolean
bts_upload_is_idempotent (BtsUpload *self)
{
  return g_strv_contains (idempotent_methods, bts_upload_get_method (self));
}

gboolean
bts_upload_may_repeat (BtsUpload *self)
{
  gboolean allow_restart = FALSE;

  g_variant_lookup (self->request, "allow-restart", "b", &allow_restart);
  return allow_restart || bts_upload_is_idempotent (self);
}

void
bts_upload_take_request (BtsUpload *self)
{
  g_clear_pointer (&self->request, g_variant_unref);
  self->request = bts_transfer_job_dup_request (self->job);
}

GVariant *
bts_upload_fill (BtsUpload *self, GVariantDict *update)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);
  GVariant *checkpoint = bts_upload_record_to_checkpoint (&self->record);

  g_variant_dict_insert_value (update, "checkpoint", checkpoint);
  /* Before it is open, what was said of it before is still true. */
  if (self->body != NULL)
    {
      g_variant_dict_insert (update, "bytes-sent", "t", progress->sent);
      g_variant_dict_insert (update, "total-bytes-to-send", "t", progress->total_to_send);
    }
  g_variant_dict_insert (update, "is-committed", "b", self->record.is_sending);
  if (self->has_restarted)
    g_variant_dict_insert (update, "has-restarted", "b", TRUE);
  if (self->response != NULL)
    g_variant_dict_insert_value (update, "response", self->response);
  self->has_restarted = FALSE;
  g_clear_pointer (&self->response, g_variant_unref);
  return checkpoint;
}

void
bts_upload_post (BtsUpload *self)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) checkpoint = bts_upload_fill (self, &dict);
  g_autoptr (GVariant) update = g_variant_ref_sink (g_variant_dict_end (&dict));

  bts_transfer_job_post_checkpoint (self->job, update, checkpoint);
}

gboolean
bts_upload_save (BtsUpload *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  bts_upload_post (self);
  if (bts_transfer_job_wait_for_answers (self->job, &local_error))
    return TRUE;
  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR,
               "The service cannot save how far it is: %s", local_error->message);
  return FALSE;
}

const char *
bts_upload_get_header (BtsUpload *self, const char *name)
{
  return bts_http_headers_lookup (self->headers, name);
}

/* The body */

/* What must not be sent twice is in the store as sent before the first byte of it goes out. */
static gboolean
commit (BtsUpload *self, GError **error)
{
  self->record.is_sending = TRUE;
  bts_transfer_job_set_keeps_connection (self->job, TRUE);
  if (bts_upload_save (self, error) && !bts_transfer_job_is_stopping (self->job))
    return TRUE;

  self->record.is_sending = FALSE;
  if (error != NULL && *error == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped");
  return FALSE;
}

static gboolean
on_begin (gpointer user_data, GError **error)
{
  BtsUpload *self = user_data;

  if (self->step->is_one_shot && !self->record.is_sending && !commit (self, error))
    return FALSE;
  bts_transfer_job_get_progress (self->job)->sent = self->step->offset;
  if (self->record.was_sent || self->step->length == 0)
    return TRUE;

  self->record.was_sent = TRUE;
  if (self->step->length > NOTED_BYTES)
    bts_upload_post (self);
  return TRUE;
}

static void
on_sent (guint64 n_bytes, gpointer user_data)
{
  BtsUpload *self = user_data;

  bts_transfer_job_get_progress (self->job)->sent = self->step->offset + n_bytes;
}

static gboolean
on_verify (gpointer user_data, GError **error)
{
  BtsUpload *self = user_data;

  if (!bts_upload_body_verify (self->body, error))
    return FALSE;
  if (!self->step->is_last || self->record.is_finishing || bts_upload_may_repeat (self))
    return TRUE;
  /* Without its last bytes the server does nothing with it. */
  self->record.is_finishing = TRUE;
  return bts_upload_save (self, error);
}

/* The answer */

static GVariant *
new_response (BtsUpload *self, const BtsTransportHead *head)
{
  g_autoptr (GVariant) response = bts_download_response_new (head);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (response);
  gboolean is_resumable = self->record.upload_uri != NULL;

  g_variant_dict_insert (&dict, "is-resumable", "b", is_resumable);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
take_head (const BtsTransportHead *head, gpointer user_data, GError **error)
{
  BtsUpload *self = user_data;

  self->status_code = head->status_code;
  self->retry_after_us = head->retry_after_us;
  g_clear_pointer (&self->headers, g_variant_unref);
  self->headers = g_variant_ref (head->headers);
  g_free (self->actual_uri);
  self->actual_uri = g_strdup (head->actual_uri);
  g_clear_pointer (&self->last_response, g_variant_unref);
  self->last_response = new_response (self, head);
  if (self->step->is_question || (!self->step->keeps_answer && head->status_code < 300))
    {
      bts_upload_answer_clear (&self->answer);
      if (!self->step->is_question || head->body_length == 0)
        return TRUE;
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "Nothing more is wanted");
      return FALSE;
    }

  g_clear_pointer (&self->response, g_variant_unref);
  self->response = g_variant_ref (self->last_response);
  bts_upload_answer_begin (&self->answer, self->room, bts_transfer_job_get_guid (self->job),
                           self->application);
  return TRUE;
}

static gpointer
get_buffer (gsize *size, gpointer user_data)
{
  BtsUpload *self = user_data;

  return bts_upload_answer_get_buffer (&self->answer, size);
}

static gboolean
take_data (gsize size, gpointer user_data, GError **error)
{
  BtsUpload *self = user_data;

  if ((self->answer.file == NULL && self->answer.cut_cause == NULL) ||
      bts_upload_answer_commit (&self->answer, size))
    return TRUE;
  /* Nobody waits for the rest, which may be endless. */
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE, self->answer.cut_cause);
  return FALSE;
}

static const BtsTransportSink sink = { take_head, get_buffer, take_data };

static void
tell_cut_answer (BtsUpload *self, const char *cause)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_message ("%s: not all of the server's answer is kept: %s",
             bts_transfer_job_get_guid (self->job), cause);
  if (self->response == NULL)
    return;
  g_variant_dict_init (&dict, self->response);
  g_variant_dict_insert (&dict, "is-truncated", "b", TRUE);
  g_variant_unref (self->response);
  self->response = g_variant_ref_sink (g_variant_dict_end (&dict));
}

void
bts_upload_keep_last_response (BtsUpload *self)
{
  g_clear_pointer (&self->response, g_variant_unref);
  self->response = g_variant_ref (self->last_response);
  /* One of an earlier try, which would be taken for it. */
  bts_spool_remove_answer (bts_transfer_job_get_guid (self->job));
}

/* The request */

static void
add_headers (GVariantBuilder *builder, GVariant *headers, GVariant *others)
{
  GVariantIter iter;
  const char *name, *value;

  if (headers == NULL)
    return;
  g_variant_iter_init (&iter, headers);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    {
      if (bts_http_headers_lookup (others, name) == NULL)
        g_variant_builder_add (builder, "{ss}", name, value);
    }
}

static const char *const secret_keys[] = { "server-credential", "cookies" };

static GVariant *
new_request (BtsUpload *self, const BtsUploadStep *step)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (self->request);
  g_autoptr (GVariant) given =
                 g_variant_lookup_value (self->request, "headers", G_VARIANT_TYPE ("a{ss}"));
  g_auto (GVariantBuilder) headers = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));

  /* What proves who the application is goes to no other server. */
  if (bts_upload_is_same_origin (step->uri, bts_upload_get_uri (self)))
    add_headers (&headers, given, step->headers);
  else
    for (gsize i = 0; i < G_N_ELEMENTS (secret_keys); i++)
      g_variant_dict_remove (&dict, secret_keys[i]);
  add_headers (&headers, step->headers, NULL);
  g_variant_dict_insert (&dict, "method", "s", step->method);
  g_variant_dict_insert_value (&dict, "headers", g_variant_builder_end (&headers));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
on_too_late (gpointer user_data)
{
  bts_transport_cancel (user_data);
  return G_SOURCE_REMOVE;
}

/* In the main loop, so that nothing the thread waits for is left out. */
static GSource *
new_timer (BtsTransport *transport, guint timeout_ms)
{
  GSource *timer = g_timeout_source_new (timeout_ms);

  g_source_set_callback (timer, on_too_late, g_object_ref (transport), g_object_unref);
  g_source_attach (timer, NULL);
  return timer;
}

static gboolean
run_in_time (BtsUpload *self,
             const BtsUploadStep *step,
             const BtsTransportRequest *asked,
             GError **error)
{
  g_autoptr (GSource) timer =
                 step->timeout_ms > 0 ? new_timer (self->transport, step->timeout_ms) : NULL;
  g_autoptr (GError) local_error = NULL;
  gboolean is_done =
      bts_transfer_job_run_transport (self->job, self->transport, asked, &sink, self, &local_error);
  gboolean is_cancelled = g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  gboolean is_late = timer != NULL && g_source_is_destroyed (timer);

  if (timer != NULL)
    g_source_destroy (timer);
  /* One that was cancelled stays so. */
  if (is_cancelled || is_late)
    g_clear_object (&self->transport);
  if (is_cancelled && is_late && !bts_transfer_job_is_stopping (self->job))
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_TIMEOUT,
                         "The server has not answered in time");
  else if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return is_done;
}

static gboolean
run_transport (BtsUpload *self, const BtsUploadStep *step, GError **error)
{
  g_autoptr (GVariant) request = new_request (self, step);
  g_autoptr (GArray) pieces = step->has_body
                                  ? bts_upload_body_slice (self->body, step->offset, step->length)
                                  : g_array_new (FALSE, FALSE, sizeof (BtsTransportPiece));
  BtsTransportBody body = {
    .pieces = (const BtsTransportPiece *) (gpointer) pieces->data,
    .n_pieces = pieces->len,
    .length = step->length,
    .content_type = step->type,
    .begin = on_begin,
    .sent = on_sent,
    .verify = on_verify,
    .user_data = self,
  };
  BtsTransportRequest asked = {
    .uri = step->uri,
    .request = request,
    .length = G_MAXUINT64,
    .body = step->has_body ? &body : NULL,
    .wants_any_answer = !step->is_question,
    .redirections = step->redirections,
    .cookies = self->record.cookies,
  };

  if (self->transport == NULL)
    self->transport = self->new_transport (step->uri, self->factory_data);
  if (self->transport == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                           "Nothing here can send to this kind of URI");
      return FALSE;
    }
  return run_in_time (self, step, &asked, error);
}

gboolean
bts_upload_run_step (BtsUpload *self, const BtsUploadStep *step, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gboolean is_done;
  gboolean is_taken;

  self->step = step;
  self->status_code = 0;
  self->retry_after_us = -1;
  g_clear_pointer (&self->headers, g_variant_unref);
  is_done = run_transport (self, step, &local_error);
  bts_transfer_job_set_keeps_connection (self->job, FALSE);
  bts_upload_answer_end (&self->answer);
  /* The server has taken it; that not all of what it says came is no reason to send it again. */
  is_taken = is_done || (self->status_code >= 200 && self->status_code < 300);
  if (self->answer.cut_cause != NULL)
    tell_cut_answer (self, self->answer.cut_cause);
  else if (is_taken && !is_done && self->answer.file != NULL)
    tell_cut_answer (self, local_error->message);
  if (!is_taken)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return is_taken;
}
