/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "bus/caller.h"
#include "bus/engine.h"

/* The connections that have called and are still there. Each is looked up once; its calls are
 * handed on in the order in which they came. */

#define BTS_TYPE_CALLER_CACHE (bts_caller_cache_get_type ())
G_DECLARE_FINAL_TYPE (BtsCallerCache, bts_caller_cache, BTS, CALLER_CACHE, GObject)

/* Signals
 *   known (const char *name, BtsCaller *caller)
 *   vanished (const char *name) */

BtsCallerCache *bts_caller_cache_new (GDBusConnection *connection, BtsEngine *engine);

/* @caller is NULL where @error is set. */
typedef void (*BtsCallerReady) (BtsCaller *caller, const GError *error, gpointer user_data);

/* Calls @ready with the caller behind @name: at once where it is known. */
void bts_caller_cache_look_up (BtsCallerCache *self,
                               const char *name,
                               BtsCallerReady ready,
                               gpointer user_data);

/* NULL where it is not known. */
BtsCaller *bts_caller_cache_get (BtsCallerCache *self, const char *name);

/* Calls @visit for every known connection. */
typedef void (*BtsCallerVisit) (const char *name, BtsCaller *caller, gpointer user_data);
void bts_caller_cache_foreach (BtsCallerCache *self, BtsCallerVisit visit, gpointer user_data);

/* Whether a connection may see what @owner owns, from one of these viewpoints. */
gboolean bts_caller_cache_has_audience (BtsCallerCache *self,
                                        const BtsOwner *owner,
                                        BtsViewpoint viewpoints);

/* From now on @name, as long as it is there, sees what anybody owns. */
void bts_caller_cache_let_manage_all (BtsCallerCache *self, const char *name);

/* Notes that @name is attached to the operation @guid, as long as both are there. */
void bts_caller_cache_attach (BtsCallerCache *self, const char *name, const char *guid);
void bts_caller_cache_forget_operation (BtsCallerCache *self, const char *guid);

/* Whether a connection is attached to an operation for which @matches is TRUE. */
typedef gboolean (*BtsGuidMatch) (const char *guid, gpointer user_data);
gboolean
bts_caller_cache_is_attached (BtsCallerCache *self, BtsGuidMatch matches, gpointer user_data);
