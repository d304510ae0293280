/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-question.h"

#include <string.h>

#include "common/bgt-web-error.h"
#include "worker/upload-protocol.h"

/* Below that, asking costs more than sending again. */
#define MIN_RESUMABLE_BYTES (1024 * 1024)

/* A plain upload waits that long at most for a server that does not answer. */
#define QUESTION_TIMEOUT_MS 5000

static const char *
read_options (BtsUpload *self)
{
  const char *versions = bts_upload_get_header (self, "Tus-Version");
  const char *extensions = bts_upload_get_header (self, "Tus-Extension");
  const char *patch = bts_upload_get_header (self, "Accept-Patch");

  if (versions != NULL && strstr (versions, "1.0.0") != NULL && extensions != NULL &&
      strstr (extensions, "creation") != NULL)
    return "tus";
  if (bts_upload_get_header (self, "Upload-Limit") != NULL ||
      (patch != NULL && strstr (patch, "application/partial-upload") != NULL))
    return "ietf";
  return "";
}

/* A server that has no time, or wants to know first who asks, may well say something else later. */
static gboolean
is_passing (guint status_code)
{
  static const guint passing[] = { 401, 403, 407, 408, 425, 429, 500, 502, 503, 504 };

  for (gsize i = 0; i < G_N_ELEMENTS (passing); i++)
    {
      if (passing[i] == status_code)
        return TRUE;
    }
  return FALSE;
}

static BtsUploadMemoryTerm
get_term (BtsUpload *self, const GError *error)
{
  /* Of the server, or of what is between here and there: nobody can tell. */
  static const int failures[] = {
    BGT_WEB_ERROR_TIMEOUT,
    BGT_WEB_ERROR_CONNECTION_ABORTED,
    BGT_WEB_ERROR_CONNECTION_RESET,
    BGT_WEB_ERROR_DISCONNECTED,
  };

  if (self->status_code != 0)
    return is_passing (self->status_code) ? BTS_UPLOAD_MEMORY_FOR_NOW : BTS_UPLOAD_MEMORY_FOR_GOOD;
  /* That is an answer, too. */
  if (g_error_matches (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE))
    return BTS_UPLOAD_MEMORY_FOR_GOOD;
  for (gsize i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      if (g_error_matches (error, BGT_WEB_ERROR, failures[i]))
        return BTS_UPLOAD_MEMORY_FOR_NOW;
    }
  return BTS_UPLOAD_MEMORY_NOTHING;
}

/* As far as the answer says; it is not remembered. */
static gboolean
is_within_limits (BtsUpload *self)
{
  guint64 limit;

  return !(bts_upload_read_limit (self, "max-size", &limit) && self->body->length > limit) &&
         !(bts_upload_read_limit (self, "min-size", &limit) && self->body->length < limit);
}

/* Whatever becomes of the question, the upload does not fail by it. */
static const char *
ask (BtsUpload *self)
{
  const BtsUploadStep step = {
    .method = "OPTIONS",
    .uri = bts_upload_get_uri (self),
    .is_question = TRUE,
    .timeout_ms = QUESTION_TIMEOUT_MS,
    .redirections = BTS_TRANSPORT_REDIRECTIONS_NONE,
  };
  g_autoptr (GError) error = NULL;
  const char *found = bts_upload_memory_begin_question (
      self->memory, step.uri, bts_transfer_job_get_cancellable (self->job));

  if (found != NULL)
    return found;
  found = bts_upload_run_step (self, &step, &error) ? read_options (self) : "";
  bts_upload_memory_end_question (self->memory, step.uri, found, get_term (self, error));
  return found;
}

const char *
bts_upload_choose_protocol (BtsUpload *self)
{
  const char *wanted = "auto";
  const char *method = bts_upload_get_method (self);
  const BtsUploadProtocol *protocol;
  const char *found;

  g_variant_lookup (self->request, "resumable", "&s", &wanted);
  if (g_str_equal (wanted, "none"))
    return "";
  protocol = bts_upload_protocol_find (wanted);
  if (protocol == NULL && self->record.upload_uri != NULL)
    protocol = bts_upload_protocol_find (self->record.protocol);
  if (protocol != NULL)
    return protocol->name;
  if (self->body->length < MIN_RESUMABLE_BYTES ||
      (!g_str_equal (method, "PUT") && !g_str_equal (method, "POST")))
    return "";

  found = ask (self);
  if (!is_within_limits (self))
    return "";
  /* tus takes files, not forms. */
  return self->body->content_type != NULL && g_str_equal (found, "tus") ? "" : found;
}
