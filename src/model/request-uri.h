/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* FTP URIs may say who logs in. That is no part of what shows. TRUE where @text does:
 * @stripped is it without (s), @credential (ss) what it said; neither floating. */
gboolean bts_request_uri_split (const char *text, GVariant **stripped, GVariant **credential);

gboolean bts_request_uri_is_ftp (const char *text);
