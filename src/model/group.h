/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/operation.h"

/* Operations of one application that are dealt with together: in any order, or one after the
 * other. A group has only what its owner can have put into it.
 *
 * Signal: changed ()   the behavior or the order is another */

#define BTS_TYPE_GROUP (bts_group_get_type ())
G_DECLARE_FINAL_TYPE (BtsGroup, bts_group, BTS, GROUP, GObject)

/* @id has the form of an operation's GUID. */
BtsGroup *
bts_group_new (const char *id, BtsOwner *owner, const char *name, BgtGroupBehavior behavior);

const char *bts_group_get_id (BtsGroup *self);
BtsOwner *bts_group_get_owner (BtsGroup *self);
const char *bts_group_get_name (BtsGroup *self);

BgtGroupBehavior bts_group_get_behavior (BtsGroup *self);
void bts_group_set_behavior (BtsGroup *self, BgtGroupBehavior behavior);

/* Tells groups of one name apart that the same callers can see; 0 for the first. */
guint bts_group_get_number (BtsGroup *self);
void bts_group_set_number (BtsGroup *self, guint number);

/* Made by an operation that named it, not by CreateGroup: it goes with its last operation. */
gboolean bts_group_is_transient (BtsGroup *self);
void bts_group_set_transient (BtsGroup *self, gboolean is_transient);

/* The object's path, as it is seen from there. */
char *bts_group_dup_path (BtsGroup *self, BtsViewpoint viewpoint);

/* (element-type BtsOperation), lent; the oldest first. */
GPtrArray *bts_group_get_operations (BtsGroup *self);
void bts_group_add (BtsGroup *self, BtsOperation *operation);
void bts_group_remove (BtsGroup *self, BtsOperation *operation);

/* Where @operation stands: the lowest goes first. The order in which they were started, until
 * _make_current has changed it. */
guint64 bts_group_get_position (BtsGroup *self, BtsOperation *operation);

/* Moves @operation, and those after it, to the front. INVALID_STATE where it waits for no turn. */
gboolean bts_group_make_current (BtsGroup *self, BtsOperation *operation, GError **error);

/* The GUIDs that have been given an order by hand; for the store. (transfer full) */
char **bts_group_dup_order (BtsGroup *self);
void bts_group_set_order (BtsGroup *self, const char *const *guids);
