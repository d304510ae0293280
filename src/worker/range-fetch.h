/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download-job.h"
#include "worker/download-record.h"
#include "worker/files/destination.h"

/* Fetches what is missing of a file in pieces, over several connections, each in a thread of its
 * own; the job's thread only judges and keeps. Connections are added while they bring throughput,
 * and given up where the server does not want them. */

typedef enum
{
  BTS_RANGE_VERDICT_GO_ON,
  BTS_RANGE_VERDICT_ASK_AGAIN,  /* for this piece only */
  BTS_RANGE_VERDICT_START_OVER, /* the pieces are of another file, or do not fit */
  BTS_RANGE_VERDICT_COMPLETE,   /* there is nothing to fetch */
  BTS_RANGE_VERDICT_FAIL,
} BtsRangeVerdict;

/* What the answer to the request for a piece says; called in the job's thread. */
typedef struct
{
  BtsRangeVerdict (*judge) (const BtsTransportHead *head,
                            const BtsByteRange *asked,
                            gpointer user_data,
                            GError **error);

  /* Makes durable what has been written, and tells. */
  gboolean (*keep) (gpointer user_data, GError **error);

  /* Tells what could not be told then, if it can be now. */
  void (*tell) (gpointer user_data);
} BtsRangeFetchEvents;

typedef struct
{
  BtsTransferJob *job;             /* (unowned) */
  BtsDestination *destination;     /* (unowned) */
  const BtsDownloadRecord *record; /* (unowned): says total and validator, after each judgement */
  const BtsTransportBody *body;    /* (unowned) (nullable): of each request */
  BtsTransportFactory new_transport;
  gpointer factory_data; /* (unowned) */
  guint max_connections;
  guint64 checkpoint_bytes;
  const BtsRangeFetchEvents *events; /* (unowned) */
  gpointer user_data;                /* (unowned) */
} BtsRangeFetchSpec;

/* Until all has come, or nothing more can. All of its threads are gone on return, and all that
 * has come is written. @verdict is GO_ON with TRUE and with errors of the way: the network, the
 * disk, a stop (G_IO_ERROR_CANCELLED). START_OVER with INVALID_SERVER_RESPONSE: an answer broke the
 * rules, and what it has left must not be built upon. */
gboolean
bts_range_fetch_run (const BtsRangeFetchSpec *spec, BtsRangeVerdict *verdict, GError **error);
