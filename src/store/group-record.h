/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/group.h"

/* A group as the text of a key file. Pure. Anything may have happened to the file, so all of it is
 * checked; unknown keys are ignored, a newer version is refused. */

#define BTS_GROUP_RECORD_PREFIX "group-"

/* What the group's file is called. */
char *bts_group_record_get_name (BtsGroup *group);

char *bts_group_record_print (BtsGroup *group);

/* BGT_ERROR_FAILED says what is wrong. */
BtsGroup *bts_group_record_parse (const char *name, const char *text, gsize length, GError **error);
