/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"

/* How much of the service users and their applications have, and what they may have. */

typedef struct _BtsUsage BtsUsage;

/* What an operation takes, a finished one too. */
typedef struct
{
  gsize n_bytes;
  gsize n_reported_bytes;
  guint n_descriptors;
} BtsRoom;

BtsUsage *bts_usage_new (void);
void bts_usage_free (BtsUsage *self);

/* @change more operations of @owner are not finished. */
void bts_usage_count_unfinished (BtsUsage *self, BtsOwner *owner, int change);

/* An operation of @owner that took @before takes @after. */
void
bts_usage_count_room (BtsUsage *self, BtsOwner *owner, const BtsRoom *before, const BtsRoom *after);

/* Reserves room for @n operations of @owner with @n_descriptors and requests of @n_bytes that are
 * being created, so that concurrent calls cannot exceed the limits: finished ones do not count but
 * for their size. LIMIT_EXCEEDED says which limit. Each reservation is given back by exactly one
 * _release (when they are counted, or where that failed). */
gboolean bts_usage_reserve (BtsUsage *self,
                            BtsOwner *owner,
                            guint n,
                            guint n_descriptors,
                            gsize n_bytes,
                            guint max_per_application,
                            guint max_per_user,
                            GError **error);
void
bts_usage_release (BtsUsage *self, BtsOwner *owner, guint n, guint n_descriptors, gsize n_bytes);

/* Whether what @owner's user has stored leaves room for more, finished operations included: it is
 * all kept in memory, and told in one message. LIMIT_EXCEEDED. */
gboolean bts_usage_check_room (BtsUsage *self, BtsOwner *owner, GError **error);

/* Whether there is room for more of what workers report of the operations of @owner's user. */
gboolean bts_usage_has_room_for_reports (BtsUsage *self, BtsOwner *owner);

/* How large (bts_report_get_weight) the next checkpoint of @operation may be where there is none:
 * it replaces the one that is there, and some room is kept for checkpoints alone. */
gsize bts_usage_get_checkpoint_room (BtsUsage *self, BtsOperation *operation);

/* Whether so little of that room is left that finished operations should make some. */
gboolean bts_usage_is_room_scarce (BtsUsage *self, BtsOwner *owner);
