/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-job.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/download-record.h"
#include "worker/download-report.h"
#include "worker/files/checksum.h"
#include "worker/files/destination.h"
#include "worker/resume-plan.h"

/* A slow download loses at most this much time in a crash. */
#define CHECKPOINT_INTERVAL_US (10 * G_USEC_PER_SEC)

/* A server may answer a range with nonsense, or change its file, so often. */
#define MAX_ROUNDS_WITHOUT_RANGE 2

/* The state of a download; the job's thread only. */
typedef struct
{
  BtsTransferJob *job; /* (unowned) */
  BtsTransportFactory new_transport;
  gpointer factory_data; /* (unowned) */
  guint64 checkpoint_bytes;
  GVariant *checkpoint; /* (owned) (nullable): given by the daemon */
  int file;             /* (owned) or -1 */

  GVariant *request;           /* (owned): of the round under way */
  const char *uri;             /* (unowned) in it */
  BtsDestination *destination; /* (owned) (nullable) */
  BtsDownloadRecord record;
  BtsDownloadReport report;
  BtsChecksum *checksum; /* (owned) (nullable) */
  guint64 held_at_start;
  gboolean is_descriptor;

  guint64 asked_offset; /* of the round under way */
  guint64 position;     /* where the next byte goes */
  gpointer buffer;      /* (unowned): what the next bytes are put in */
  guint64 n_unsynced;
  gint64 last_sync;
  BtsResumePlan plan;    /* of the round's answer */
  guint status_code;     /* likewise; 0 before */
  gint64 retry_after_us; /* likewise */
} Download;

static void
download_free (gpointer data)
{
  Download *self = data;

  g_clear_object (&self->destination);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_pointer (&self->request, g_variant_unref);
  g_clear_pointer (&self->checksum, bts_checksum_free);
  bts_download_report_clear (&self->report);
  bts_download_record_clear (&self->record);
  if (self->file >= 0)
    close (self->file);
  g_free (self);
}

static guint64
get_held (Download *self)
{
  g_autoptr (BtsByteRanges) held = NULL;

  if (self->destination == NULL)
    return 0;
  held = bts_destination_dup_held (self->destination);
  return bts_byte_ranges_get_held_from (held, 0);
}

static gboolean
sync_destination (Download *self, GError **error)
{
  if (!bts_destination_sync (self->destination, error))
    return FALSE;
  self->n_unsynced = 0;
  self->last_sync = g_get_monotonic_time ();
  return TRUE;
}

/* The bytes held are of a file that the server no longer has. */
static gboolean
forget_bytes (Download *self, GError **error)
{
  if (get_held (self) > 0 || self->position > 0)
    bts_download_report_take_restart (&self->report);
  if (!bts_destination_restart (self->destination, error))
    return FALSE;
  self->position = 0;
  self->n_unsynced = 0;
  if (self->checksum != NULL)
    bts_checksum_reset (self->checksum);
  bts_transfer_job_get_progress (self->job)->received = 0;
  return TRUE;
}

static BtsResumePlan
decide (Download *self, const BtsTransportHead *head, GError **error)
{
  BtsResumeState state = {
    .asked_offset = self->asked_offset,
    .asked_length = G_MAXUINT64,
    .held_total = self->record.is_total_known ? self->record.total : 0,
    .held_bytes = self->asked_offset,
    .validator = self->asked_offset > 0 ? self->record.validator : NULL,
  };
  BtsResumePlan plan = bts_resume_plan_decide (&state, head, error);

  /* Beyond what the plan knows: without a strong validator the time of change has to agree, and
   * a part that begins elsewhere than asked cannot be joined to what is held. */
  if (plan == BTS_RESUME_CONTINUE && head->body_offset != self->asked_offset)
    return BTS_RESUME_ASK_AGAIN;
  if ((plan == BTS_RESUME_CONTINUE || plan == BTS_RESUME_COMPLETE) && self->asked_offset > 0 &&
      !bts_download_record_fits_head (&self->record, head))
    return BTS_RESUME_ASK_AGAIN;
  return plan;
}

/* The body comes now: everything is made ready for its first byte. */
static gboolean
prepare_body (Download *self, const BtsTransportHead *head, GError **error)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);
  gboolean is_whole = head->body_offset == 0;

  if (is_whole && (get_held (self) > 0 || self->position > 0) && !forget_bytes (self, error))
    return FALSE;
  if (bts_download_record_take_head (&self->record, head))
    self->report.has_response_changed = TRUE;
  bts_download_record_take_uri (&self->record, self->uri);
  if (self->record.is_total_known &&
      !bts_destination_expect (self->destination, self->record.total, error))
    return FALSE;
  if (!bts_destination_seek (self->destination, head->body_offset, error))
    return FALSE;
  self->position = head->body_offset;
  progress->total = self->record.total;
  progress->received = self->position;

  /* The application's own file is emptied in place: an old claim on it must be gone first. */
  if (self->is_descriptor && self->report.has_restarted)
    return bts_download_report_save (&self->report, error);
  bts_download_report_send_soon (&self->report);
  return TRUE;
}

