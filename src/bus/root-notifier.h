/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Tells clients what has changed in the properties of the root object. They are nobody's in
 * particular: every connection that has called is told. */

BtsRootNotifier *bts_root_notifier_new (BtsBus *bus);
void bts_root_notifier_free (BtsRootNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsRootNotifier, bts_root_notifier_free)

/* Looks what is another than last time, and tells it. */
void bts_root_notifier_update (BtsRootNotifier *self);
