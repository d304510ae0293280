/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-job.h"

#include "common/bgt-enums.h"
#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"
#include "worker/transport/http-headers.h"
#include "worker/transport/multipart-body.h"
#include "worker/upload-question.h"
#include "worker/upload-resumable.h"
#include "worker/upload.h"

static void
upload_free (gpointer data)
{
  BtsUpload *self = data;

  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_pointer (&self->request, g_variant_unref);
  g_clear_pointer (&self->body, bts_upload_body_free);
  g_clear_pointer (&self->response, g_variant_unref);
  g_clear_pointer (&self->headers, g_variant_unref);
  g_clear_pointer (&self->last_response, g_variant_unref);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->actual_uri, g_free);
  bts_upload_record_clear (&self->record);
  bts_upload_answer_clear (&self->answer);
  bts_spool_room_unref (self->room);
  g_clear_pointer (&self->application, g_free);
  g_clear_pointer (&self->files, g_array_unref);
  g_free (self);
}

/* The body */

static gboolean
open_body (BtsUpload *self, GError **error)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);

  if (self->record.boundary == NULL)
    self->record.boundary = bts_multipart_new_boundary ();
  self->body = bts_upload_body_open (self->request, bts_transfer_job_get_guid (self->job),
                                     self->files, self->record.boundary, error);
  if (self->body == NULL)
    {
      bts_file_error_make_web (error);
      return FALSE;
    }
  if (self->record.files != NULL &&
      !bts_upload_body_matches (self->body, self->record.files, error))
    return FALSE;
  if (self->record.files == NULL)
    self->record.files = bts_upload_body_to_states (self->body);
  progress->total_to_send = self->body->length;
  return TRUE;
}

/* Sending */

/* The same on each try, so that a server that knows it does the thing once. */
static GVariant *
new_key_header (BtsUpload *self)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) given =
                 g_variant_lookup_value (self->request, "headers", G_VARIANT_TYPE ("a{ss}"));

  if (!bts_upload_may_repeat (self) || bts_upload_is_idempotent (self) ||
      bts_http_headers_lookup (given, "Idempotency-Key") != NULL)
    return NULL;
  if (self->record.key == NULL)
    self->record.key = g_uuid_string_random ();
  g_variant_builder_add (&builder, "{ss}", "Idempotency-Key", self->record.key);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gboolean
send_plain_once (BtsUpload *self, GError **error)
{
  g_autoptr (GVariant) headers = new_key_header (self);
  BtsUploadStep step = {
    .method = bts_upload_get_method (self),
    .uri = bts_upload_get_uri (self),
    .headers = headers,
    .has_body = TRUE,
    .length = self->body->length,
    .type = self->body->content_type,
    .is_one_shot = !bts_upload_may_repeat (self),
    .keeps_answer = TRUE,
  };

  self->has_restarted = self->has_restarted || self->record.was_sent;
  bts_transfer_job_get_progress (self->job)->sent = 0;
  if (headers != NULL ? !bts_upload_save (self, error) : FALSE)
    return FALSE;
  return bts_upload_run_step (self, &step, error);
}

static gboolean
send_plain (BtsUpload *self, GError **error)
{
  for (;;)
    {
      g_autoptr (GError) local_error = NULL;

      if (bts_transfer_job_is_stopping (self->job))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped");
          return FALSE;
        }
      if (send_plain_once (self, &local_error))
        return TRUE;
      /* A new connection is wanted: the network is another one. */
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
          !bts_transfer_job_is_stopping (self->job) && !self->record.is_sending)
        {
          bts_upload_take_request (self);
          continue;
        }
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
}

static gboolean
is_automatic (BtsUpload *self)
{
  const char *wanted = "auto";

  g_variant_lookup (self->request, "resumable", "&s", &wanted);
  return g_str_equal (wanted, "auto");
}

static gboolean
send (BtsUpload *self, GError **error)
{
  const char *protocol;
  g_autoptr (GError) local_error = NULL;
  BtsResumableResult result;

  bts_upload_resumable_check_target (self);
  protocol = bts_upload_choose_protocol (self);
  if (*protocol == '\0')
    return send_plain (self, error);
  result = bts_upload_resumable_send (self, protocol, &local_error);
  if (result == BTS_RESUMABLE_DONE)
    return TRUE;
  if (result == BTS_RESUMABLE_REFUSED && is_automatic (self))
    return send_plain (self, error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
run (BtsUpload *self, GError **error)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);

  /* Where it can be resumed the server is asked what it has. */
  if (self->record.is_sending && self->record.upload_uri == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CONNECTION_ABORTED,
                           "The service was interrupted while it sent, and the server may have "
                           "received it; without allow-restart it is not sent twice");
      return FALSE;
    }
  if (!open_body (self, error))
    return FALSE;
  bts_upload_post (self);
  if (!send (self, error))
    return FALSE;
  progress->sent = self->body->length;
  return TRUE;
}

