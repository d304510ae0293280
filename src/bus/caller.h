/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "bus/engine.h"
#include "model/owner.h"

/* Who calls: what the service knows about one connection. Immutable, reference-counted. */

typedef struct
{
  BtsOwner *owner;      /* (owned) */
  gboolean has_network; /* FALSE only for a sandbox without that permission */
} BtsCaller;

BtsCaller *bts_caller_new (BtsOwner *owner, gboolean has_network);

/* ACCESS_DENIED where @self may not have anything transferred. */
gboolean bts_caller_check_network (const BtsCaller *self, GError **error);

/* ACCESS_DENIED where @self is in a sandbox and @owner is the same application outside of it, which
 * may have named files that the sandbox cannot reach. */
gboolean bts_caller_check_reach (const BtsCaller *self, const BtsOwner *owner, GError **error);

BtsCaller *bts_caller_ref (BtsCaller *self);
void bts_caller_unref (BtsCaller *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsCaller, bts_caller_unref)

/* Asks the bus for @name's credentials and looks at its process, or has @engine do so where only
 * the same user may. A process that shows less than it ought to is taken for a sandbox without any
 * permission. ACCESS_DENIED where the caller has gone or nobody could look, or where the process
 * has begun after @connected_by, when the connection was there, as bts_process_info_get_time()
 * counts. */
void bts_caller_look_up_async (GDBusConnection *connection,
                               BtsEngine *engine,
                               const char *name,
                               guint64 connected_by,
                               GAsyncReadyCallback callback,
                               gpointer user_data);
BtsCaller *bts_caller_look_up_finish (GAsyncResult *result, GError **error);
