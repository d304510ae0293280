/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/group.h"
#include "model/registry.h"

/* All groups, and which operations are in them.
 *
 * Signals: group-added (group), group-removed (group), group-changed (group): its behavior or
 * order, operations-changed (group): which operations it has */

#define BTS_TYPE_GROUPS (bts_groups_get_type ())
G_DECLARE_FINAL_TYPE (BtsGroups, bts_groups, BTS, GROUPS, GObject)

#define BTS_GROUPS_MAX_PER_APPLICATION 50
#define BTS_GROUPS_MAX_PER_USER 500

/* Follows @registry: an operation whose group is not there makes one. */
BtsGroups *bts_groups_new (BtsRegistry *registry);

/* (element-type BtsGroup), lent; in the order in which they were added */
GPtrArray *bts_groups_get_all (BtsGroups *self);

/* (nullable), lent: the group of that name that an operation of @owner gets into: its own, or, as
 * an application may be called differently each time, one of the same user. With @is_own only its
 * own. */
BtsGroup *
bts_groups_find (BtsGroups *self, const BtsOwner *owner, const char *name, gboolean is_own);

/* (nullable), lent */
BtsGroup *bts_groups_find_of (BtsGroups *self, BtsOperation *operation);

/* Counts @group, which is being saved and may be added, among its owner's until it is released;
 * LIMIT_EXCEEDED. */
gboolean bts_groups_reserve (BtsGroups *self, BtsGroup *group, GError **error);
void bts_groups_release (BtsGroups *self, BtsGroup *group);

void bts_groups_add (BtsGroups *self, BtsGroup *group);

/* INVALID_STATE unless it is empty. */
gboolean bts_groups_check_remove (BtsGroups *self, BtsGroup *group, GError **error);
void bts_groups_remove (BtsGroups *self, BtsGroup *group);
