/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transfer-job.h"

/* A download: one transport, one destination, and a checkpoint whenever enough has arrived. */

/* Makes what can fetch @uri; NULL where its scheme is not known. Called in the job's thread. */
typedef BtsTransport *(*BtsTransportFactory) (const char *uri, gpointer user_data);

typedef struct
{
  GVariant *checkpoint;     /* (nullable) a{sv}: of an earlier try */
  int file;                 /* the application's descriptor, or -1; duplicated */
  int body;                 /* likewise: what is sent */
  guint64 checkpoint_bytes; /* as much may be lost in a crash */
  guint max_connections;    /* of one with random access */
  BtsTransportFactory new_transport;
  gpointer factory_data; /* (unowned) outlives the job */
} BtsDownloadSpec;

/* Starts @job as a download. What @spec holds is copied. */
void bts_download_job_start (BtsTransferJob *job, const BtsDownloadSpec *spec);
