/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/transport.h"

/* What all HTTP transfers of a worker share: connections kept alive, TLS, proxies, time-outs.
 * Thread-safe. */

typedef struct
{
  guint connect_timeout_seconds;
  guint response_timeout_seconds; /* also: no byte for that long */
  const char *tls_ca_file;        /* (nullable) extra CA certificates, PEM */
  gboolean allow_plain_http;
} BtsHttpSettings;

#define BTS_TYPE_HTTP_SESSION (bts_http_session_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpSession, bts_http_session, BTS, HTTP_SESSION, GObject)

BtsHttpSession *bts_http_session_new (void);

/* For transfers that start from now on. INVALID_ARGUMENT where the CA file cannot be read; the
 * other settings are in force all the same. */
gboolean
bts_http_session_configure (BtsHttpSession *self, const BtsHttpSettings *settings, GError **error);

/* The network has changed: idle connections are closed, so that new ones are made. */
void bts_http_session_drop_connections (BtsHttpSession *self);
