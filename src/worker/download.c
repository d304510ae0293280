/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download.h"

guint64
bts_download_get_held (BtsDownload *self)
{
  g_autoptr (BtsByteRanges) held = NULL;

  if (self->destination == NULL)
    return 0;
  held = bts_destination_dup_held (self->destination);
  return bts_byte_ranges_get_held_from (held, 0);
}

guint64
bts_download_get_total_held (BtsDownload *self)
{
  g_autoptr (BtsByteRanges) held = NULL;

  if (self->destination == NULL)
    return 0;
  held = bts_destination_dup_held (self->destination);
  return bts_byte_ranges_get_total (held);
}

/* So far as what they have seen is durable; another process goes on from there. */
static void
note_digests (BtsDownload *self)
{
  g_auto (GVariantBuilder) states = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{s(tayay)}"));
  guint64 held = bts_download_get_held (self);
  guint n = 0;

  for (guint i = 0; i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    {
      const BtsChecksum *checksum = self->checksums[i];
      g_autoptr (GVariant) state = NULL;

      if (checksum == NULL || bts_checksum_get_position (checksum) == 0 ||
          bts_checksum_get_position (checksum) > held)
        continue;
      state = bts_checksum_to_variant (checksum);
      g_variant_builder_add (&states, "{s@(tayay)}", bts_checksum_get_algorithm (checksum), state);
      n++;
    }
  if (n == 0)
    return;
  g_clear_pointer (&self->report.digests, g_variant_unref);
  self->report.digests = g_variant_ref_sink (g_variant_builder_end (&states));
}

void
bts_download_restore_digests (BtsDownload *self)
{
  g_autoptr (GVariant) states = NULL;
  guint64 held = bts_download_get_held (self);

  if (self->checkpoint != NULL)
    states = g_variant_lookup_value (self->checkpoint, "digests", G_VARIANT_TYPE ("a{s(tayay)}"));
  for (guint i = 0; states != NULL && i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    {
      BtsChecksum *checksum = self->checksums[i];
      g_autoptr (GVariant) state = NULL;

      if (checksum != NULL)
        state = g_variant_lookup_value (states, bts_checksum_get_algorithm (checksum),
                                        G_VARIANT_TYPE ("(tayay)"));
      if (state != NULL)
        bts_checksum_take_variant (checksum, state, held);
    }
}

gboolean
bts_download_sync (BtsDownload *self, GError **error)
{
  if (!bts_destination_sync (self->destination, error))
    return FALSE;
  self->n_unsynced = 0;
  self->last_sync = g_get_monotonic_time ();
  note_digests (self);
  return TRUE;
}

gboolean
bts_download_forget (BtsDownload *self, GError **error)
{
  if (bts_download_get_total_held (self) > 0 || self->position > 0)
    bts_download_report_take_restart (&self->report);
  g_clear_pointer (&self->report.digests, g_variant_unref);
  if (!bts_destination_restart (self->destination, error))
    return FALSE;
  self->position = 0;
  self->n_unsynced = 0;
  self->is_prepared = FALSE;
  for (guint i = 0; i < BTS_DOWNLOAD_N_CHECKSUMS; i++)
    if (self->checksums[i] != NULL)
      bts_checksum_reset (self->checksums[i]);
  bts_transfer_job_get_progress (self->job)->received = 0;
  return TRUE;
}

BtsResumePlan
bts_download_decide (BtsDownload *self,
                     const BtsTransportHead *head,
                     const BtsByteRange *asked,
                     gboolean is_known,
                     GError **error)
{
  BtsResumeState state = {
    .asked_offset = asked->offset,
    .asked_length = asked->length,
    .held_total = is_known && self->record.is_total_known ? self->record.total : 0,
    .held_bytes = is_known ? MAX (asked->offset, 1) : 0,
    .validator = is_known ? self->record.validator : NULL,
  };
  BtsResumePlan plan = bts_resume_plan_decide (&state, head, error);

  /* Beyond what the plan knows: without a strong validator the time of change has to agree, and
   * a part that begins elsewhere than asked cannot be joined to what is held. */
  if (plan == BTS_RESUME_CONTINUE && head->body_offset != asked->offset)
    return BTS_RESUME_ASK_AGAIN;
  if ((plan == BTS_RESUME_CONTINUE || plan == BTS_RESUME_COMPLETE) && is_known &&
      !bts_download_record_fits_head (&self->record, head))
    return BTS_RESUME_ASK_AGAIN;
  return plan;
}

/* Without effect on a digest that is the one before, and may have seen bytes already. */
static void
take_server_checksum (BtsDownload *self)
{
  BtsChecksum **checksum = &self->checksums[BTS_DOWNLOAD_SERVER_CHECKSUM];

  if (*checksum != NULL && self->record.digest != NULL &&
      bts_checksum_is_of (*checksum, self->record.digest))
    return;
  g_clear_pointer (checksum, bts_checksum_free);
  /* What a stored record says may be anything. */
  if (self->record.digest != NULL)
    *checksum = bts_checksum_new (self->record.digest, NULL);
}

gboolean
bts_download_take_file (BtsDownload *self, const BtsTransportHead *head, GError **error)
{
  if (bts_download_record_take_head (&self->record, head))
    self->report.has_response_changed = TRUE;
  bts_download_record_take_uri (&self->record, self->uri);
  take_server_checksum (self);
  if (self->record.is_total_known &&
      !bts_destination_expect (self->destination, self->record.total, error))
    return FALSE;
  bts_transfer_job_get_progress (self->job)->total = self->record.total;
  self->is_prepared = TRUE;
  return TRUE;
}
