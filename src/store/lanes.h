/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <sys/types.h>

#include <glib.h>

/* What waits, in a queue for each user; the users have their turn one after the other. */
typedef struct _BtsLanes BtsLanes;

BtsLanes *bts_lanes_new (void);
void bts_lanes_free (BtsLanes *self); /* what waits stays the caller's */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsLanes, bts_lanes_free)

gboolean bts_lanes_is_empty (BtsLanes *self);

/* To the end of @uid's queue. The link, whose data may be replaced, is there until it is popped. */
GList *bts_lanes_push (BtsLanes *self, uid_t uid, gpointer item);

/* The next ones of the user whose turn it is, until bts_lanes_end_turn(). There is one at the
 * beginning of a turn, where anything waits. */
GList *bts_lanes_peek (BtsLanes *self);
gpointer bts_lanes_pop (BtsLanes *self);
void bts_lanes_end_turn (BtsLanes *self);
