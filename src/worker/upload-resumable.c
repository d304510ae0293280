/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-resumable.h"

#include <string.h>

#include "common/bgt-web-error.h"

/* Below that, asking costs more than sending again. */
#define MIN_RESUMABLE_BYTES (1024 * 1024)

/* A server may lose what it has, or contradict itself, so often in one try. */
#define MAX_SURPRISES 5

typedef struct
{
  const char *name;
  const char *version_header;
  const char *version;
  const char *create_method; /* (nullable): the application's where NULL */
  const char *patch_type;
  gboolean says_complete; /* whether more is to come, with Upload-Complete */
} Protocol;

static const Protocol protocols[] = {
  { "tus", "Tus-Resumable", "1.0.0", "POST", "application/offset+octet-stream", FALSE },
  { "ietf", "Upload-Draft-Interop-Version", "8", NULL, "application/partial-upload", TRUE },
};

/* One run through a protocol. */
typedef struct
{
  BtsUpload *upload; /* (unowned) */
  const Protocol *protocol;
  guint64 total;
  guint64 offset; /* what the server has */
  gboolean is_offset_known;
  gboolean is_complete;
  guint64 max_append; /* 0 without limit */
  guint n_surprises;
} Run;

static const Protocol *
find_protocol (const char *name)
{
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (protocols); i++)
    {
      if (g_str_equal (protocols[i].name, name))
        return &protocols[i];
    }
  return NULL;
}

static const char *
get_uri (BtsUpload *self)
{
  const char *uri = "";

  g_variant_lookup (self->request, "uri", "&s", &uri);
  return uri;
}

static const char *
get_method (BtsUpload *self)
{
  gboolean has_parts = g_variant_lookup (self->request, "parts", "aa{sv}", NULL);
  const char *method = has_parts ? "POST" : "PUT";

  g_variant_lookup (self->request, "method", "&s", &method);
  return method;
}

/* Which protocol */

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

/* Whatever becomes of the question, the upload does not fail by it. */
static const char *
ask (BtsUpload *self)
{
  const BtsUploadStep step = { .method = "OPTIONS", .uri = get_uri (self), .is_question = TRUE };
  const char *found = bts_upload_memory_lookup (self->memory, step.uri);

  if (found != NULL)
    return found;
  bts_upload_run_step (self, &step, NULL);
  if (self->status_code == 0)
    return "";
  found = self->status_code < 300 ? read_options (self) : "";
  bts_upload_memory_store (self->memory, step.uri, found);
  return found;
}

const char *
bts_upload_resumable_choose (BtsUpload *self)
{
  const char *wanted = "auto";
  const char *method = get_method (self);
  const char *found;

  g_variant_lookup (self->request, "resumable", "&s", &wanted);
  if (self->body->length == 0 || g_str_equal (wanted, "none"))
    return "";
  if (find_protocol (wanted) != NULL)
    return find_protocol (wanted)->name;
  if (self->record.upload_uri != NULL && find_protocol (self->record.protocol) != NULL)
    return find_protocol (self->record.protocol)->name;
  if (self->body->length < MIN_RESUMABLE_BYTES ||
      (!g_str_equal (method, "PUT") && !g_str_equal (method, "POST")))
    return "";

  found = ask (self);
  /* tus takes files, not forms. */
  return self->body->content_type != NULL && g_str_equal (found, "tus") ? "" : found;
}

/* Headers */

static void
add (GVariantBuilder *headers, const char *name, const char *value)
{
  g_variant_builder_add (headers, "{ss}", name, value);
}

static void
add_number (GVariantBuilder *headers, const char *name, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  add (headers, name, text);
}

static GVariant *
end_headers (GVariantBuilder *headers)
{
  return g_variant_ref_sink (g_variant_builder_end (headers));
}

static gboolean
read_number (BtsUpload *self, const char *name, guint64 *number)
{
  const char *text = bts_upload_get_header (self, name);

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, number, NULL);
}

/* The member @name of the dictionary Upload-Limit (RFC 8941 §3.2). */
static gboolean
read_limit (BtsUpload *self, const char *name, guint64 *number)
{
  const char *text = bts_upload_get_header (self, "Upload-Limit");
  g_auto (GStrv) members = text != NULL ? g_strsplit (text, ",", -1) : NULL;

  for (guint i = 0; members != NULL && members[i] != NULL; i++)
    {
      const char *member = g_strstrip (members[i]);

      if (g_str_has_prefix (member, name) && member[strlen (name)] == '=' &&
          g_ascii_string_to_unsigned (member + strlen (name) + 1, 10, 0, G_MAXINT64, number, NULL))
        return TRUE;
    }
  return FALSE;
}

static gboolean
take_limits (Run *run, GError **error)
{
  guint64 max_size;
  guint64 max_append;

  if (read_limit (run->upload, "max-append-size", &max_append) && max_append > 0)
    run->max_append = max_append;
  if (!read_limit (run->upload, "max-size", &max_size) || run->total <= max_size)
    return TRUE;
  g_set_error (error, BGT_WEB_ERROR, 413,
               "The server takes at most %" G_GUINT64_FORMAT " bytes, these are %" G_GUINT64_FORMAT,
               max_size, run->total);
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
      (given != NULL && g_variant_lookup (given, "Upload-Metadata", "&s", NULL)))
    return;
  name = g_path_get_basename (source);
  encoded = g_base64_encode ((const guchar *) name, strlen (name));
  metadata = g_strdup_printf ("filename %s", encoded);
  add (headers, "Upload-Metadata", metadata);
}

