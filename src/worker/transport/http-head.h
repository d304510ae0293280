/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-client.h"
#include "worker/transport/transport.h"

/* What the answer's head says, checked against itself and against what was asked. Errors:
 * INVALID_SERVER_RESPONSE. @head is to be cleared in any case. */
gboolean bts_http_head_fill (BtsTransportHead *head,
                             const BtsTransportRequest *request,
                             const BtsHttpAnswer *answer,
                             GError **error);

/* Where an answer sends to; NULL where it does not say, or says several that differ. Lends. */
const char *bts_http_head_get_location (SoupMessage *message);

/* Adds the cookies that come with @answer. */
void bts_http_head_take_cookies (const BtsHttpAnswer *answer, BtsHttpCookies *cookies);
