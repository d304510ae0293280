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

/* Adds the cookies that come with @answer. */
void bts_http_head_take_cookies (const BtsHttpAnswer *answer, BtsHttpCookies *cookies);
