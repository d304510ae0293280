/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* A change of a group by a call: it takes effect when those before it have ended, is saved, and
 * undone where that fails. */

/* What a call does to a group. */
typedef struct
{
  /* FALSE with @error where it cannot. */
  gboolean (*apply) (BtsInvocation *call, BtsGroup *group, GVariant *argument, GError **error);
  /* (nullable): takes @call where the group has been removed since, instead of an error */
  void (*if_gone) (BtsInvocation *call, GVariant *argument);
} BtsGroupDeed;

/* FALSE with @error, UNKNOWN_OBJECT, where @group has been removed since @call came. */
gboolean bts_group_check_there (BtsInvocation *call, BtsGroup *group, GError **error);

/* Takes @call: does @deed with @argument (floating, nullable), saves the group, tells clients of it
 * and answers with @answer (floating, nullable). */
void bts_group_change (BtsInvocation *call,
                       BtsGroup *group,
                       const BtsGroupDeed *deed,
                       GVariant *argument,
                       GVariant *answer);
