/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-body.h"

#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/files/file-error.h"
#include "worker/files/source.h"
#include "worker/files/spool.h"
#include "worker/request-streams.h"

struct _BtsDownloadBody
{
  BtsSource *source; /* (owned) */
  BtsTransportPiece piece;
  BtsTransportBody body;
  BtsProgress *progress; /* (unowned) */
};

GVariant *
bts_download_body_check (int file, GError **error)
{
  g_autoptr (BtsSource) source = NULL;

  if (bts_source_check_fd (file, NULL) && bts_source_is_stream (file))
    return g_variant_ref_sink (g_variant_new_parsed ("{'is-stream': <true>}"));

  source = bts_source_open_fd (file, error);
  if (source != NULL)
    return bts_source_describe_fd (file);
  g_prefix_error_literal (error, "Option “body”: ");
  return NULL;
}

static BtsSource *
open_spool (const char *guid, GError **error)
{
  int fd = bts_spool_open (BTS_SPOOL_STREAM, guid, 0, error);
  BtsSource *source = fd >= 0 ? bts_source_open_fd (fd, error) : NULL;

  if (fd >= 0)
    close (fd);
  return source;
}

static BtsSource *
open_source (BtsDownload *self, GVariant *request, GVariant *found, GError **error)
{
  if (bts_request_streams_has (request, "body-file"))
    return open_spool (bts_transfer_job_get_guid (self->job), error);
  return self->body_file >= 0 ? bts_source_open_fd (self->body_file, error)
                              : bts_source_open_found (found, error);
}

static gboolean
on_begin (gpointer user_data, GError **error)
{
  return TRUE;
}

/* Each connection sends it; what is told is how far the foremost has come. */
static void
on_sent (guint64 n_bytes, gpointer user_data)
{
  BtsProgress *progress = ((BtsDownloadBody *) user_data)->progress;

  if (n_bytes > progress->sent)
    progress->sent = n_bytes;
}

static gboolean
on_verify (gpointer user_data, GError **error)
{
  return bts_source_verify (((BtsDownloadBody *) user_data)->source, error);
}

gboolean
bts_download_open_body (BtsDownload *self, GError **error)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (self->job);
  g_autoptr (GVariant) found =
                 g_variant_lookup_value (request, "body-file", G_VARIANT_TYPE_VARDICT);
  BtsSource *source;

  if (found == NULL)
    return TRUE;
  source = open_source (self, request, found, error);
  if (source == NULL)
    {
      bts_file_error_make_web (error);
      return FALSE;
    }

  self->body = g_new0 (BtsDownloadBody, 1);
  self->body->source = source;
  self->body->piece = (BtsTransportPiece){ .fd = source->fd, .length = source->info.size };
  self->body->body = (BtsTransportBody){
    .pieces = &self->body->piece,
    .n_pieces = 1,
    .length = source->info.size,
    .begin = on_begin,
    .sent = on_sent,
    .verify = on_verify,
    .user_data = self->body,
  };
  self->body->progress = bts_transfer_job_get_progress (self->job);
  self->body->progress->total_to_send = source->info.size;
  return TRUE;
}

void
bts_download_body_free (BtsDownloadBody *self)
{
  bts_source_free (self->source);
  g_free (self);
}

const BtsTransportBody *
bts_download_body_get (BtsDownloadBody *self)
{
  return self != NULL ? &self->body : NULL;
}
