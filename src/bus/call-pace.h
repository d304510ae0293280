/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <sys/types.h>

#include "common/clock.h"

/* How much of the service a user occupies. What has left the queue is still ahead of what others
 * ask for: in the main loop, in the store, on the bus. So while several users call, each has one
 * call under way at a time, and whose calls have kept the main loop rests twice as long, so that
 * two thirds of it are the others'. One who is alone is hardly limited. */
typedef struct _BtsCallPace BtsCallPace;

/* A call that is under way, from being served to its answer. */
typedef struct _BtsCallTurn BtsCallTurn;

/* @uid, who had to wait, need not any more. */
typedef void (*BtsCallPaceReady) (uid_t uid, gpointer user_data);

BtsCallPace *bts_call_pace_new (BtsClock *clock);
BtsCallPace *bts_call_pace_ref (BtsCallPace *self);
void bts_call_pace_unref (BtsCallPace *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsCallPace, bts_call_pace_unref)

/* @ready (nullable): instead of the one before */
void bts_call_pace_watch (BtsCallPace *self, BtsCallPaceReady ready, gpointer user_data);

/* Where FALSE, @ready is called later. */
gboolean bts_call_pace_may_begin (BtsCallPace *self, uid_t uid);

BtsCallTurn *bts_call_pace_begin (BtsCallPace *self, uid_t uid);

/* Takes @self. */
void bts_call_turn_end (BtsCallTurn *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsCallTurn, bts_call_turn_end)

/* What the main loop has done for @uid, as time, or as messages or records of @n_bytes. */
void bts_call_pace_charge (BtsCallPace *self, uid_t uid, gint64 duration_us);
void bts_call_pace_charge_bytes (BtsCallPace *self, uid_t uid, gsize n_bytes);
