/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Asks for a password on the terminal, without showing it. BGT_ERROR_INVALID_ARGUMENT where there
 * is no terminal, G_IO_ERROR_CANCELLED on Ctrl-C. */
char *bts_password_ask (const char *prompt, GError **error);

/* The first line of the file @path. */
char *bts_password_read (const char *path, GError **error);
