/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "common/byte-ranges.h"
#include "model/request.h"

/* Of one operation, and of one report: each is put into its place among those that are there. */
#define BTS_MAX_RANGES 16384

/* What a worker reports, checked: the worker is the user's process and may say anything. */

typedef struct
{
  GVariant *checkpoint;  /* (owned) (nullable): a{sv} */
  GVariant *response;    /* (owned) (nullable): a{sv} of known keys and types */
  BtsByteRanges *ranges; /* (owned) (nullable): all that has arrived */
  GVariant *added;       /* (owned) (nullable): a(tt) */
  char *destination;     /* (owned) (nullable) */
  gboolean has_restarted;
  gboolean has_response_changed;
  gboolean is_committed;   /* what is sent must not be stopped */
  gboolean source_is_kept; /* all of the streams */
  gboolean is_set[4];      /* which of the four below have come */
  guint64 bytes_received;
  guint64 total_to_receive;
  guint64 bytes_sent;
  guint64 total_to_send;
} BtsWorkerUpdate;

enum
{
  BTS_WORKER_UPDATE_BYTES_RECEIVED,
  BTS_WORKER_UPDATE_TOTAL_TO_RECEIVE,
  BTS_WORKER_UPDATE_BYTES_SENT,
  BTS_WORKER_UPDATE_TOTAL_TO_SEND,
};

/* Keys that are unknown, of another type or without sense are left out. Never NULL.
 * @request: of the operation that it is about. */
BtsWorkerUpdate *bts_worker_update_new (GVariant *update, BtsRequest *request);
void bts_worker_update_free (BtsWorkerUpdate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWorkerUpdate, bts_worker_update_free)

/* The checks of a response, a checkpoint and a final name, which a record has to pass as well. */
gboolean bts_response_is_valid (GVariant *response);
gboolean bts_checkpoint_is_valid (GVariant *checkpoint);
gboolean bts_destination_is_valid (const char *destination);

/* A copy in one block of bytes, instead of an object for each value or of the message it came in.
 */
GVariant *bts_report_make_compact (GVariant *value);

/* Of two that are compact; g_variant_equal() may print both. */
gboolean bts_report_is_same (GVariant *a, GVariant *b);

/* What a response or a checkpoint (nullable) costs the service while it is kept, in bytes. */
gsize bts_report_get_weight (GVariant *value);
