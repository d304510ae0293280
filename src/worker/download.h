/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download-job.h"
#include "worker/download-record.h"
#include "worker/download-report.h"
#include "worker/files/checksum.h"
#include "worker/files/destination.h"
#include "worker/resume-plan.h"

/* What both ways to download, in order and in pieces, have in common. */

/* What a file may be checked against: what the application has asked for, what the server says. */
enum
{
  BTS_DOWNLOAD_ASKED_CHECKSUM,
  BTS_DOWNLOAD_SERVER_CHECKSUM,
  BTS_DOWNLOAD_N_CHECKSUMS,
};

/* The state of a download; the job's thread only. */
typedef struct
{
  BtsTransferJob *job; /* (unowned) */
  BtsTransportFactory new_transport;
  gpointer factory_data; /* (unowned) */
  guint64 checkpoint_bytes;
  guint max_connections;
  GVariant *checkpoint; /* (owned) (nullable): given by the daemon */
  int file;             /* (owned) or -1 */
  int body_file;        /* (owned) or -1: what is sent */

  struct _BtsDownloadBody *body; /* (owned) (nullable) */
  GVariant *request;             /* (owned): of the round under way */
  const char *uri;               /* (unowned) in it */
  BtsDestination *destination;   /* (owned) (nullable) */
  BtsDownloadRecord record;
  BtsDownloadReport report;
  BtsChecksum *checksums[BTS_DOWNLOAD_N_CHECKSUMS]; /* (owned) (nullable) */
  guint64 held_at_start;
  gboolean is_descriptor;
  gboolean is_in_order; /* and not in pieces */

  guint64 asked_offset; /* of the round under way */
  guint64 position;     /* where the next byte goes */
  gpointer buffer;      /* (unowned): what the next bytes are put in */
  guint64 n_unsynced;
  gint64 last_sync;
  BtsResumePlan plan;    /* of the round's answer */
  guint status_code;     /* likewise; 0 before */
  gint64 retry_after_us; /* likewise */
  gboolean is_prepared;  /* an answer has said what file it is */
} BtsDownload;

/* How many bytes from the beginning on are held without a gap. */
guint64 bts_download_get_held (BtsDownload *self);

/* How many are held at all. */
guint64 bts_download_get_total_held (BtsDownload *self);

gboolean bts_download_sync (BtsDownload *self, GError **error);

/* Takes up the digests of what is held where an earlier try has left them. */
void bts_download_restore_digests (BtsDownload *self);

/* The bytes held are of a file that the server no longer has. */
gboolean bts_download_forget (BtsDownload *self, GError **error);

/* What the answer to the request for @asked means, where @is_known says that bytes of the file of
 * the record are held. */
BtsResumePlan bts_download_decide (BtsDownload *self,
                                   const BtsTransportHead *head,
                                   const BtsByteRange *asked,
                                   gboolean is_known,
                                   GError **error);

/* Notes what the answer is of, and makes room for it. */
gboolean bts_download_take_file (BtsDownload *self, const BtsTransportHead *head, GError **error);
