/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <curl/curl.h>

#include "worker/transport/ftp.h"

/* How a handle of libcurl is set up, and what its errors mean. */

/* Everything of @request but which bytes. BGT_WEB_ERROR. */
gboolean bts_ftp_session_set_up (BtsFtpSession *self,
                                 CURL *curl,
                                 const BtsTransportRequest *request,
                                 GError **error);

/* @uri without user name and password. */
char *bts_ftp_strip_uri (const char *uri);

/* The HTTP status that says what the server has refused; 0 where it has refused nothing. */
guint bts_ftp_get_status (CURL *curl, CURLcode code);

void bts_ftp_set_error (GError **error, CURL *curl, CURLcode code, const char *message);
