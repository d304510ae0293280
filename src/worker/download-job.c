/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-job.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/download-body.h"
#include "worker/download-ranges.h"
#include "worker/download.h"

/* A slow download loses at most this much time in a crash. */
#define CHECKPOINT_INTERVAL_US (10 * G_USEC_PER_SEC)

/* A server may answer a range with nonsense, or change its file, so often. */
#define MAX_ROUNDS_WITHOUT_RANGE 2

static void
download_free (gpointer data)
{
  BtsDownload *self = data;

  g_clear_object (&self->destination);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_pointer (&self->request, g_variant_unref);
  for (guint i = 0; i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    g_clear_pointer (&self->checksums[i], bts_checksum_free);
  bts_download_report_clear (&self->report);
  bts_download_record_clear (&self->record);
  g_clear_pointer (&self->body, bts_download_body_free);
  if (self->file >= 0)
    close (self->file);
  if (self->body_file >= 0)
    close (self->body_file);
  g_free (self);
}

/* The body comes now: everything is made ready for its first byte. */
static gboolean
prepare_body (BtsDownload *self, const BtsTransportHead *head, GError **error)
{
  BtsProgress *progress = bts_transfer_job_get_progress (self->job);
  gboolean is_whole = head->body_offset == 0;

  if (is_whole && (bts_download_get_held (self) > 0 || self->position > 0) &&
      !bts_download_forget (self, error))
    return FALSE;
  if (!bts_download_take_file (self, head, error))
    return FALSE;
  if (!bts_destination_seek (self->destination, head->body_offset, error))
    return FALSE;
  self->position = head->body_offset;
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
  BtsDownload *self = user_data;
  BtsByteRange asked = { self->asked_offset, G_MAXUINT64 };

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

  self->plan = bts_download_decide (self, head, &asked, asked.offset > 0, error);
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
  BtsDownload *self = user_data;

  self->buffer = bts_destination_get_buffer (self->destination, size);
  return self->buffer;
}

/* Where the digest has not seen all before this, the rest is read back at the end. */
static void
add_to_checksum (BtsDownload *self, gsize size)
{
  for (guint i = 0; i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    if (self->checksums[i] != NULL &&
        bts_checksum_get_position (self->checksums[i]) == self->position)
      bts_checksum_update (self->checksums[i], self->buffer, size);
}

static gboolean
take_data (gsize size, gpointer user_data, GError **error)
{
  BtsDownload *self = user_data;

  add_to_checksum (self, size);
  if (!bts_destination_commit (self->destination, size, error))
    return FALSE;
  self->position += size;
  self->n_unsynced += size;
  bts_transfer_job_get_progress (self->job)->received = self->position;

  if (self->n_unsynced >= self->checkpoint_bytes ||
      g_get_monotonic_time () - self->last_sync >= CHECKPOINT_INTERVAL_US)
    {
      if (!bts_download_sync (self, error))
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
catch_up_checksum (BtsDownload *self, guint64 end, GError **error)
{
  for (guint i = 0; i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    {
      BtsChecksum *checksum = self->checksums[i];

      if (checksum == NULL)
        continue;
      if (bts_checksum_get_position (checksum) > end)
        bts_checksum_reset (checksum);
      if (!bts_destination_update_checksum (self->destination, checksum, end,
                                            bts_transfer_job_get_cancellable (self->job), error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
fetch_once (BtsDownload *self, GError **error)
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
  self->asked_offset =
      bts_download_record_may_resume (&self->record) ? bts_download_get_held (self) : 0;
  request.request = self->request;
  request.body = bts_download_body_get (self->body);
  request.cookies = self->record.cookies;
  request.offset = self->asked_offset;
  if (request.offset > 0)
    request.validator = self->record.validator;
  if (!catch_up_checksum (self, request.offset, error))
    return FALSE;
  return bts_transfer_job_run_transport (self->job, transport, &request, &sink, self, error);
}

/* A part may be less than was asked for (RFC 9110 §15.3.7). Where the server does not say how long
 * the file is, what comes after it says whether it was the last. */
static gboolean
has_more (BtsDownload *self)
{
  if (self->status_code != 206 || self->position <= self->asked_offset)
    return FALSE;
  return !self->record.is_total_known || self->position < self->record.total;
}

/* Asks until the whole is there; what has been passed on is held on return, also after an error,
 * unless it cannot be made durable. */
static gboolean
fetch (BtsDownload *self, GError **error)
{
  for (guint n_rounds_without_range = 0; n_rounds_without_range <= MAX_ROUNDS_WITHOUT_RANGE;)
    {
      g_autoptr (GError) local_error = NULL;
      gboolean is_done =
          !bts_transfer_job_is_stopping (self->job) && fetch_once (self, &local_error);

      if (!bts_download_sync (self, local_error == NULL ? error : NULL))
        {
          if (local_error != NULL)
            g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      self->position = bts_download_get_held (self);
      if (self->plan == BTS_RESUME_COMPLETE || (is_done && !has_more (self)))
        return TRUE;
      if (bts_transfer_job_is_stopping (self->job))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The job was stopped");
          return FALSE;
        }
      if (self->plan == BTS_RESUME_ASK_AGAIN)
        {
          n_rounds_without_range++;
          if (!bts_download_forget (self, error))
            return FALSE;
        }
      else if (!is_done && !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
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
verify_length (BtsDownload *self, GError **error)
{
  guint64 held = bts_download_get_held (self);

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
verify_content (BtsDownload *self, GError **error)
{
  static const char *const messages[] = {
    [BTS_DOWNLOAD_ASKED_CHECKSUM] =
        "The file that the server sent does not have the checksum asked for",
    [BTS_DOWNLOAD_SERVER_CHECKSUM] =
        "The file that has arrived does not have the digest that the server said",
  };

  if (!catch_up_checksum (self, self->record.total, error))
    return FALSE;
  for (guint i = 0; i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    {
      if (self->checksums[i] == NULL || bts_checksum_matches (self->checksums[i]))
        continue;
      if (bts_download_forget (self, error))
        g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CHECKSUM_MISMATCH, messages[i]);
      return FALSE;
    }
  return TRUE;
}

/* Gives the file its name, which is returned. */
static char *
complete (BtsDownload *self, GError **error)
{
  /* After a crash from here on, the daemon has to know which file was the partial one. */
  if (!verify_length (self, error) || !verify_content (self, error) ||
      !bts_download_report_save (&self->report, error))
    return NULL;
  return bts_destination_publish (self->destination, self->record.total, self->record.actual_uri,
                                  bts_transfer_job_get_cancellable (self->job), error);
}

static gboolean
holds_all (BtsDownload *self)
{
  return self->record.is_total_known && bts_download_get_held (self) == self->record.total;
}

static gboolean
is_whole_already (BtsDownload *self)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (self->job);
  const char *uri = NULL;

  g_variant_lookup (request, "uri", "&s", &uri);
  return bts_download_record_is_from (&self->record, uri) && self->record.validator != NULL &&
         holds_all (self);
}

static gboolean
open_destination (BtsDownload *self, GError **error)
{
  g_autoptr (GVariant) request = bts_transfer_job_dup_request (self->job);
  const char *checksum = NULL;
  gboolean has_random_access = FALSE;
  guint64 held_before = 0;

  g_variant_lookup (request, "random-access", "b", &has_random_access);
  self->is_in_order = !has_random_access;
  bts_download_record_init (&self->record, self->checkpoint);
  held_before = self->record.held;
  self->destination = bts_destination_open (request, bts_transfer_job_get_guid (self->job),
                                            self->record.destination, self->file, error);
  if (self->destination == NULL)
    return FALSE;
  bts_transfer_job_set_destination (self->job, self->destination);
  self->held_at_start = bts_download_get_total_held (self);
  bts_download_report_init (&self->report, self->job, self->destination, &self->record);
  self->report.has_restarted = held_before > self->held_at_start;
  if (g_variant_lookup (request, "checksum", "&s", &checksum))
    {
      self->checksums[BTS_DOWNLOAD_ASKED_CHECKSUM] = bts_checksum_new (checksum, error);
      if (self->checksums[BTS_DOWNLOAD_ASKED_CHECKSUM] == NULL)
        return FALSE;
    }
  if (self->record.digest != NULL && self->held_at_start > 0)
    self->checksums[BTS_DOWNLOAD_SERVER_CHECKSUM] = bts_checksum_new (self->record.digest, NULL);
  bts_download_restore_digests (self);
  self->is_descriptor = !g_variant_lookup (request, "destination", "&s", NULL);
  self->position = bts_download_get_held (self);
  self->last_sync = g_get_monotonic_time ();
  bts_transfer_job_get_progress (self->job)->received = self->held_at_start;
  bts_transfer_job_get_progress (self->job)->total = self->record.total;
  return TRUE;
}

static gboolean
fetch_all (BtsDownload *self, GError **error)
{
  if (!bts_download_open_body (self, error))
    return FALSE;
  if (!self->is_in_order && bts_download_fetch_ranges (self, error))
    return TRUE;
  return self->is_in_order && fetch (self, error);
}

/* An answer that went on beyond its announced end was not the whole, and one that broke the rules
 * within may have been another's from some place on: the next try must not build upon what it has
 * left. */
static gboolean
is_doubtful (BtsDownload *self)
{
  return holds_all (self) ||
         (self->is_in_order && bts_download_get_held (self) > self->asked_offset);
}

static gboolean
fetch_what_is_believed (BtsDownload *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (fetch_all (self, &local_error))
    return TRUE;
  if (g_error_matches (local_error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE) &&
      is_doubtful (self) && !bts_download_forget (self, error))
    return FALSE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* The whole download; returns the name that the file has now. */
static char *
run (BtsDownload *self, GError **error)
{
  if (!open_destination (self, error))
    return NULL;
  if (bts_destination_is_published (self->destination))
    return bts_destination_publish (self->destination, self->record.total, self->record.actual_uri,
                                    NULL, error);
  if (!is_whole_already (self) && !fetch_what_is_believed (self, error))
    return NULL;
  return complete (self, error);
}

/* Stopped before the end: what is durable is saved, and that is all that is said. */
static void
save_at_stop (BtsDownload *self)
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
  BtsDownload *self = data;
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
  end.made_progress = bts_download_get_total_held (self) > self->held_at_start;
  return bts_download_report_new_end (&self->report, &end);
}

void
bts_download_job_start (BtsTransferJob *job, const BtsDownloadSpec *spec)
{
  BtsDownload *self = g_new0 (BtsDownload, 1);

  self->new_transport = spec->new_transport;
  self->factory_data = spec->factory_data;
  self->checkpoint_bytes = spec->checkpoint_bytes;
  self->max_connections = spec->max_connections;
  self->checkpoint = spec->checkpoint != NULL ? g_variant_ref_sink (spec->checkpoint) : NULL;
  self->file = spec->file >= 0 ? fcntl (spec->file, F_DUPFD_CLOEXEC, 3) : -1;
  self->body_file = spec->body >= 0 ? fcntl (spec->body, F_DUPFD_CLOEXEC, 3) : -1;
  self->retry_after_us = -1;
  bts_transfer_job_start (job, download_main, self, download_free);
}
