/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"

/* An operation's properties at one moment: what the bus has been told of it. What is durable in
 * the model shows on the bus only once the store holds it, so the bus reads views, not the model.
 */

typedef struct
{
  BtsOperation *operation; /* (owned) */
  gboolean is_canceling;   /* on its way to the end, without a status of its own */
  BtsViewpoint viewpoint;  /* from where it is seen: its user's, unless set otherwise */

  /* durable */
  BgtOperationStatus status;
  gint64 finished;
  int web_error;
  char *error_message; /* (owned) */
  BtsRequest *request; /* (owned) */
  char *destination;   /* (owned) (nullable) */
  gboolean has_restarted;
  gboolean has_response_changed;
  guint64 total_to_receive;
  guint64 total_to_send;
  BtsByteRanges *ranges; /* (owned) */

  /* not durable */
  BtsBlockers blockers;
  gint64 next_attempt;
  guint64 bytes_received;
  guint64 bytes_sent;
} BtsOperationView;

BtsOperationView *bts_operation_view_new (BtsOperation *operation);
BtsOperationView *bts_operation_view_copy (const BtsOperationView *self);
void bts_operation_view_free (BtsOperationView *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsOperationView, bts_operation_view_free)

/* Brings what is not durable up to date: the bytes, and how long a stream is so far; with @is_saved
 * also the blockers, which belong to the status that they make. FALSE where that changes nothing.
 */
gboolean bts_operation_view_refresh (BtsOperationView *self, gboolean is_saved);
