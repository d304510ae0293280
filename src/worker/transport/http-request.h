/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <libsoup/soup.h>

#include "worker/transport/http-target.h"
#include "worker/transport/transport.h"

/* The message for one hop. Headers are chosen anew for each: what the application gave to prove who
 * it is goes to its own origin only. @has_body: FALSE leaves a body of the operation's request out.
 * NULL where the target cannot be put into a message. */
SoupMessage *bts_http_request_new_message (const BtsTransportRequest *request,
                                           const BtsHttpTarget *target,
                                           gboolean has_body,
                                           BtsHttpCookies *cookies);

/* Whether anything is sent but a head. */
gboolean bts_http_request_has_body (const BtsTransportRequest *request);

/* What the operation wants to be done; GET where it does not say. Lends. */
const char *bts_http_request_get_method (const BtsTransportRequest *request);

/* Whether it asks for a part of the file. */
gboolean bts_http_request_has_range (const BtsTransportRequest *request);
