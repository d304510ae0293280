/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Whether there is an operation at @path that @caller may see: the only way from a path to an
 * object. (nullable), lent. */
BtsOperation *bts_find_operation (const BtsBus *bus, BtsCaller *caller, const char *path);

/* The same for groups. */
BtsGroup *bts_find_group (const BtsBus *bus, BtsCaller *caller, const char *path);

/* The path at which @caller finds @group; NULL where it may not see it. */
char *bts_dup_group_path (const BtsCaller *caller, BtsGroup *group);

/* What Introspect answers @caller at @path: an empty node where there is nothing for it. */
char *bts_introspect (const BtsBus *bus, BtsCaller *caller, const char *path);
