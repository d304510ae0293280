/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/files/spool-file.h"
#include "worker/transfer-job.h"

/* What comes before a request that sends streams: they are read to their ends, into files of the
 * service. Needs no network. */

/* Starts @job; @streams (element-type int), in the order of the request, are duplicated. What has
 * been read of a stream cannot be read again, so after an error or a stop there is no other try.
 * @application: whose it is. */
void bts_keep_job_start (BtsTransferJob *job,
                         GArray *streams,
                         BtsSpoolRoom *room,
                         const char *application);
