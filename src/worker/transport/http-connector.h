/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/transport/http-proxy.h"

/* How our streams come below libsoup without its knowledge. GIO asks a proxy resolver before it
 * connects; ours always answers with a "proxy" of a scheme of our own at the very address of the
 * server, and the #GProxy of that scheme, which is handed the fresh connection, puts the streams
 * around it.
 *
 * TLS is put on there too, and libsoup is only ever shown plain HTTP: so the framing of answers can
 * be watched over https as well, HTTP/1.1 can be chosen, and certificates are judged here. What is
 * for https is sent through a #SoupSession of its own, as http://HOST:443, so that the connections
 * of the two can never be mixed up. */

/* A resolver for the session of plain connections, or for that of TLS connections, over @proxy
 * (nullable). It only says where to connect to; what has to be said to the proxy is in the notes of
 * the exchange. */
GProxyResolver *bts_http_connector_new_resolver (const BtsHttpProxy *proxy, gboolean is_tls);
