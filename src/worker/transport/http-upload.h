/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <libsoup/soup.h>

#include "worker/transport/http-exchange.h"
#include "worker/transport/transport.h"

/* The body of a request on its way. libsoup would copy it in small pieces, so it is only shown a
 * stream that writes all of it to the connection itself and then ends. */

/* How many of @wanted bytes may pass now (waits until it is at least one), and that they have. */
typedef struct
{
  gsize (*wait) (gsize wanted, gpointer user_data);
  void (*take) (gsize taken, gpointer user_data);
  gpointer user_data;
} BtsHttpThrottle;

/* Makes @body that of @message. @exchange, which notes how far it is, and @throttle are lent until
 * the message has been sent. @may_expect: the server may be asked whether it wants the body. FALSE
 * where @body says so. */
gboolean bts_http_upload_attach (SoupMessage *message,
                                 const BtsTransportBody *body,
                                 BtsHttpExchange *exchange,
                                 const BtsHttpThrottle *throttle,
                                 gboolean may_expect,
                                 GError **error);
