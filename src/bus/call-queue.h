/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/call-pace.h"

/* The calls that wait for the main loop, by user and connection: each user in turn, if their pace
 * allows it, gets one of theirs served, of each of their connections in turn, in the order in which
 * the connection made them. So nobody waits for another's flood. */
typedef struct _BtsCallQueue BtsCallQueue;

typedef void (*BtsCallServe) (gpointer user_data, BtsCallTurn *turn); /* takes @turn */
typedef void (*BtsCallDrop) (gpointer user_data);

/* One call. Either @serve or @drop is called with @user_data, unless it is never taken. */
typedef struct
{
  uid_t uid;
  const char *name; /* of the connection */
  gsize n_bytes;    /* what it holds while it waits */
  BtsCallServe serve;
  BtsCallDrop drop;
  gpointer user_data;
} BtsQueuedCall;

/* Whether a connection's calls have to wait until bts_call_queue_resume. */
typedef gboolean (*BtsCallQueueHolds) (const char *name, gpointer user_data);

BtsCallQueue *bts_call_queue_new (BtsCallPace *pace,
                                  BtsClock *clock,
                                  BtsCallQueueHolds holds,
                                  gpointer user_data);

/* Drops what still waits. */
void bts_call_queue_free (BtsCallQueue *self);

/* FALSE where too much of this user waits already. */
gboolean bts_call_queue_push (BtsCallQueue *self, const BtsQueuedCall *call);

void bts_call_queue_resume (BtsCallQueue *self, const char *name);

/* The connection has gone: drops its calls. */
void bts_call_queue_forget (BtsCallQueue *self, const char *name);
