/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-resumable.h"

#include <string.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-headers.h"
#include "worker/upload-protocol.h"

/* A server may lose what it has, or contradict itself, so often in one try. */
#define MAX_SURPRISES 5

/* One run through a protocol. */
typedef struct
{
  BtsUpload *upload; /* (unowned) */
  const BtsUploadProtocol *protocol;
  guint64 total;
  guint64 offset; /* what the server has */
  gboolean is_offset_known;
  gboolean is_complete;
  gboolean is_refused; /* the server takes no part, or not for this */
  guint64 max_append;  /* 0 without limit */
  guint n_surprises;
} Run;

static gboolean
is_too_small (Run *run)
{
  guint64 limit;

  return bts_upload_read_limit (run->upload, "min-size", &limit) && run->total < limit;
}

static gboolean
take_limits (Run *run, GError **error)
{
  guint64 limit;

  if (bts_upload_read_limit (run->upload, "max-append-size", &limit) && limit > 0)
    run->max_append = limit;
  if (bts_upload_read_limit (run->upload, "max-size", &limit) && run->total > limit)
    g_set_error (error, BGT_WEB_ERROR, 413,
                 "The server takes at most %" G_GUINT64_FORMAT
                 " bytes, these are %" G_GUINT64_FORMAT,
                 limit, run->total);
  else if (is_too_small (run))
    g_set_error (error, BGT_WEB_ERROR, 400,
                 "These are %" G_GUINT64_FORMAT
                 " bytes, and the server resumes only larger uploads",
                 run->total);
  else
    return TRUE;
  return FALSE;
}

static void
confirm (Run *run, guint64 offset)
{
  run->offset = offset;
  run->is_offset_known = TRUE;
  run->upload->record.confirmed = offset;
  bts_transfer_job_get_progress (run->upload->job)->sent = offset;
}

static gboolean
fail (const char *problem, GError **error)
{
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, problem);
  return FALSE;
}

/* Steps */

/* Where the server wants the bytes. */
static gboolean
take_location (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  const char *location = bts_upload_get_header (self, "Location");
  g_autofree char *uri = NULL;

  if (location != NULL && self->actual_uri != NULL)
    uri = g_uri_resolve_relative (self->actual_uri, location, G_URI_FLAGS_ENCODED, NULL);
  if (uri == NULL || !(g_str_has_prefix (uri, "http://") || g_str_has_prefix (uri, "https://")))
    return fail ("The server does not say where the upload goes", error);
  if (g_str_has_prefix (self->actual_uri, "https://") && !g_str_has_prefix (uri, "https://"))
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_HTTPS_TO_HTTP_ON_REDIRECTION,
                           "The server sends the upload from https to http");
      return FALSE;
    }
  g_free (self->record.upload_uri);
  self->record.upload_uri = g_steal_pointer (&uri);
  g_free (self->record.created_for);
  self->record.created_for = g_strdup (bts_upload_get_uri (self));
  g_free (self->record.protocol);
  self->record.protocol = g_strdup (run->protocol->name);
  return TRUE;
}

static void
add_metadata (GVariantBuilder *headers, BtsUpload *self)
{
  const char *source = NULL;
  g_autofree char *name = NULL;
  g_autofree char *encoded = NULL;
  g_autofree char *metadata = NULL;
  g_autoptr (GVariant) given =
                 g_variant_lookup_value (self->request, "headers", G_VARIANT_TYPE ("a{ss}"));

  if (!g_variant_lookup (self->request, "source", "&s", &source) ||
      bts_http_headers_lookup (given, "Upload-Metadata") != NULL)
    return;
  name = g_path_get_basename (source);
  encoded = g_base64_encode ((const guchar *) name, strlen (name));
  metadata = g_strdup_printf ("filename %s", encoded);
  bts_upload_add_header (headers, "Upload-Metadata", metadata);
}

gboolean
bts_upload_resumable_terminate (BtsUpload *self, GError **error)
{
  const BtsUploadProtocol *protocol = bts_upload_protocol_find (self->record.protocol);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  BtsUploadStep step = { .method = "DELETE", .uri = self->record.upload_uri, .is_question = TRUE };

  if (protocol == NULL || self->record.upload_uri == NULL)
    return TRUE;
  bts_upload_add_header (&builder, protocol->version_header, protocol->version);
  headers = bts_upload_end_headers (&builder);
  step.headers = headers;
  return bts_upload_run_step (self, &step, error);
}

/* What says that the server cannot do this at all, and not that it could not now. */
static gboolean
is_refusal (guint status_code)
{
  static const guint others[] = { 401, 407, 408, 413, 429, 503 };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      if (others[i] == status_code)
        return FALSE;
    }
  return status_code >= 300;
}

static gboolean
take_creation (Run *run, gboolean is_done, GError **error)
{
  BtsUpload *self = run->upload;
  const char *uri = bts_upload_get_uri (self);

  run->is_refused = is_done ? !take_location (run, error) : is_refusal (self->status_code);
  if (is_done && !run->is_refused)
    bts_upload_memory_confirm (self->memory, uri);
  else if (run->is_refused)
    bts_upload_memory_correct (self->memory, uri);
  return is_done && !run->is_refused;
}

