/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download-record.h"
#include "worker/files/destination.h"
#include "worker/transfer-job.h"

/* What a download still has to tell the daemon. The job's thread only. */

typedef struct
{
  BtsTransferJob *job;             /* (unowned) */
  BtsDestination *destination;     /* (unowned) */
  const BtsDownloadRecord *record; /* (unowned) */
  BtsByteRanges *told;             /* (owned) the daemon knows that these are held */
  GVariant *response;              /* (owned) (nullable): not yet told */
  GVariant *digests;               /* (owned) (nullable) a{s(tayay)}: of what is durable */
  gboolean has_restarted;          /* not yet told */
  gboolean has_response_changed;   /* not yet told */
  gboolean is_due;                 /* a checkpoint waits for the answer to the one before */
  gboolean names_file;             /* one has been sent since the partial file was made */
} BtsDownloadReport;

/* The daemon knows of what is held now, from an earlier try. */
void bts_download_report_init (BtsDownloadReport *self,
                               BtsTransferJob *job,
                               BtsDestination *destination,
                               const BtsDownloadRecord *record);
void bts_download_report_clear (BtsDownloadReport *self);

void bts_download_report_take_response (BtsDownloadReport *self, const BtsTransportHead *head);

/* What was held is gone; the partial file may be another one. */
void bts_download_report_take_restart (BtsDownloadReport *self);

/* Sends a checkpoint; _soon: unless one is under way, then as soon as it has been answered and
 * _soon is called again. A daemon that is slow gets fewer, not a queue. */
void bts_download_report_send (BtsDownloadReport *self);
void bts_download_report_send_soon (BtsDownloadReport *self);

/* Returns once the daemon has saved what names the partial file and what was held; a daemon that
 * cannot save may get well again. */
gboolean bts_download_report_save (BtsDownloadReport *self, GError **error);

/* How a download ended. */
typedef struct
{
  const char *destination; /* (nullable): the name of the whole file */
  const GError *error;     /* (nullable) */
  gint64 retry_after_us;   /* -1 where nobody said */
  gboolean made_progress;
} BtsDownloadEnd;

/* The update of WorkerHost.Finished, a{sv}, not floating. Works for a report that was never
 * initialised, too: the destination could not be opened. */
GVariant *bts_download_report_new_end (BtsDownloadReport *self, const BtsDownloadEnd *end);
