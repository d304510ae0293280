/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* The objects: path and caller in, object or nothing out. A missing object and one that the
 * caller may not see answer alike. */

/* Exports the tree. @keeper owns @bus and is held by every call; @began and @ended are called
 * with it at the beginning and the end of each. */
BtsObjectTree *
bts_object_tree_new (BtsBus *bus, GObject *keeper, GDestroyNotify began, GDestroyNotify ended);
void bts_object_tree_free (BtsObjectTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsObjectTree, bts_object_tree_free)

/* Whether a connection may be answered has changed, or it has gone. */
void bts_object_tree_take_verdict (BtsObjectTree *self, const char *name, BtsUnreadVerdict verdict);
void bts_object_tree_forget (BtsObjectTree *self, const char *name);
