/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-exchange.h"
#include "worker/transport/http-stream.h"

/* A socket as the transports use it: waits with a time-out of its own, is woken by shutting it
 * down, wakes up once per 128 KiB of a large body, and under TLS reads ahead. */

typedef struct _BtsHttpPool BtsHttpPool;

#define BTS_TYPE_HTTP_WIRE (bts_http_wire_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpWire, bts_http_wire, BTS, HTTP_WIRE, BtsHttpStream)

/* @connection is a #GSocketConnection. Its socket stays open as long as this does, whoever closes
 * the other: GIO closes the socket first, and TLS still says good-bye after that. */
BtsHttpWire *bts_http_wire_new (GIOStream *connection,
                                BtsHttpPool *pool,
                                gboolean is_reading_ahead,
                                GError **error);

/* Sends some of the file @fd from @offset on, without copying it through this process; returns how
 * much, 0 where the file ends before. */
gssize
bts_http_wire_send_file (BtsHttpWire *self, int fd, guint64 offset, gsize size, GError **error);

/* What waits to be sent at most, as the queue is now. */
guint64 bts_http_wire_get_queue_bytes (BtsHttpWire *self);

/* Whether the server has begun a final answer already, or has closed. Not under TLS. */
gboolean bts_http_wire_has_answer (BtsHttpWire *self);

/* Works for @exchange from now on, or no longer. */
void bts_http_wire_attach (BtsHttpWire *self, BtsHttpExchange *exchange);
void bts_http_wire_detach (BtsHttpWire *self, BtsHttpExchange *exchange);

/* All the connections of a session. Thread-safe. */
BtsHttpPool *bts_http_pool_new (void);
BtsHttpPool *bts_http_pool_ref (BtsHttpPool *self);
void bts_http_pool_unref (BtsHttpPool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpPool, bts_http_pool_unref)

/* Closes what works for nobody and has not for @idle_us; what does work is not used again after
 * where @idle_us is 0. */
void bts_http_pool_drop_idle (BtsHttpPool *self, gint64 idle_us);
