/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>
#include <sys/types.h>

/* Values as people read them. All results are UTF-8 and newly allocated. */

/* Without control characters and with valid UTF-8 only, so that nothing from a server or another
 * application can move the cursor. */
char *bts_text_make_printable (const char *text);

/* "12.3 MiB" */
char *bts_text_format_size (guint64 bytes);

/* "0:07", "1:02:03"; "" for a negative number. */
char *bts_text_format_seconds (gint64 seconds);

/* The user's name; the number where there is no such user. */
char *bts_text_format_user (uid_t uid);

/* Local date and time of a Unix time in microseconds; "" for 0. */
char *bts_text_format_time (gint64 time_us);

/* A word of BlockedBy as a phrase, translated; the word itself where it is not known. */
const char *bts_text_describe_blocker (const char *word);

/* What would end that blocker, translated; "" where the word is not known. */
const char *bts_text_describe_remedy (const char *word);

/* All of @words as one phrase, "" for none; where one is an error, with @web_error, "" if unknown.
 */
char *bts_text_describe_blockers (char **words, const char *web_error);

/* Columns that @text takes on a terminal. */
int bts_text_get_width (const char *text);

/* At most @width columns of @text, with "..." where something is left out. */
char *bts_text_shorten (const char *text, int width);
