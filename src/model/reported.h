/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"
#include "model/worker-update.h"

/* What workers have reported of an operation: how far it is, and what the server has said. */

typedef struct
{
  guint64 bytes_received;
  guint64 total_to_receive;
  guint64 bytes_sent;
  guint64 total_to_send;
  gboolean has_restarted;
  gboolean has_response_changed;
  gboolean source_is_kept;
  BtsByteRanges *ranges;    /* (owned) */
  GVariant *ranges_variant; /* (owned) (nullable): made when asked for */
  GVariant *response;       /* (owned) (nullable) */
  GVariant *checkpoint;     /* (owned) (nullable) */
  char *destination;        /* (owned) (nullable): the name that the file has been given */
} BtsReported;

void bts_reported_init (BtsReported *self);
void bts_reported_clear (BtsReported *self);

/* These return what has changed, of BtsChange. */

/* @is_stream: the total to send is that of one that has not ended, and grows all the time. */
guint bts_reported_take_progress (BtsReported *self,
                                  guint64 bytes_received,
                                  guint64 total_to_receive,
                                  guint64 bytes_sent,
                                  guint64 total_to_send,
                                  gboolean is_stream);

/* @destination: (nullable): the name that the file has had so far. Sets @was_restarted where what
 * was there is not any more. */
guint bts_reported_take_update (BtsReported *self,
                                BtsWorkerUpdate *update,
                                const char *destination,
                                gboolean *was_restarted);

/* Its part of what the store holds; lends. */
void bts_reported_get_state (BtsReported *self, BtsOperationState *state);
void bts_reported_restore (BtsReported *self, const BtsOperationState *state);
