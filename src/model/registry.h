/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"

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

/* Reserves room for @n operations of @owner with @n_descriptors and requests of @n_bytes that are
 * being created, so that concurrent calls cannot exceed the limits: finished ones do not count but
 * for their size. LIMIT_EXCEEDED says which limit. Each reservation is given back by exactly one
 * _release (after _add, or where it failed). */
gboolean bts_registry_reserve (BtsRegistry *self,
                               BtsOwner *owner,
                               guint n,
                               guint n_descriptors,
                               gsize n_bytes,
                               guint max_per_application,
                               guint max_per_user,
                               GError **error);
/* Whether what @owner's user has stored leaves room for more, finished operations included: it is
 * all kept in memory, and told in one message. LIMIT_EXCEEDED. */
gboolean bts_registry_check_room (BtsRegistry *self, BtsOwner *owner, GError **error);

/* Whether there is room for more of what workers report of the operations of @owner's user. */
gboolean bts_registry_has_room_for_reports (BtsRegistry *self, BtsOwner *owner);

/* How large (bts_report_get_weight) the next checkpoint of @operation may be where there is none:
 * it replaces the one that is there, and some room is kept for checkpoints alone. */
gsize bts_registry_get_checkpoint_room (BtsRegistry *self, BtsOperation *operation);

/* Whether so little of that room is left that finished operations should make some. */
gboolean bts_registry_is_room_scarce (BtsRegistry *self, BtsOwner *owner);

void bts_registry_release (
    BtsRegistry *self, BtsOwner *owner, guint n, guint n_descriptors, gsize n_bytes);
