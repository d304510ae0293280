/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Changes that take effect before they are saved, one after the other where they are of the same
 * thing: so what one that cannot be saved brings back is what the store has, and none is saved
 * together with one that is refused. */

typedef struct _BtsChangeQueue BtsChangeQueue;

/* Whether the change is now on its way; FALSE where it has ended already. */
typedef gboolean (*BtsChangeBegin) (gpointer user_data);

BtsChangeQueue *bts_change_queue_new (void);
BtsChangeQueue *bts_change_queue_ref (BtsChangeQueue *self);
void bts_change_queue_unref (BtsChangeQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsChangeQueue, bts_change_queue_unref)

/* Calls @begin once all changes of @thing that came before have ended, maybe at once. */
void bts_change_queue_push (BtsChangeQueue *self,
                            gpointer thing,
                            BtsChangeBegin begin,
                            gpointer user_data);

/* The change of @thing that was on its way is saved, or undone. */
void bts_change_queue_end (BtsChangeQueue *self, gpointer thing);
