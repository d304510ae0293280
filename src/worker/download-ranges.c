/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-ranges.h"

#include "common/bgt-web-error.h"
#include "worker/download-body.h"
#include "worker/range-fetch.h"

/* A server may change its file, or answer with pieces that do not fit, so often. */
#define MAX_ROUNDS 3

/* Of several servers behind one name, one may not know parts: so often in succession. */
#define MAX_IGNORED 5

typedef struct
{
  BtsDownload *download; /* (unowned) */
  gboolean is_in_order;
  guint n_ignored;   /* requests for parts, in succession */
  GVariant *refusal; /* (owned) (nullable): what the last refusal of a part says */
} Ranges;

static void
ranges_clear (Ranges *self)
{
  g_clear_pointer (&self->refusal, g_variant_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Ranges, ranges_clear)

/* Without these there is no asking for pieces. */
static gboolean
check_support (const BtsTransportHead *head, GError **error)
{
  if (head->total_length < 0)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_MISSING_CONTENT_LENGTH_SUPPORT,
                           "The server does not say how long the file is, which random access "
                           "needs");
      return FALSE;
    }
  if (head->status_code != 206 && !head->has_ranges)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INSUFFICIENT_RANGE_SUPPORT,
                           "The server does not send parts of the file, which random access needs");
      return FALSE;
    }
  return TRUE;
}

/* The first fitting answer: it says what file it is. */
static BtsRangeVerdict
take_first (Ranges *self, const BtsTransportHead *head, GError **error)
{
  BtsDownload *download = self->download;

  if (!check_support (head, error))
    return BTS_RANGE_VERDICT_FAIL;
  if (head->validator == NULL && head->last_modified == NULL &&
      !bts_download_record_may_resume (&download->record))
    {
      self->is_in_order = TRUE;
      return BTS_RANGE_VERDICT_START_OVER;
    }
  if (!bts_download_take_file (download, head, error))
    return BTS_RANGE_VERDICT_FAIL;

  /* The application's own file is emptied in place: an old claim on it must be gone first. */
  if (download->is_descriptor && download->report.has_restarted)
    return bts_download_report_save (&download->report, error) ? BTS_RANGE_VERDICT_GO_ON
                                                               : BTS_RANGE_VERDICT_FAIL;
  bts_download_report_send_soon (&download->report);
  return BTS_RANGE_VERDICT_GO_ON;
}

static gboolean
is_known (BtsDownload *self)
{
  return self->is_prepared || bts_download_get_total_held (self) > 0;
}

/* No byte of an empty file can be asked for (RFC 9110 §14.1.2). */
static gboolean
is_empty_file (BtsDownload *self, const BtsTransportHead *head)
{
  return !is_known (self) && head->status_code == 416 && head->total_length == 0;
}

/* The whole of the very file of which a part was asked for: nothing that is held is wrong. */
static gboolean
is_range_ignored (BtsDownload *self, const BtsTransportHead *head)
{
  const BtsDownloadRecord *record = &self->record;

  return is_known (self) && head->status_code == 200 && record->is_total_known &&
         head->total_length >= 0 && (guint64) head->total_length == record->total &&
         (record->validator != NULL ? g_strcmp0 (record->validator, head->validator) == 0
                                    : bts_download_record_fits_head (record, head));
}

static BtsRangeVerdict
judge_ignored (Ranges *self, GError **error)
{
  if (++self->n_ignored <= MAX_IGNORED)
    return BTS_RANGE_VERDICT_ASK_AGAIN;
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INSUFFICIENT_RANGE_SUPPORT,
                       "The server sends the whole file where a part was asked for");
  return BTS_RANGE_VERDICT_FAIL;
}

static BtsRangeVerdict
judge (const BtsTransportHead *head, const BtsByteRange *asked, gpointer user_data, GError **error)
{
  Ranges *self = user_data;
  BtsDownload *download = self->download;

  download->status_code = head->status_code;
  download->retry_after_us = head->retry_after_us;
  if (!download->is_prepared)
    bts_download_report_take_response (&download->report, head);
  else if (head->status_code >= 300)
    {
      g_clear_pointer (&self->refusal, g_variant_unref);
      self->refusal = bts_download_response_new (head);
    }
  if (head->status_code >= 300 && head->status_code != 416)
    {
      g_set_error (error, BGT_WEB_ERROR, (int) head->status_code,
                   "The server answered with status %u", head->status_code);
      return BTS_RANGE_VERDICT_FAIL;
    }
  if (is_empty_file (download, head))
    return bts_download_take_file (download, head, error) ? BTS_RANGE_VERDICT_COMPLETE
                                                          : BTS_RANGE_VERDICT_FAIL;

  if (is_range_ignored (download, head))
    return judge_ignored (self, error);
  self->n_ignored = 0;

  switch (bts_download_decide (download, head, asked, is_known (download), error))
    {
    case BTS_RESUME_CONTINUE:
      return download->is_prepared ? BTS_RANGE_VERDICT_GO_ON : take_first (self, head, error);
    case BTS_RESUME_START_OVER:
    case BTS_RESUME_COMPLETE:
    case BTS_RESUME_ASK_AGAIN:
      return BTS_RANGE_VERDICT_START_OVER;
    case BTS_RESUME_FAIL:
      return BTS_RANGE_VERDICT_FAIL;
    }
  g_assert_not_reached ();
}

