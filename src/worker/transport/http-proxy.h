/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/transport/http-auth.h"
#include "worker/transport/http-proxy-memory.h"

/* Which way a request goes: the option `proxy` of its operation, else GIO's resolver, which in a
 * session is that of its user, and in a system service always says that there is none. */

typedef struct
{
  char *scheme; /* (owned): http, https or socks5 */
  char *host;   /* (owned): without brackets */
  guint16 port;
  char *user;     /* (owned) (nullable) */
  char *password; /* (owned) (nullable) */
} BtsHttpProxy;

void bts_http_proxy_free (BtsHttpProxy *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpProxy, bts_http_proxy_free)

/* For @uri and the operation's @request (nullable); *@proxy is NULL where there is none. Asks GIO,
 * which may take its time. */
gboolean bts_http_proxy_choose (BtsHttpProxyMemory *memory,
                                GVariant *request,
                                GUri *uri,
                                GCancellable *cancellable,
                                BtsHttpProxy **proxy,
                                GError **error);

/* Whether requests for http go to it as they are, with their whole URI. */
gboolean bts_http_proxy_forwards (const BtsHttpProxy *self);

/* HOST:PORT, with brackets where they are needed. */
char *bts_http_proxy_format_address (const char *host, guint16 port);

/* Where the proxy is, and who asks it: connections of the same key may stand in for each other. */
char *bts_http_proxy_dup_key (const BtsHttpProxy *self);

/* Has the proxy connect @stream with @host. Meets its challenge with @auth: where that takes
 * another connection, *@is_challenged is set and it should be tried once more. @cancellable: for
 * what @auth has to ask for. Errors: BGT_WEB_ERROR, G_IO_ERROR. */
gboolean bts_http_proxy_open_tunnel (GIOStream *stream,
                                     const char *host,
                                     guint16 port,
                                     BtsHttpAuth *auth,
                                     GCancellable *cancellable,
                                     gboolean *is_challenged,
                                     GError **error);