/* The end */

static void
fill_error (BtsUpload *self, GVariantDict *update, const GError *error, gboolean was_committed)
{
  bts_transfer_job_add_error (update, error);
  g_variant_dict_insert (update, "may-retry", "b", !was_committed);
  if (self->status_code >= 300)
    g_variant_dict_insert (update, "retry-after", "x", self->retry_after_us);
}

/* An upload that is tried again after an error takes everything as it is then. */
static void
forget_try (BtsUpload *self, const GError *error)
{
  gboolean has_changed = g_error_matches (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED);

  self->record.is_sending = FALSE;
  /* What is complete is the server's own, and not to be removed there. */
  if (error == NULL || self->must_not_repeat)
    bts_upload_record_forget_upload (&self->record);
  if (error == NULL || has_changed)
    g_clear_pointer (&self->record.files, g_variant_unref);
  if (!has_changed)
    return;
  /* What the server has, and by which key it knows it, is of the file as it was. */
  g_clear_pointer (&self->record.created_for, g_free);
  g_clear_pointer (&self->record.key, g_free);
}

static GVariant *
new_end (BtsUpload *self, const GError *error)
{
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (NULL);
  gboolean was_committed = self->record.is_sending || self->must_not_repeat;
  gboolean has_progress = self->record.confirmed > self->confirmed_at_start;

  forget_try (self, error);
  g_variant_unref (bts_upload_fill (self, &update));
  g_variant_dict_insert (&update, "made-progress", "b", has_progress);
  if (error != NULL)
    fill_error (self, &update, error, was_committed);
  else
    g_variant_dict_insert (&update, "web-error-status", "s", "");
  return g_variant_ref_sink (g_variant_dict_end (&update));
}

static GVariant *
upload_main (BtsTransferJob *job, gpointer data)
{
  BtsUpload *self = data;
  g_autoptr (GError) error = NULL;
  gboolean is_done;

  self->job = job;
  self->confirmed_at_start = self->record.confirmed;
  bts_upload_take_request (self);
  is_done = run (self, &error);
  if (!is_done && bts_transfer_job_is_stopping (job))
    {
      bts_upload_post (self);
      /* Where the daemon could not save, it keeps the checkpoint before. */
      bts_transfer_job_wait_for_answers (job, NULL);
      return NULL;
    }
  if (error != NULL)
    g_info ("Upload %s ends: %s", bts_transfer_job_get_guid (job), error->message);
  /* An answer that is still to come must not overtake the end. */
  bts_transfer_job_wait_for_answers (job, NULL);
  return new_end (self, error);
}

static BtsUpload *
upload_new (const BtsUploadSpec *spec)
{
  BtsUpload *self = g_new0 (BtsUpload, 1);

  self->new_transport = spec->new_transport;
  self->factory_data = spec->factory_data;
  self->memory = spec->memory;
  self->checkpoint = spec->checkpoint != NULL ? g_variant_ref_sink (spec->checkpoint) : NULL;
  self->files = spec->files != NULL ? g_array_ref (spec->files) : NULL;
  self->room = bts_spool_room_ref (spec->room);
  self->application = g_strdup (spec->application);
  self->retry_after_us = -1;
  bts_upload_record_init (&self->record, self->checkpoint);
  return self;
}

gboolean
bts_upload_job_is_for (GVariant *request)
{
  const char *kind = NULL;

  return g_variant_lookup (request, "kind", "&s", &kind) &&
         g_str_equal (kind, bgt_operation_kind_to_string (BGT_OPERATION_KIND_UPLOAD));
}

void
bts_upload_job_start (BtsTransferJob *job, const BtsUploadSpec *spec)
{
  bts_transfer_job_start (job, upload_main, upload_new (spec), upload_free);
}

static GVariant *
terminate_main (BtsTransferJob *job, gpointer data)
{
  BtsUpload *self = data;
  g_autoptr (GError) error = NULL;

  self->job = job;
  bts_upload_take_request (self);
  if (!bts_upload_resumable_terminate (self, &error))
    g_info ("%s: the server keeps what it has got: %s", bts_transfer_job_get_guid (job),
            error->message);
  return NULL;
}

static void
on_terminated (BtsTransferJob *job, GVariant *update, gpointer user_data)
{
  bts_transfer_job_unref (job);
}

/* It saves nothing. */
static const BtsTransferJobEvents termination_events = { NULL, on_terminated };

void
bts_upload_job_terminate (const char *guid, GVariant *request, const BtsUploadSpec *spec)
{
  BtsUpload *self = upload_new (spec);

  if (self->record.upload_uri == NULL)
    upload_free (self);
  else
    bts_transfer_job_start (bts_transfer_job_new (guid, request, &termination_events, NULL),
                            terminate_main, self, upload_free);
}