static gboolean
create (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  const BtsUploadProtocol *protocol = run->protocol;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  BtsUploadStep step = { .uri = bts_upload_get_uri (self), .has_body = TRUE };

  step.method =
      protocol->create_method != NULL ? protocol->create_method : bts_upload_get_method (self);
  step.type = self->body->content_type;
  bts_upload_add_header (&builder, protocol->version_header, protocol->version);
  bts_upload_add_number (&builder, "Upload-Length", run->total);
  if (protocol->says_complete)
    bts_upload_add_header (&builder, "Upload-Complete", "?0");
  else
    add_metadata (&builder, self);
  headers = bts_upload_end_headers (&builder);
  step.headers = headers;
  if (!take_creation (run, bts_upload_run_step (self, &step, error), error))
    return FALSE;
  if (!take_limits (run, error))
    {
      /* Then it may come as a whole. */
      run->is_refused = TRUE;
      bts_upload_resumable_terminate (self, NULL);
      bts_upload_record_forget_upload (&self->record);
      return FALSE;
    }
  confirm (run, 0);
  run->is_complete = run->total == 0 && !protocol->says_complete;
  if (run->is_complete)
    bts_upload_keep_last_response (self);
  return bts_upload_save (self, error);
}

static gboolean
is_gone (guint status_code)
{
  return status_code == 404 || status_code == 410;
}

static void
begin_anew (BtsUpload *self)
{
  self->has_restarted = self->has_restarted || self->record.was_sent;
  bts_upload_record_forget_upload (&self->record);
  self->confirmed_at_start = 0;
}

/* The server does not know the upload any more. */
static gboolean
start_over (Run *run, GError **error)
{
  BtsUpload *self = run->upload;

  if (self->record.is_finishing && !bts_upload_may_repeat (self))
    {
      self->must_not_repeat = TRUE;
      g_set_error (error, BGT_WEB_ERROR, (int) self->status_code,
                   "The server does not know the upload any more and may have received all of it; "
                   "without allow-restart it is not sent twice");
      return FALSE;
    }
  if (++run->n_surprises > MAX_SURPRISES)
    return fail ("The server forgets the upload again and again", error);
  begin_anew (self);
  return TRUE;
}

static gboolean
is_consistent (Run *run, guint64 offset)
{
  guint64 length;

  return offset <= run->total &&
         (bts_upload_get_header (run->upload, "Upload-Length") == NULL ||
          (bts_upload_read_number (run->upload, "Upload-Length", &length) && length == run->total));
}

static gboolean
query (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  g_autoptr (GError) local_error = NULL;
  BtsUploadStep step = { .method = "HEAD", .uri = self->record.upload_uri, .is_question = TRUE };
  const char *complete;
  guint64 offset;

  bts_upload_add_header (&builder, run->protocol->version_header, run->protocol->version);
  headers = bts_upload_end_headers (&builder);
  step.headers = headers;
  if (!bts_upload_run_step (self, &step, &local_error))
    {
      if (is_gone (self->status_code))
        return start_over (run, error);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!bts_upload_read_number (self, "Upload-Offset", &offset) || !is_consistent (run, offset))
    return fail ("The server does not say rightly how much it has", error);
  complete = bts_upload_get_header (self, "Upload-Complete");
  run->is_complete = complete != NULL ? g_str_equal (complete, "?1") : offset == run->total;
  if (run->is_complete && offset != run->total)
    return fail ("The server takes for complete what is not", error);
  confirm (run, offset);
  /* The answer to its last bytes is lost. */
  if (run->is_complete)
    bts_upload_keep_last_response (self);
  else
    self->record.is_finishing = FALSE;
  return run->is_complete || take_limits (run, error);
}

/* The server has other bytes than were thought; it is asked unless it has said which. */
static gboolean
take_conflict (Run *run)
{
  guint64 offset;

  run->is_offset_known = FALSE;
  if (++run->n_surprises > MAX_SURPRISES)
    return FALSE;
  if (bts_upload_read_number (run->upload, "Upload-Offset", &offset) && offset <= run->total &&
      offset != run->offset)
    confirm (run, offset);
  return TRUE;
}

/* Why the server refuses more may be that it has everything, or nothing. FALSE, and no error, where
 * it is neither. */
