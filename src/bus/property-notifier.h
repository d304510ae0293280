/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Tells clients what has changed in an operation. What is durable is told once the store holds it;
 * progress at most four times a second an operation, and always once at the end. */

BtsPropertyNotifier *bts_property_notifier_new (BtsBus *bus);
void bts_property_notifier_free (BtsPropertyNotifier *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsPropertyNotifier, bts_property_notifier_free)

/* Begins with an operation as the store has it. */
void bts_property_notifier_add (BtsPropertyNotifier *self, BtsOperation *operation);
void bts_property_notifier_remove (BtsPropertyNotifier *self, BtsOperation *operation);

/* What a client may know of @operation now. */
BtsOperationView *bts_property_notifier_dup_view (BtsPropertyNotifier *self,
                                                  BtsOperation *operation);

/* The store holds @version of @operation: if that is the present one, clients are told of it now,
 * so that they know it before the answer to the call that made it. */
void bts_property_notifier_take_saved (BtsPropertyNotifier *self,
                                       BtsOperation *operation,
                                       guint64 version);
