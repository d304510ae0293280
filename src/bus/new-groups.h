/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/groups.h"
#include "store/state-files.h"

/* Groups on their way: those that a call needs and that are not there yet. They are saved before
 * they are among the others, and leave nothing behind where the call fails. */

typedef struct _BtsNewGroups BtsNewGroups;

BtsNewGroups *bts_new_groups_new (BtsGroups *groups, BtsStateFiles *files);
void bts_new_groups_free (BtsNewGroups *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsNewGroups, bts_new_groups_free)

/* The group that operations of @owner with that group name get into, lent. With @is_own only one of
 * the owner's own will do. LIMIT_EXCEEDED where it would be one too many. Without @is_own a new one
 * is transient. */
BtsGroup *bts_new_groups_ensure (
    BtsNewGroups *self, BtsOwner *owner, const char *name, gboolean is_own, GError **error);

/* Saves the new ones; @self stays until then. */
void
bts_new_groups_save_async (BtsNewGroups *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean bts_new_groups_save_finish (GAsyncResult *result, GError **error);

/* Adds them to the others. */
void bts_new_groups_publish (BtsNewGroups *self);
