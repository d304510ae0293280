/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-exchange.h"
#include "worker/transport/http-stream.h"
#include "worker/transport/http-wire.h"

/* What libsoup takes for the connection: passes the bytes on as they are, and keeps account of how
 * the answer is framed (http-framing.h), under TLS as without. What breaks the rules never reaches
 * libsoup. */

#define BTS_TYPE_HTTP_OBSERVER (bts_http_observer_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpObserver, bts_http_observer, BTS, HTTP_OBSERVER, BtsHttpStream)

/* @connection: @wire itself, or TLS over it. */
GIOStream *bts_http_observer_new (GIOStream *connection, BtsHttpWire *wire);

/* What is put before the path of each request. */
void bts_http_observer_set_uri_start (BtsHttpObserver *self, const char *uri_start);

/* The body of a request, past libsoup. Each returns how many bytes the connection has taken. */
gssize
bts_http_observer_send (BtsHttpObserver *self, gconstpointer data, gsize size, GError **error);
gssize bts_http_observer_send_file (
    BtsHttpObserver *self, int fd, guint64 offset, gsize size, GError **error);

/* What waits to be sent at most. */
guint64 bts_http_observer_get_queue_bytes (BtsHttpObserver *self);

/* Whether _send_file may be used: bytes go out as they are. */
gboolean bts_http_observer_is_plain (BtsHttpObserver *self);

/* Whether the server has answered before the body was sent. Can only be seen where it is plain. */
gboolean bts_http_observer_has_early_answer (BtsHttpObserver *self);

/* Reads what follows the last chunk: libsoup stops after the first line of it. */
gboolean bts_http_observer_read_trailers (BtsHttpObserver *self, GError **error);

/* Bytes have come after the end of the answer. Does not wait. */
gboolean bts_http_observer_has_excess (BtsHttpObserver *self);