static gboolean
create (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  const Protocol *protocol = run->protocol;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  BtsUploadStep step = { .uri = get_uri (self), .has_body = TRUE };

  step.method = protocol->create_method != NULL ? protocol->create_method : get_method (self);
  step.type = self->body->content_type;
  add (&builder, protocol->version_header, protocol->version);
  add_number (&builder, "Upload-Length", run->total);
  if (protocol->says_complete)
    add (&builder, "Upload-Complete", "?0");
  else
    add_metadata (&builder, self);
  headers = end_headers (&builder);
  step.headers = headers;
  if (!bts_upload_run_step (self, &step, error))
    return FALSE;
  if (!take_location (run, error) || !take_limits (run, error))
    return FALSE;
  confirm (run, 0);
  return bts_upload_save (self, error);
}

static void
forget_upload (Run *run)
{
  BtsUpload *self = run->upload;

  self->has_restarted = self->has_restarted || self->record.confirmed > 0;
  g_clear_pointer (&self->record.upload_uri, g_free);
  self->record.confirmed = 0;
  self->confirmed_at_start = 0;
  run->n_surprises++;
}

static gboolean
is_gone (guint status_code)
{
  return status_code == 404 || status_code == 410;
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

  add (&builder, run->protocol->version_header, run->protocol->version);
  headers = end_headers (&builder);
  step.headers = headers;
  if (!bts_upload_run_step (self, &step, &local_error))
    {
      if (is_gone (self->status_code) && run->n_surprises < MAX_SURPRISES)
        {
          forget_upload (run);
          return TRUE;
        }
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!read_number (self, "Upload-Offset", &offset) || offset > run->total)
    return fail ("The server does not say rightly how much it has", error);
  complete = bts_upload_get_header (self, "Upload-Complete");
  run->is_complete = complete != NULL ? g_str_equal (complete, "?1") : offset == run->total;
  if (run->is_complete && offset != run->total)
    return fail ("The server takes for complete what is not", error);
  confirm (run, offset);
  return take_limits (run, error);
}

/* The server has other bytes than were thought. */
static gboolean
take_conflict (Run *run)
{
  guint64 offset;

  if (++run->n_surprises > MAX_SURPRISES)
    return FALSE;
  run->is_offset_known = FALSE;
  if (run->upload->status_code == 409 && read_number (run->upload, "Upload-Offset", &offset) &&
      offset <= run->total && offset != run->offset)
    confirm (run, offset);
  return TRUE;
}

static gboolean
take_append_failure (Run *run, GError *local_error, GError **error)
{
  BtsUpload *self = run->upload;
  g_autoptr (GError) taken = local_error;
  gboolean is_reconnect = g_error_matches (taken, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
                          !bts_transfer_job_is_stopping (self->job);

  run->is_offset_known = FALSE;
  if (is_gone (self->status_code) && run->n_surprises < MAX_SURPRISES)
    {
      forget_upload (run);
      return TRUE;
    }
  if (is_reconnect || (self->status_code == 409 && take_conflict (run)))
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&taken));
  return FALSE;
}

static gboolean
append (Run *run, GError **error)
{
  BtsUpload *self = run->upload;
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  GError *local_error = NULL;
  guint64 left = run->total - run->offset;
  BtsUploadStep step = { .method = "PATCH", .uri = self->record.upload_uri, .has_body = TRUE };
  guint64 offset;

  step.offset = run->offset;
  step.length = run->max_append > 0 ? MIN (left, run->max_append) : left;
  step.keeps_answer = step.length == left;
  add (&builder, run->protocol->version_header, run->protocol->version);
  add (&builder, "Content-Type", run->protocol->patch_type);
  add_number (&builder, "Upload-Offset", run->offset);
  if (run->protocol->says_complete)
    add (&builder, "Upload-Complete", step.keeps_answer ? "?1" : "?0");
  headers = end_headers (&builder);
  step.headers = headers;
  if (!bts_upload_run_step (self, &step, &local_error))
    return take_append_failure (run, local_error, error);

  /* What the server says counts, where it says anything. */
  if (!read_number (self, "Upload-Offset", &offset))
    offset = run->offset + step.length;
  if (offset > run->total || (offset < run->offset + step.length && !take_conflict (run)))
    return fail ("The server does not say rightly how much it has", error);
  confirm (run, offset);
  run->is_complete = offset == run->total;
  return run->is_complete || bts_upload_save (self, error);
}

static gboolean
go_on (Run *run, GError **error)
{
  if (bts_transfer_job_is_stopping (run->upload->job))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped");
      return FALSE;
    }
  if (run->upload->record.upload_uri == NULL)
    return create (run, error);
  if (!run->is_offset_known)
    return query (run, error);
  return append (run, error);
}

BtsResumableResult
bts_upload_resumable_send (BtsUpload *self, const char *protocol, GError **error)
{
  Run run = {
    .upload = self,
    .protocol = find_protocol (protocol),
    .total = self->body->length,
  };

  if (g_strcmp0 (self->record.protocol, protocol) != 0)
    g_clear_pointer (&self->record.upload_uri, g_free);
  while (!run.is_complete)
    {
      if (go_on (&run, error))
        continue;
      if (self->record.upload_uri == NULL && self->status_code >= 300)
        return BTS_RESUMABLE_REFUSED;
      return BTS_RESUMABLE_FAILED;
    }
  return BTS_RESUMABLE_DONE;
}

gboolean
bts_upload_resumable_terminate (BtsUpload *self, GError **error)
{
  const Protocol *protocol = find_protocol (self->record.protocol);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  g_autoptr (GVariant) headers = NULL;
  BtsUploadStep step = { .method = "DELETE", .uri = self->record.upload_uri, .is_question = TRUE };

  if (protocol == NULL || self->record.upload_uri == NULL)
    return TRUE;
  add (&builder, protocol->version_header, protocol->version);
  headers = end_headers (&builder);
  step.headers = headers;
  return bts_upload_run_step (self, &step, error);
}
