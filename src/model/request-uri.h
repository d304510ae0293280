/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "common/bgt-enums.h"

/* FTP URIs may say who logs in. That is one log-in like any other, and kept where it does not
 * show: @uri (s) is replaced by one without, @credential ((ss), nullable) set. A given @credential
 * wins, unless the URI @is_newer. INVALID_ARGUMENT where what the URI says cannot be a log-in. */
gboolean bts_request_uri_take_log_in (GVariant **uri,
                                      GVariant **credential,
                                      gboolean is_newer,
                                      GError **error);

gboolean bts_request_uri_is_ftp (const char *text);

/* FTP is for downloads: NOT_SUPPORTED. What cannot be a file's path there: INVALID_ARGUMENT. */
gboolean bts_request_uri_check_kind (const char *text, BgtOperationKind kind, GError **error);

/* Whether @request, an a{sv} with a URI, has nothing that only HTTP knows, unless the URI is for
 * that, or @before (nullable), from which it was made, has it too. INVALID_ARGUMENT names the key.
 */
gboolean bts_request_uri_check_options (GVariant *request, GVariant *before, GError **error);

/* scheme://host:port, the same for every URI of the same origin. */
char *bts_request_uri_make_host (const char *text);
