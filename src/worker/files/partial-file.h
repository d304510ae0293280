/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/files/checkpoint.h"
#include "worker/files/target.h"

/* The hidden file beside the destination, found again, made and removed. Errors are
 * BGT_WEB_ERROR. */

/* Where @checkpoint says that the folder was moved while it was written to, and the file is there,
 * @target is there, too. */
void bts_partial_file_follow (BtsTarget *target, const BtsFileCheckpoint *checkpoint);

/* The name @checkpoint says, else the one @guid gives. */
char *bts_partial_file_get_name (const BtsTarget *target,
                                 int folder_fd,
                                 const BtsFileCheckpoint *checkpoint,
                                 const char *guid);

/* Opens it where it is still the file of @checkpoint; -1 without an error where it is not. */
int bts_partial_file_open (int folder_fd,
                           const char *name,
                           const BtsFileCheckpoint *checkpoint,
                           GError **error);

/* Makes it anew, with the permissions the user's files get; one that is there goes. */
int bts_partial_file_create (int folder_fd, const char *name, GError **error);

/* Missing is fine. */
gboolean bts_partial_file_remove (int folder_fd, const char *name, GError **error);