static gboolean
keep (gpointer user_data, GError **error)
{
  BtsDownload *self = ((Ranges *) user_data)->download;

  if (!bts_download_sync (self, error))
    return FALSE;
  bts_download_report_send_soon (&self->report);
  return TRUE;
}

static void
tell (gpointer user_data)
{
  BtsDownload *self = ((Ranges *) user_data)->download;

  if (self->report.is_due)
    bts_download_report_send_soon (&self->report);
}

static const BtsRangeFetchEvents events = { judge, keep, tell };

/* One round; what has come of it is durable, also after an error, unless that is the disk's. */
static gboolean
fetch_round (Ranges *self, BtsRangeVerdict *verdict, GError **error)
{
  BtsDownload *download = self->download;
  g_autoptr (GError) local_error = NULL;
  BtsRangeFetchSpec spec = { .job = download->job,
                             .destination = download->destination,
                             .record = &download->record,
                             .body = bts_download_body_get (download->body),
                             .new_transport = download->new_transport,
                             .factory_data = download->factory_data,
                             .max_connections = download->max_connections,
                             .checkpoint_bytes = download->checkpoint_bytes,
                             .events = &events,
                             .user_data = self };
  gboolean is_done = FALSE;

  g_clear_pointer (&download->request, g_variant_unref);
  download->request = bts_transfer_job_dup_request (download->job);
  g_variant_lookup (download->request, "uri", "&s", &download->uri);
  download->is_prepared = FALSE;
  download->status_code = 0;
  download->retry_after_us = -1;
  is_done = bts_range_fetch_run (&spec, verdict, &local_error);
  if (!bts_download_sync (download, local_error == NULL ? error : NULL) && local_error == NULL)
    return FALSE;
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return is_done;
}

/* One that did not end the download only cost a connection. */
static void
tell_refusal (Ranges *self, const GError *error)
{
  BtsDownloadReport *report = &self->download->report;

  if (self->refusal == NULL || error->domain != BGT_WEB_ERROR || error->code < 300)
    return;
  g_clear_pointer (&report->response, g_variant_unref);
  report->response = g_steal_pointer (&self->refusal);
}

gboolean
bts_download_fetch_ranges (BtsDownload *self, GError **error)
{
  g_auto (Ranges) ranges = { .download = self };
  gboolean may_resume = bts_download_record_may_resume (&self->record);
  gboolean is_anything_held = bts_download_get_total_held (self) > 0;

  /* Came in order, of a length that nobody has said: so it goes on. */
  self->is_in_order = is_anything_held && may_resume && !self->record.is_total_known;
  if (self->is_in_order)
    return FALSE;
  if (is_anything_held && !may_resume && !bts_download_forget (self, error))
    return FALSE;

  for (guint n_rounds = 0; n_rounds < MAX_ROUNDS; n_rounds++)
    {
      g_autoptr (GError) local_error = NULL;
      BtsRangeVerdict verdict = BTS_RANGE_VERDICT_GO_ON;
      gboolean is_done = fetch_round (&ranges, &verdict, &local_error);

      self->position = bts_download_get_held (self);
      if (is_done || verdict == BTS_RANGE_VERDICT_COMPLETE)
        return TRUE;
      if (verdict == BTS_RANGE_VERDICT_GO_ON)
        {
          tell_refusal (&ranges, local_error);
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      if (!bts_download_forget (self, error))
        return FALSE;
      if (g_error_matches (local_error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
      self->is_in_order = ranges.is_in_order;
      if (self->is_in_order)
        return FALSE;
    }
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INSUFFICIENT_RANGE_SUPPORT,
                       "The server's answers to requests for parts of the file do not fit");
  return FALSE;
}