static gboolean
take_head (const BtsTransportHead *head, gpointer user_data, GError **error)
{
  Download *self = user_data;

  self->status_code = head->status_code;
  self->retry_after_us = head->retry_after_us;
  bts_download_report_take_response (&self->report, head);
  self->plan = BTS_RESUME_FAIL;
  if (head->status_code >= 300 && head->status_code != 416)
    {
      g_set_error (error, BGT_WEB_ERROR, (int) head->status_code,
                   "The server answered with status %u", head->status_code);
      return FALSE;
    }

  self->plan = decide (self, head, error);
  switch (self->plan)
    {
    case BTS_RESUME_CONTINUE:
    case BTS_RESUME_START_OVER:
      return prepare_body (self, head, error);
    case BTS_RESUME_COMPLETE:
    case BTS_RESUME_ASK_AGAIN:
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE,
                           "The server's answer to the request for a part does not fit");
      return FALSE;
    case BTS_RESUME_FAIL:
      return FALSE;
    }
  g_assert_not_reached ();
}

static gpointer
get_buffer (gsize *size, gpointer user_data)
{
  Download *self = user_data;

  self->buffer = bts_destination_get_buffer (self->destination, size);
  return self->buffer;
}

/* Where the digest has not seen all before this, the rest is read back at the end. */
static void
add_to_checksum (Download *self, gsize size)
{
  if (self->checksum != NULL && bts_checksum_get_position (self->checksum) == self->position)
    bts_checksum_update (self->checksum, self->buffer, size);
}

static gboolean
take_data (gsize size, gpointer user_data, GError **error)
{
  Download *self = user_data;

  add_to_checksum (self, size);
  if (!bts_destination_commit (self->destination, size, error))
    return FALSE;
  self->position += size;
  self->n_unsynced += size;
  bts_transfer_job_get_progress (self->job)->received = self->position;

  if (self->n_unsynced >= self->checkpoint_bytes ||
      g_get_monotonic_time () - self->last_sync >= CHECKPOINT_INTERVAL_US)
    {
      if (!sync_destination (self, error))
        return FALSE;
      self->report.is_due = TRUE;
    }
  if (self->report.is_due)
    bts_download_report_send_soon (&self->report);
  return TRUE;
}

static const BtsTransportSink sink = { take_head, get_buffer, take_data };

/* Before the connection is made: no server has to wait for the disk. */
static gboolean
catch_up_checksum (Download *self, guint64 end, GError **error)
{
  if (self->checksum == NULL)
    return TRUE;
  if (bts_checksum_get_position (self->checksum) > end)
    bts_checksum_reset (self->checksum);
  return bts_destination_update_checksum (self->destination, self->checksum, end,
                                          bts_transfer_job_get_cancellable (self->job), error);
}

static gboolean
fetch_once (Download *self, GError **error)
{
  g_autoptr (BtsTransport) transport = NULL;
  BtsTransportRequest request = { .length = G_MAXUINT64 };

  g_clear_pointer (&self->request, g_variant_unref);
  self->request = bts_transfer_job_dup_request (self->job);
  g_variant_lookup (self->request, "uri", "&s", &self->uri);
  request.uri = self->uri;
  transport = self->new_transport (request.uri, self->factory_data);
  if (transport == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                           "Nothing here can fetch this kind of URI");
      return FALSE;
    }

  self->plan = BTS_RESUME_CONTINUE;
  self->status_code = 0;
  self->retry_after_us = -1;
  self->asked_offset = bts_download_record_may_resume (&self->record) ? get_held (self) : 0;
  request.request = self->request;
  request.offset = self->asked_offset;
  if (request.offset > 0)
    request.validator = self->record.validator;
  if (!catch_up_checksum (self, request.offset, error))
    return FALSE;
  return bts_transfer_job_run_transport (self->job, transport, &request, &sink, self, error);
}

/* Asks until the whole is there; what has been passed on is held on return, also after an error,
 * unless it cannot be made durable. */
static gboolean
fetch (Download *self, GError **error)
{
  for (guint n_rounds_without_range = 0; n_rounds_without_range <= MAX_ROUNDS_WITHOUT_RANGE;)
    {
      g_autoptr (GError) local_error = NULL;
      gboolean is_done =
          !bts_transfer_job_is_stopping (self->job) && fetch_once (self, &local_error);

      if (!sync_destination (self, local_error == NULL ? error : NULL))
        {
          if (local_error != NULL)
            g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      self->position = get_held (self);
      if (is_done || self->plan == BTS_RESUME_COMPLETE)
        return TRUE;
      if (bts_transfer_job_is_stopping (self->job))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped");
          return FALSE;
        }
      if (self->plan == BTS_RESUME_ASK_AGAIN)
        {
          n_rounds_without_range++;
          if (!forget_bytes (self, error))
            return FALSE;
        }
      else if (!g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE,
                       "The server answered with a part where the whole file was asked for");
  return FALSE;
}

/* Everything that was to come is there, all of it durable. */
static gboolean
verify_length (Download *self, GError **error)
{
  guint64 held = get_held (self);

  if (!self->record.is_total_known)
    {
      self->record.is_total_known = TRUE;
      self->record.total = held;
      self->report.is_due = TRUE;
    }
  if (held != self->record.total)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                   "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " bytes have arrived", held,
                   self->record.total);
      return FALSE;
    }
  bts_transfer_job_get_progress (self->job)->received = held;
  bts_transfer_job_get_progress (self->job)->total = held;
  return TRUE;
}

