/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What went wrong with a file, in the words of the two public error domains. */

/* Sets a BGT_WEB_ERROR for @error_number; the message is @format, then what the system says. */
void bts_file_error_set (GError **error, int error_number, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* Turns a BGT_WEB_ERROR into the BGT_ERROR a caller on the bus is told; others stay. */
void bts_file_error_make_public (GError **error);

/* Turns a BGT_ERROR into the BGT_WEB_ERROR that ends an operation; others stay. */
void bts_file_error_make_web (GError **error);

/* For messages: bytes of a path as they may be shown. The caller frees it. */
char *bts_file_display_name (const char *folder, const char *name);
