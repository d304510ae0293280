/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Tells clients of groups that come, go and change; of the operations in one at most four times a
 * second. */

typedef struct _BtsGroupNotifier BtsGroupNotifier;

BtsGroupNotifier *bts_group_notifier_new (BtsBus *bus);
void bts_group_notifier_free (BtsGroupNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsGroupNotifier, bts_group_notifier_free)

/* The store has @group's behavior. */
void bts_group_notifier_take_saved (BtsGroupNotifier *self, BtsGroup *group);
