/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/files/checkpoint.h"
#include "worker/files/target.h"

/* From the hidden name to the one that was asked for. Errors are BGT_WEB_ERROR. */

/* Cuts the file to its size, which must not make it longer: that would be zeros instead of what has
 * come. */
gboolean bts_publish_cut (int fd, guint64 total, GError **error);

/* Gives @partial_name its final name and makes that durable; returns it. @fd is the file itself. */
char *bts_publish_rename (
    const BtsTarget *target, int folder_fd, const char *partial_name, int fd, GError **error);

/* The final name under which the file of @checkpoint stands already: the process died between
 * giving it and saying so. NULL where it does not. */
char *
bts_publish_find (const BtsTarget *target, int folder_fd, const BtsFileCheckpoint *checkpoint);

/* Notes where the file came from, for the desktop; without user name, password, fragment. */
void bts_publish_set_origin (int fd, const char *origin_uri);

/* The path of @name in the folder @fd as it is now; of the file @fd itself where @name is NULL. As
 * it was asked for, unless the folder has been renamed meanwhile. A file URI where it is not
 * UTF-8. */
char *bts_publish_make_path (const BtsTarget *target, int fd, const char *name);
