/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>
#include <sys/types.h>

/* The calls that wait for the main loop, by user: each user in turn gets one of theirs served, in
 * the order in which they came, so that nobody waits for another user's flood. */
typedef struct _BtsCallQueue BtsCallQueue;

typedef void (*BtsQueuedCall) (gpointer user_data);

BtsCallQueue *bts_call_queue_new (void);

/* Frees what still waits with the function that came with it. */
void bts_call_queue_free (BtsCallQueue *self);

/* Has @serve called with @user_data, or @drop where the queue goes before. FALSE, and neither,
 * where
 * @uid has too many that wait. */
gboolean bts_call_queue_push (
    BtsCallQueue *self, uid_t uid, BtsQueuedCall serve, BtsQueuedCall drop, gpointer user_data);
