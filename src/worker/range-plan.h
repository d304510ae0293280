/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/byte-ranges.h"

/* Which part of a file is fetched next, and by whom: pieces of what is missing, handed out to
 * connections that are known by a number. What the application has asked for comes first, then
 * what follows it, then the rest in order; where nothing is left, the largest piece under way is
 * split. Pure; not thread-safe. */

typedef struct _BtsRangePlan BtsRangePlan;

/* @held is copied. @total may be corrected later. */
BtsRangePlan *bts_range_plan_new (const BtsByteRanges *held, guint64 total);
void bts_range_plan_free (BtsRangePlan *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsRangePlan, bts_range_plan_free)

void bts_range_plan_set_total (BtsRangePlan *self, guint64 total);

/* Fetch this next. */
void bts_range_plan_request (BtsRangePlan *self, guint64 offset, guint64 length);

/* A piece of about @size bytes for @id, which has none; FALSE where nothing is worth it. */
gboolean bts_range_plan_take (BtsRangePlan *self, guint id, guint64 size, BtsByteRange *piece);

/* Whether _take would give one. */
gboolean bts_range_plan_has_work (BtsRangePlan *self);

/* The server sends @id everything from where it is: its piece reaches to the end. */
void bts_range_plan_extend (BtsRangePlan *self, guint id);

/* @n bytes have come for @id. Returns how many are still to come; 0: stop there. */
guint64 bts_range_plan_advance (BtsRangePlan *self, guint id, guint64 n);
guint64 bts_range_plan_get_left (BtsRangePlan *self, guint id);

/* Gives back what has not come of the piece of @id. */
void bts_range_plan_release (BtsRangePlan *self, guint id);

/* How many connections should leave what they do for what was asked for last. */
guint bts_range_plan_get_n_to_move (BtsRangePlan *self);

/* Whether the piece of @id does nothing for it. */
gboolean bts_range_plan_is_elsewhere (BtsRangePlan *self, guint id);

/* Whether something that was asked for is under way. */
gboolean bts_range_plan_is_serving (BtsRangePlan *self);

guint64 bts_range_plan_get_received (BtsRangePlan *self);
gboolean bts_range_plan_is_done (BtsRangePlan *self);
