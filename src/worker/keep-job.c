/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/keep-job.h"

#include "common/bgt-web-error.h"
#include "worker/files/stream-spool.h"
#include "worker/request-streams.h"

typedef struct
{
  GArray *streams;    /* (owned) (element-type int) */
  BtsSpoolRoom *room; /* (owned) */
  char *application;  /* (owned) */
} Keeping;

static void
keeping_free (gpointer data)
{
  Keeping *self = data;

  g_array_unref (self->streams);
  bts_spool_room_unref (self->room);
  g_free (self->application);
  g_free (self);
}

static gboolean
keep (Keeping *self, BtsTransferJob *job, GError **error)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (job);
  const char *guid = bts_transfer_job_get_guid (job);
  guint n_streams = bts_request_streams_count (request);
  const BtsStreamSpool spool = {
    .guid = guid,
    .streams = (const int *) (gpointer) self->streams->data,
    .n_streams = n_streams,
    .room = self->room,
    .application = self->application,
    .n_kept = &bts_transfer_job_get_progress (job)->total_to_send,
    .cancellable = bts_transfer_job_get_cancellable (job),
  };
  BtsStreamsState state = bts_stream_spool_get_state (guid, n_streams);

  if (state == BTS_STREAMS_WHOLE)
    return TRUE;
  if (state == BTS_STREAMS_BROKEN_OFF)
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR,
                         "The service was interrupted while it read the stream, and what it had "
                         "read is lost");
  else if (self->streams->len != n_streams)
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND,
                         "The stream has gone before its end was read");
  else
    return bts_stream_spool_keep (&spool, error);
  bts_stream_spool_empty (guid, n_streams);
  return FALSE;
}

static GVariant *
keep_main (BtsTransferJob *job, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (NULL);
  gboolean is_kept = keep (data, job, &error);

  if (!is_kept && bts_transfer_job_is_stopping (job))
    return NULL;
  g_variant_dict_insert (&update, "source-is-kept", "b", is_kept);
  g_variant_dict_insert (&update, "total-bytes-to-send", "t",
                         bts_transfer_job_get_progress (job)->total_to_send);
  if (!is_kept)
    bts_transfer_job_add_error (&update, error);
  return g_variant_ref_sink (g_variant_dict_end (&update));
}

void
bts_keep_job_start (BtsTransferJob *job,
                    GArray *streams,
                    BtsSpoolRoom *room,
                    const char *application)
{
  Keeping *self = g_new0 (Keeping, 1);

  self->room = bts_spool_room_ref (room);
  self->application = g_strdup (application);
  self->streams = g_array_ref (streams);
  bts_transfer_job_start (job, keep_main, self, keeping_free);
}
