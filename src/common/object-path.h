/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* An operation's GUID is a lower-case UUID with `-` written as `_`, which is also the last
 * element of its object path. */

/* A new random GUID. */
char *bts_guid_new (void);

/* Whether @guid has exactly the form above; what comes from bus, disk or worker is checked here. */
gboolean bts_guid_is_valid (const char *guid);

char *bts_object_path_for_operation (const char *guid);

/* The GUID in @path; NULL where @path is not the path of an operation. */
char *bts_object_path_to_operation_guid (const char *path);

/* Group names may be any UTF-8: bytes other than [A-Za-z0-9] become `_xx`, "" becomes `_`. */
char *bts_object_path_for_group (const char *name);