static gboolean
explain_refusal (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  guint status_code = self->status_code;
  g_autoptr (GError) local_error = NULL;

  if (status_code != 400 && !is_gone (status_code))
    return FALSE;
  if (query (run, &local_error) && (run->is_complete || self->record.upload_uri == NULL))
    return TRUE;
  run->is_offset_known = FALSE;
  if (self->must_not_repeat)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Less at once may be welcome. */
static gboolean
take_smaller_limit (Run *run)
{
  guint64 limit;

  if (run->upload->status_code != 413 ||
      !bts_upload_read_limit (run->upload, "max-append-size", &limit) || limit == 0 ||
      (run->max_append > 0 && limit >= run->max_append))
    return FALSE;
  run->max_append = limit;
  return TRUE;
}

/* A failure of what was to be done with the whole, not of its sending (draft, Upload Append). */
static gboolean
is_of_the_whole (Run *run)
{
  return run->protocol->says_complete &&
         g_strcmp0 (bts_upload_get_header (run->upload, "Upload-Complete"), "?1") == 0;
}

static gboolean
take_append_failure (Run *run, const GError *cause, GError **error)
{
  BtsUpload *self = run->upload;
  g_autoptr (GError) better = NULL;

  run->is_offset_known = FALSE;
  if (is_of_the_whole (run))
    {
      self->must_not_repeat = !bts_upload_may_repeat (self);
      bts_upload_record_forget_upload (&self->record);
    }
  else if (take_smaller_limit (run) ||
           (self->status_code == 409 ? take_conflict (run) : explain_refusal (run, &better)))
    return TRUE;
  g_propagate_error (error, better != NULL ? g_steal_pointer (&better) : g_error_copy (cause));
  return FALSE;
}

/* What the server says counts, where it says anything. */
static gboolean
take_appended (Run *run, guint64 length, GError **error)
{
  BtsUpload *self = run->upload;
  const char *complete = bts_upload_get_header (self, "Upload-Complete");
  guint64 expected = run->offset + length;
  guint64 offset = expected;
  gboolean is_told = bts_upload_read_number (self, "Upload-Offset", &offset);

  run->is_offset_known = is_told || run->protocol->says_complete;
  if (!run->is_offset_known)
    return ++run->n_surprises <= MAX_SURPRISES ||
           fail ("The server does not say how much it has", error);
  if (offset > run->total || (offset <= run->offset && offset < expected && !take_conflict (run)))
    return fail ("The server does not say rightly how much it has", error);
  confirm (run, offset);
  run->is_complete =
      offset == run->total && (!run->protocol->says_complete || g_strcmp0 (complete, "?0") != 0);
  if (offset == run->total && !run->is_complete && !take_conflict (run))
    return fail ("The server has everything and does not take it for complete", error);
  return run->is_complete || bts_upload_save (self, error);
}

static gboolean
append (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  g_autoptr (GError) local_error = NULL;
  guint64 left = run->total - run->offset;
  BtsUploadStep step = { .method = "PATCH",
                         .uri = self->record.upload_uri,
                         .has_body = TRUE,
                         .redirections = BTS_TRANSPORT_REDIRECTIONS_REPEATING };

  step.offset = run->offset;
  step.length = run->max_append > 0 ? MIN (left, run->max_append) : left;
  step.is_last = step.length == left;
  step.keeps_answer = step.is_last;
  bts_upload_add_header (&builder, run->protocol->version_header, run->protocol->version);
  bts_upload_add_header (&builder, "Content-Type", run->protocol->patch_type);
  bts_upload_add_number (&builder, "Upload-Offset", run->offset);
  if (run->protocol->says_complete)
    bts_upload_add_header (&builder, "Upload-Complete", step.is_last ? "?1" : "?0");
  headers = bts_upload_end_headers (&builder);
  step.headers = headers;
  if (!bts_upload_run_step (self, &step, &local_error))
    return take_append_failure (run, local_error, error);
  return take_appended (run, step.length, error);
}

static gboolean
go_on (Run *run, GError **error)
{
  bts_upload_take_request (run->upload);
  if (run->upload->record.upload_uri == NULL)
    return create (run, error);
  if (run->is_offset_known)
    return append (run, error);
  if (query (run, error))
    return TRUE;
  if (run->upload->status_code != 0)
    bts_upload_keep_last_response (run->upload);
  return FALSE;
}

static gboolean
is_stopped (BtsUpload *self, GError **error)
{
  if (!bts_transfer_job_is_stopping (self->job))
    return FALSE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped");
  return TRUE;
}

BtsResumableResult
bts_upload_resumable_send (BtsUpload *self, const char *protocol, GError **error)
{
  Run run = {
    .upload = self,
    .protocol = bts_upload_protocol_find (protocol),
    .total = self->body->length,
  };

  if (g_strcmp0 (self->record.protocol, protocol) != 0)
    bts_upload_record_forget_upload (&self->record);
  while (!run.is_complete)
    {
      g_autoptr (GError) local_error = NULL;

      if (is_stopped (self, error))
        return BTS_RESUMABLE_FAILED;
      if (go_on (&run, &local_error))
        continue;
      /* A new connection is wanted: the network is another one. */
      run.is_offset_known = FALSE;
      if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        continue;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return run.is_refused ? BTS_RESUMABLE_REFUSED : BTS_RESUMABLE_FAILED;
    }
  return BTS_RESUMABLE_DONE;
}

/* Without its query: that may well be a signature that has been renewed. */
static gboolean
is_same_target (const char *uri, const char *other)
{
  gsize length = strcspn (uri, "?#");

  return length == strcspn (other, "?#") && strncmp (uri, other, length) == 0;
}

void
bts_upload_resumable_check_target (BtsUpload *self)
{
  if (self->record.upload_uri == NULL ||
      (self->record.created_for != NULL &&
       is_same_target (self->record.created_for, bts_upload_get_uri (self))))
    return;
  begin_anew (self);
}
