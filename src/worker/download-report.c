/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-report.h"

#include "common/bgt-web-error.h"

#define MAX_SAVE_ATTEMPTS 10
#define SAVE_RETRY_US G_USEC_PER_SEC

void
bts_download_report_init (BtsDownloadReport *self,
                          BtsTransferJob *job,
                          BtsDestination *destination,
                          const BtsDownloadRecord *record)
{
  *self = (BtsDownloadReport){ .job = job, .destination = destination, .record = record };
  self->told = bts_destination_dup_held (destination);
}

void
bts_download_report_clear (BtsDownloadReport *self)
{
  g_clear_pointer (&self->told, bts_byte_ranges_free);
  g_clear_pointer (&self->response, g_variant_unref);
  g_clear_pointer (&self->digests, g_variant_unref);
}

void
bts_download_report_take_response (BtsDownloadReport *self, const BtsTransportHead *head)
{
  g_clear_pointer (&self->response, g_variant_unref);
  self->response = bts_download_response_new (head);
}

void
bts_download_report_take_restart (BtsDownloadReport *self)
{
  self->has_restarted = TRUE;
  self->names_file = FALSE;
  g_clear_pointer (&self->digests, g_variant_unref);
  g_clear_pointer (&self->told, bts_byte_ranges_free);
  self->told = bts_byte_ranges_new ();
}

/* The ranges of @now that are not in @before; a(tt), floating. */
static GVariant *
new_added (const BtsByteRanges *before, const BtsByteRanges *now)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(tt)"));

  for (guint i = 0; i < bts_byte_ranges_get_count (now); i++)
    {
      BtsByteRange range = bts_byte_ranges_get_nth (now, i);
      guint64 end = range.offset + range.length;
      BtsByteRange gap = { 0, 0 };

      for (guint64 from = range.offset;
           from < end && bts_byte_ranges_get_gap (before, from, end, &gap);
           from = gap.offset + gap.length)
        g_variant_builder_add (&builder, "(tt)", gap.offset, gap.length);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
new_checkpoint (BtsDownloadReport *self, GVariant *destination, guint64 n_held)
{
  GVariant *checkpoint = bts_download_record_to_checkpoint (self->record, destination, n_held);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (self->digests == NULL)
    return checkpoint;
  g_variant_dict_init (&dict, checkpoint);
  g_variant_unref (checkpoint);
  g_variant_dict_insert_value (&dict, "digests", self->digests);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* All that is durable now and not yet told goes into @update and counts as told. Returns the
 * checkpoint in it, not floating. */
static GVariant *
fill (BtsDownloadReport *self, GVariantDict *update)
{
  g_autoptr (BtsByteRanges) held = bts_destination_dup_held (self->destination);
  g_autoptr (GVariant) ranges = bts_byte_ranges_to_variant (held);
  g_autoptr (GVariant) destination = bts_destination_to_checkpoint (self->destination);
  const BtsProgress *progress = bts_transfer_job_get_progress (self->job);
  guint64 n_held = bts_byte_ranges_get_total (held);
  GVariant *checkpoint = new_checkpoint (self, destination, n_held);

  g_variant_dict_insert_value (update, "checkpoint", checkpoint);
  g_variant_dict_insert_value (update, "ranges", ranges);
  g_variant_dict_insert_value (update, "added", new_added (self->told, held));
  g_variant_dict_insert (update, "bytes-received", "t", n_held);
  g_variant_dict_insert (update, "total-bytes-to-receive", "t", self->record->total);
  if (progress->total_to_send > 0)
    {
      g_variant_dict_insert (update, "bytes-sent", "t", progress->sent);
      g_variant_dict_insert (update, "total-bytes-to-send", "t", progress->total_to_send);
    }
  if (self->has_restarted)
    g_variant_dict_insert (update, "has-restarted", "b", TRUE);
  if (self->has_response_changed)
    g_variant_dict_insert (update, "has-response-changed", "b", TRUE);
  if (self->response != NULL)
    g_variant_dict_insert_value (update, "response", self->response);

  self->has_restarted = FALSE;
  self->has_response_changed = FALSE;
  g_clear_pointer (&self->response, g_variant_unref);
  g_clear_pointer (&self->told, bts_byte_ranges_free);
  self->told = g_steal_pointer (&held);
  return checkpoint;
}

void
bts_download_report_send (BtsDownloadReport *self)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) checkpoint = fill (self, &dict);
  g_autoptr (GVariant) update = g_variant_ref_sink (g_variant_dict_end (&dict));

  bts_transfer_job_post_checkpoint (self->job, update, checkpoint);
  self->is_due = FALSE;
  self->names_file = TRUE;
}

void
bts_download_report_send_soon (BtsDownloadReport *self)
{
  if (bts_transfer_job_is_checkpoint_pending (self->job))
    self->is_due = TRUE;
  else
    bts_download_report_send (self);
}

gboolean
bts_download_report_save (BtsDownloadReport *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  for (guint n_attempts = 0; n_attempts < MAX_SAVE_ATTEMPTS; n_attempts++)
    {
      g_clear_error (&local_error);
      if (n_attempts > 0)
        bts_transfer_job_sleep (self->job, SAVE_RETRY_US);
      if (n_attempts > 0 || !self->names_file || self->is_due)
        bts_download_report_send (self);
      if (bts_transfer_job_wait_for_answers (self->job, &local_error))
        return TRUE;
      if (bts_transfer_job_is_stopping (self->job))
        break;
    }
  g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR,
               "The service cannot save how far it is: %s", local_error->message);
  return FALSE;
}

GVariant *
bts_download_report_new_end (BtsDownloadReport *self, const BtsDownloadEnd *end)
{
  g_auto (GVariantDict) update = G_VARIANT_DICT_INIT (NULL);

  if (self->destination != NULL)
    g_variant_unref (fill (self, &update));
  if (end->destination != NULL)
    g_variant_dict_insert (&update, "destination", "s", end->destination);
  if (end->error != NULL)
    bts_transfer_job_add_error (&update, end->error);
  else
    g_variant_dict_insert (&update, "web-error-status", "s", "");
  g_variant_dict_insert (&update, "retry-after", "x", end->retry_after_us);
  g_variant_dict_insert (&update, "made-progress", "b", end->made_progress);
  return g_variant_ref_sink (g_variant_dict_end (&update));
}
