/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Whether the parts of a multipart upload are well-formed. Each has the keys of
 * CreateMultipartUpload, but `found` a{sv} (path ay, device t, inode t, is-stream b) instead of
 * `fd`. Pure. Errors are BGT_ERROR_INVALID_ARGUMENT. */
gboolean bts_check_parts (GVariant *value, GError **error);

/* Whether what is known of a descriptor, a{sv} (nullable), says that it is a pipe or a socket. */
gboolean bts_found_file_is_stream (GVariant *found);

/* Whether that of one of @parts (nullable) does. */
gboolean bts_parts_have_stream (GVariant *parts);

/* Whether one of them names a file by its path. */
gboolean bts_parts_have_path (GVariant *parts);
