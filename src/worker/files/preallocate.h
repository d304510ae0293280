/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Makes sure that a file of @total bytes fits where @fd is, and, where it is large and the file
 * system can, keeps the space for it. The file's size stays as it is. BGT_WEB_ERROR_NO_SPACE says
 * how much is needed and how much is free. */
gboolean bts_preallocate (int fd, guint64 total, GError **error);
