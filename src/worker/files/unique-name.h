/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Names of files, as bytes. Pure. */

/* `name (2).ext` for @n 2, the name itself for 0; `.tar.gz` stays together. The name is cut before
 * its extension where it would be longer than @max_bytes. */
char *bts_unique_name_get_nth (const char *name, guint n, gsize max_bytes);

/* Whether @candidate is @name itself or one of the names above. */
gboolean bts_unique_name_matches (const char *name, const char *candidate, gsize max_bytes);

/* The hidden name of what is not whole yet: `.name.<tag>.part`, @tag from @guid, cut to fit. */
char *bts_partial_name_new (const char *name, const char *guid, gsize max_bytes);

/* Whether @candidate could be the partial file of @guid. */
gboolean bts_partial_name_is_of (const char *candidate, const char *guid);
