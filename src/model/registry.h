/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"
#include "model/usage.h"

/* All operations. Signals: operation-added (op), operation-removed (op),
 * operation-changed (op, guint changes), operation-finished (op). */

#define BTS_TYPE_REGISTRY (bts_registry_get_type ())
G_DECLARE_FINAL_TYPE (BtsRegistry, bts_registry, BTS, REGISTRY, GObject)

BtsRegistry *bts_registry_new (void);

void bts_registry_add (BtsRegistry *self, BtsOperation *operation);
void bts_registry_remove (BtsRegistry *self, BtsOperation *operation);
BtsOperation *bts_registry_lookup (BtsRegistry *self, const char *guid); /* (nullable), lent */
GPtrArray *bts_registry_get_operations (BtsRegistry *self);              /* lent; oldest first */
guint bts_registry_get_n_operations (BtsRegistry *self);

/* Adds one of several operations that have been created together and are added one after the other:
 * none of them is to move before all are there. _end_arrival comes before the last is added. */
void bts_registry_add_arriving (BtsRegistry *self, BtsOperation *operation);
void bts_registry_end_arrival (BtsRegistry *self, BtsOperation *operation);
gboolean bts_registry_is_arriving (BtsRegistry *self, BtsOperation *operation);

/* What is taken by the operations, those that are still being created too. Lent. */
BtsUsage *bts_registry_get_usage (BtsRegistry *self);
