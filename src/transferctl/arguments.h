/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What stands on the command line, as values. Pure but for bts_arguments_make_destination (), which
 * looks whether a folder is there. Errors are BGT_ERROR_INVALID_ARGUMENT and say what is right. */

/* "500", "64k", "2M", "1.5G": bytes; the units are powers of 1024. */
gboolean bts_arguments_parse_size (const char *text, guint64 *bytes, GError **error);

/* "2026-12-24T18:00" (of this machine's time zone where it names none), "+90m" from @now (s, m, h,
 * d): microseconds since 1970, as @now is. */
gboolean bts_arguments_parse_time (const char *text, gint64 now, gint64 *time, GError **error);

/* "Name: value" */
gboolean bts_arguments_parse_header (const char *text, char **name, char **value, GError **error);

/* "name=value" */
gboolean bts_arguments_parse_pair (const char *text, char **name, char **value, GError **error);

/* A name for what @uri brings: its last path part, decoded, without anything that could make it
 * another path, a hidden file or unreadable; `download` where nothing is left. */
char *bts_arguments_make_file_name (const char *uri);

/* @name without anything that could make it a path, a hidden file or unreadable, and not too long;
 * may be empty. */
char *bts_arguments_make_safe_name (const char *name);

/* What to call the destination over D-Bus: an absolute path, or a file:// URI where the name is
 * not UTF-8. @output (nullable) is what was asked for; a folder means a name of ours in it. */
char *bts_arguments_make_destination (const char *output, const char *uri, GError **error);

/* Whether @uri has a scheme and a host that the service could know what to do with. */
gboolean bts_arguments_check_uri (const char *uri, GError **error);
