/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Could all that the request sends be opened now? @files (element-type int): the application's
 * descriptors, that of the source or those of parts in their order. Returns keys to add to the
 * request, with which the files can be found again without them; a{sv}, not floating. Errors are
 * BGT_ERROR. */
GVariant *bts_upload_check (GVariant *request, GArray *files, GError **error);
