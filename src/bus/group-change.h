/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* A change of a group by a call: it takes effect when those before it have ended, is saved, and
 * undone where that fails. */

/* What @call does to @group, with @argument; FALSE with @error where it cannot. */
typedef gboolean (*BtsGroupDeed) (BtsInvocation *call,
                                  BtsGroup *group,
                                  GVariant *argument,
                                  GError **error);

/* Takes @call: does @deed with @argument (floating, nullable), saves the group, tells clients of it
 * and answers with @answer (floating, nullable). */
void bts_group_change (
    BtsInvocation *call, BtsGroup *group, BtsGroupDeed deed, GVariant *argument, GVariant *answer);
