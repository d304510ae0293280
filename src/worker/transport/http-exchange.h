/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/transport/http-framing.h"
#include "worker/transport/http-proxy.h"

/* One run of a transport, as the connections below libsoup see it. libsoup sends and receives in
 * the thread that called it, and that is how a connection finds the run it works for: the exchange
 * entered in its thread. */

typedef struct _BtsHttpSetup BtsHttpSetup;
typedef struct _BtsHttpExchange BtsHttpExchange;

BtsHttpExchange *bts_http_exchange_new (void);
BtsHttpExchange *bts_http_exchange_ref (BtsHttpExchange *self);
void bts_http_exchange_unref (BtsHttpExchange *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpExchange, bts_http_exchange_unref)

/* Lends; NULL outside of a run. */
BtsHttpExchange *bts_http_exchange_get_current (void);
void bts_http_exchange_enter (BtsHttpExchange *self, BtsHttpSetup *setup);
void bts_http_exchange_leave (BtsHttpExchange *self);
BtsHttpSetup *bts_http_exchange_get_setup (BtsHttpExchange *self);

/* From any thread: wakes whatever waits for the network by shutting the socket down, so that
 * nothing needs to poll for a cancellation. */
void bts_http_exchange_cancel (BtsHttpExchange *self);
gboolean bts_http_exchange_is_cancelled (BtsHttpExchange *self);

/* For what has no socket yet: the look-up of the name, and connecting. */
GCancellable *bts_http_exchange_get_cancellable (BtsHttpExchange *self);

/* The connection in use will not be used again. */
void bts_http_exchange_break_connection (BtsHttpExchange *self);

/* @connection begins or ceases to work for @self, which keeps it alive meanwhile. */
void bts_http_exchange_attach (BtsHttpExchange *self, GIOStream *connection, int fd);
void bts_http_exchange_detach (BtsHttpExchange *self, GIOStream *connection);

/* NULL where there is none, or no longer: another run may have taken it over. */
GIOStream *bts_http_exchange_ref_connection (BtsHttpExchange *self);

/* Of the thread of the run; plain notes that one layer leaves for another. */
typedef struct
{
  gboolean is_head;   /* the request is a HEAD */
  guint timeout_ms;   /* without a byte; 0: the setup's */
  gint64 deadline_us; /* when the head must have come, or TLS be there; 0: nothing is due */
  guint64 body_left;  /* bytes of the body that must still come; 0 unknown */
  int last_errno;     /* of the connection, 0 while all is well */
  gboolean has_timed_out;
  gboolean has_ended;                     /* the server has closed the connection */
  gboolean is_reused;                     /* the connection has served an earlier request */
  BtsHttpFraming *framing;                /* (owned) (nullable): of the answer under way */
  GIOStream *observer;                    /* (owned) (nullable): what it comes from */
  GTlsCertificateFlags certificate_flags; /* of the certificate that was refused */
  gboolean awaits_continue;               /* the head has been sent with Expect, and no body */
  gboolean is_body_begun;                 /* some of the request's body may have gone out */
  gboolean is_body_sent;                  /* the request's body, all of it */
  const BtsHttpProxy *proxy;              /* (unowned) (nullable): the way it goes */
  BtsHttpAuth *proxy_auth;                /* (unowned) (nullable): for connecting over @proxy */
  gboolean is_proxy_reached;              /* what fails from there on is beyond @proxy */
  gboolean is_proxy_challenged;           /* @proxy_auth has something new for the proxy */
} BtsHttpExchangeNotes;

BtsHttpExchangeNotes *bts_http_exchange_get_notes (BtsHttpExchange *self);
