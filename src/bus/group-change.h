/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* A change of a group by a call: it takes effect at once, is saved, and undone where that fails. */

typedef struct _BtsGroupChange BtsGroupChange;

/* What @group is like now is what a failure brings back. */
BtsGroupChange *bts_group_change_begin (BtsGroup *group);

void bts_group_change_free (BtsGroupChange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsGroupChange, bts_group_change_free)

/* Takes @self and @call: saves the group as it is now, tells clients of it and answers the call
 * with
 * @answer (floating, nullable). */
void bts_group_change_end (BtsGroupChange *self, BtsInvocation *call, GVariant *answer);