/* A wrong file is forgotten at once, so that another try fetches all of it. */
static gboolean
verify_content (Download *self, GError **error)
{
  if (self->checksum == NULL)
    return TRUE;
  if (!catch_up_checksum (self, self->record.total, error))
    return FALSE;
  if (bts_checksum_matches (self->checksum))
    return TRUE;
  if (!forget_bytes (self, error))
    return FALSE;
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CHECKSUM_MISMATCH,
                       "The file that the server sent does not have the checksum asked for");
  return FALSE;
}

/* Gives the file its name, which is returned. */
static char *
complete (Download *self, GError **error)
{
  /* After a crash from here on, the daemon has to know which file was the partial one. */
  if (!verify_length (self, error) || !verify_content (self, error) ||
      !bts_download_report_save (&self->report, error))
    return NULL;
  return bts_destination_publish (self->destination, self->record.total, self->record.actual_uri,
                                  error);
}

static gboolean
is_whole_already (Download *self)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (self->job);
  const char *uri = NULL;

  g_variant_lookup (request, "uri", "&s", &uri);
  return bts_download_record_is_from (&self->record, uri) && self->record.validator != NULL &&
         self->record.is_total_known && get_held (self) == self->record.total;
}

static gboolean
open_destination (Download *self, GError **error)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (self->job);
  const char *checksum = NULL;
  guint64 held_before = 0;

  bts_download_record_init (&self->record, self->checkpoint);
  held_before = self->record.held;
  self->destination = bts_destination_open (request, bts_transfer_job_get_guid (self->job),
                                            self->record.destination, self->file, error);
  if (self->destination == NULL)
    return FALSE;
  self->held_at_start = get_held (self);
  bts_download_report_init (&self->report, self->job, self->destination, &self->record);
  self->report.has_restarted = held_before > self->held_at_start;
  if (g_variant_lookup (request, "checksum", "&s", &checksum))
    {
      self->checksum = bts_checksum_new (checksum, error);
      if (self->checksum == NULL)
        return FALSE;
    }
  self->is_descriptor = !g_variant_lookup (request, "destination", "&s", NULL);
  self->position = self->held_at_start;
  self->last_sync = g_get_monotonic_time ();
  bts_transfer_job_get_progress (self->job)->received = self->held_at_start;
  bts_transfer_job_get_progress (self->job)->total = self->record.total;
  return TRUE;
}

/* The whole download; returns the name that the file has now. */
static char *
run (Download *self, GError **error)
{
  if (!open_destination (self, error))
    return NULL;
  if (bts_destination_is_published (self->destination))
    return bts_destination_publish (self->destination, self->record.total, self->record.actual_uri,
                                    error);
  if (!is_whole_already (self) && !fetch (self, error))
    return NULL;
  return complete (self, error);
}

/* Stopped before the end: what is durable is saved, and that is all that is said. */
static void
save_at_stop (Download *self)
{
  if (self->destination == NULL)
    return;
  bts_download_report_send (&self->report);
  /* Where the daemon could not save, it keeps the checkpoint before. */
  bts_transfer_job_wait_for_answers (self->job, NULL);
}

static GVariant *
download_main (BtsTransferJob *job, gpointer data)
{
  Download *self = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *destination = NULL;
  BtsDownloadEnd end = { .retry_after_us = -1 };

  self->job = job;
  destination = run (self, &error);
  if (destination == NULL && bts_transfer_job_is_stopping (job))
    {
      save_at_stop (self);
      return NULL;
    }
  if (error != NULL)
    g_info ("Download %s ends: %s", bts_transfer_job_get_guid (job), error->message);
  /* An answer that is still to come must not overtake the end. */
  bts_transfer_job_wait_for_answers (job, NULL);
  end.destination = destination;
  end.error = error;
  if (self->status_code >= 300)
    end.retry_after_us = self->retry_after_us;
  end.made_progress = get_held (self) > self->held_at_start;
  return bts_download_report_new_end (&self->report, &end);
}

void
bts_download_job_start (BtsTransferJob *job, const BtsDownloadSpec *spec)
{
  Download *self = g_new0 (Download, 1);

  self->new_transport = spec->new_transport;
  self->factory_data = spec->factory_data;
  self->checkpoint_bytes = spec->checkpoint_bytes;
  self->checkpoint = spec->checkpoint != NULL ? g_variant_ref_sink (spec->checkpoint) : NULL;
  self->file = spec->file >= 0 ? fcntl (spec->file, F_DUPFD_CLOEXEC, 3) : -1;
  self->retry_after_us = -1;
  bts_transfer_job_start (job, download_main, self, download_free);
}
