/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The file name that a server gives: Content-Disposition (RFC 6266). */

/* Made safe: no path, no control characters, no leading dot. NULL where @content_disposition has
 * none that is left. */
char *bts_served_name_parse (const char *content_disposition);

/* Renames the file @destination (a path or a file:// URI) to the name in @information, what
 * GetResponseInformation has returned (nullable), beside it, and never over anything. Where that
 * gives no other name than @replaced (nullable) has, the file takes the place of @replaced. Returns
 * its path; NULL where it stays as it is. */
char *bts_served_name_give (const char *destination, const char *replaced, GVariant *information);
