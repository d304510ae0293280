/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download-job.h"
#include "worker/files/spool-file.h"
#include "worker/upload-memory.h"

/* An upload: one body, sent as often as may be, and what the server says to it. */

typedef struct
{
  GVariant *checkpoint;    /* (nullable) a{sv}: of an earlier try */
  GArray *files;           /* (nullable) (element-type int): the application's */
  BtsSpoolRoom *room;      /* (unowned): for what the server says */
  const char *application; /* whose that is */
  BtsTransportFactory new_transport;
  gpointer factory_data;   /* (unowned) outlives the job */
  BtsUploadMemory *memory; /* (unowned) likewise */
} BtsUploadSpec;

/* Whether @request is one of an upload. */
gboolean bts_upload_job_is_for (GVariant *request);

/* Tells the server that an upload which can be resumed will not be. */
void bts_upload_job_terminate (const char *guid, GVariant *request, const BtsUploadSpec *spec);

/* Starts @job as an upload. What @spec holds is copied. */
void bts_upload_job_start (BtsTransferJob *job, const BtsUploadSpec *spec);
