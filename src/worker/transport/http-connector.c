/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-connector.h"

#include <string.h>

#include "worker/transport/http-observer.h"
#include "worker/transport/http-setup.h"

#define PLAIN_SCHEME "bts-plain"
#define TLS_SCHEME "bts-tls"

static const char *const tls_protocols[] = { "http/1.1", NULL };

/* The judgement of GIO, and then that of the extra certificates. */
static gboolean
on_accept_certificate (GTlsConnection *connection,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags flags,
                       gpointer user_data)
{
  BtsHttpExchange *exchange = user_data;
  BtsHttpSetup *setup = bts_http_exchange_get_setup (exchange);
  GSocketConnectable *identity =
      g_tls_client_connection_get_server_identity (G_TLS_CLIENT_CONNECTION (connection));

  if (setup->extra_database != NULL && (flags & G_TLS_CERTIFICATE_UNKNOWN_CA))
    flags = g_tls_database_verify_chain (setup->extra_database, certificate,
                                         G_TLS_DATABASE_PURPOSE_AUTHENTICATE_SERVER, identity, NULL,
                                         G_TLS_DATABASE_VERIFY_NONE, NULL, NULL);

  bts_http_exchange_get_notes (exchange)->certificate_flags = flags;
  return flags == 0;
}

static GIOStream *
add_tls (GIOStream *stream,
         BtsHttpExchange *exchange,
         const char *host,
         guint16 port,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GSocketConnectable) identity = g_network_address_new (host, port);
  g_autoptr (GIOStream) tls = g_tls_client_connection_new (stream, identity, error);
  BtsHttpSetup *setup = bts_http_exchange_get_setup (exchange);
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  guint timeout_ms = notes->timeout_ms;
  gint64 deadline_us = notes->deadline_us;
  gboolean is_secure;

  if (tls == NULL)
    return NULL;

  g_tls_connection_set_database (G_TLS_CONNECTION (tls), setup->system_database);
  g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (tls), tls_protocols);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_accept_certificate), exchange);

  notes->timeout_ms = setup->connect_timeout_ms;
  notes->deadline_us = g_get_monotonic_time () + (gint64) setup->connect_timeout_ms * 1000;
  is_secure = g_tls_connection_handshake (G_TLS_CONNECTION (tls), cancellable, error);
  notes->timeout_ms = timeout_ms;
  notes->deadline_us = deadline_us;

  g_signal_handlers_disconnect_by_func (tls, on_accept_certificate, exchange);
  return is_secure ? g_steal_pointer (&tls) : NULL;
}

/* GIO speaks SOCKS; names are resolved by the proxy. */
static GIOStream *
pass_socks (GIOStream *stream,
            const BtsHttpProxy *proxy,
            GProxyAddress *address,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GProxy) socks = g_proxy_get_default_for_protocol ("socks5");
  g_autoptr (GProxyAddress) socks_address = NULL;
  const char *password = proxy->password != NULL ? proxy->password : "";

  if (socks == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "GIO has no socks5");
      return NULL;
    }
  socks_address =
      g_object_new (G_TYPE_PROXY_ADDRESS, "address",
                    g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (address)), "port",
                    g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (address)), "protocol",
                    "socks5", "destination-protocol", "http", "destination-hostname",
                    g_proxy_address_get_destination_hostname (address), "destination-port",
                    (guint) g_proxy_address_get_destination_port (address), "username", proxy->user,
                    "password", proxy->user != NULL ? password : NULL, NULL);
  return g_proxy_connect (socks, stream, socks_address, cancellable, error);
}

/* Speaks to the proxy until what comes after it is the server. */
static GIOStream *
pass_proxy (GIOStream *stream,
            BtsHttpExchange *exchange,
            GProxyAddress *address,
            gboolean is_tls,
            GCancellable *cancellable,
            GError **error)
{
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  const BtsHttpProxy *proxy = notes->proxy;
  g_autoptr (GIOStream) secured = NULL;

  if (proxy == NULL)
    return g_object_ref (stream);
  notes->is_proxy_reached = !g_str_equal (proxy->scheme, "https");
  if (!bts_http_proxy_forwards (proxy))
    return pass_socks (stream, proxy, address, cancellable, error);

  secured = notes->is_proxy_reached
                ? g_object_ref (stream)
                : add_tls (stream, exchange, proxy->host, proxy->port, cancellable, error);
  if (secured == NULL)
    return NULL;
  notes->is_proxy_reached = TRUE;
  if (is_tls && !bts_http_proxy_open_tunnel (
                    secured, g_proxy_address_get_destination_hostname (address),
                    g_proxy_address_get_destination_port (address), notes->proxy_auth, cancellable,
                    &notes->is_proxy_challenged, error))
    return NULL;
  return g_steal_pointer (&secured);
}

/* The whole way to the server. */
static GIOStream *
open_way (GIOStream *wire,
          BtsHttpExchange *exchange,
          GProxyAddress *address,
          GCancellable *cancellable,
          GError **error)
{
  gboolean is_tls = g_str_equal (g_proxy_address_get_protocol (address), TLS_SCHEME);
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  g_autoptr (GIOStream) way = NULL;

  notes->deadline_us = g_get_monotonic_time () +
                       (gint64) bts_http_exchange_get_setup (exchange)->connect_timeout_ms * 1000;
  way = pass_proxy (wire, exchange, address, is_tls, cancellable, error);
  notes->deadline_us = 0;
  if (way == NULL || !is_tls)
    return g_steal_pointer (&way);
  return add_tls (way, exchange, g_proxy_address_get_destination_hostname (address),
                  g_proxy_address_get_destination_port (address), cancellable, error);
}

/* A proxy that forwards requests must be told whole URIs; libsoup does not know of it. */
static void
add_uri_start (BtsHttpObserver *observer, GProxyAddress *address)
{
  g_autofree char *place =
      bts_http_proxy_format_address (g_proxy_address_get_destination_hostname (address),
                                     g_proxy_address_get_destination_port (address));
  g_autofree char *start = g_strconcat ("http://", place, NULL);

  if (g_str_has_suffix (start, ":80"))
    start[strlen (start) - strlen (":80")] = '\0';
  bts_http_observer_set_uri_start (observer, start);
}

static GIOStream *
connect_proxy (GProxy *self,
               GIOStream *connection,
               GProxyAddress *address,
               GCancellable *cancellable,
               GError **error)
{
  BtsHttpExchange *exchange = bts_http_exchange_get_current ();
  gboolean is_tls = g_str_equal (g_proxy_address_get_protocol (address), TLS_SCHEME);
  const BtsHttpProxy *proxy;
  g_autoptr (BtsHttpWire) wire = NULL;
  g_autoptr (GIOStream) way = NULL;
  GIOStream *observer;

  if (exchange == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "Only runs of transports may connect");
      return NULL;
    }

  proxy = bts_http_exchange_get_notes (exchange)->proxy;
  wire =
      bts_http_wire_new (connection, bts_http_exchange_get_setup (exchange)->pool,
                         is_tls || (proxy != NULL && g_str_equal (proxy->scheme, "https")), error);
  if (wire == NULL)
    return NULL;
  bts_http_wire_attach (wire, exchange);
  way = open_way (G_IO_STREAM (wire), exchange, address, cancellable, error);
  if (way == NULL)
    return NULL;
  observer = bts_http_observer_new (way, wire);
  if (proxy != NULL && bts_http_proxy_forwards (proxy) && !is_tls)
    add_uri_start (BTS_HTTP_OBSERVER (observer), address);
  return observer;
}

static gboolean
supports_hostname (GProxy *proxy)
{
  return TRUE;
}

static void
bts_http_proxy_interface_init (GProxyInterface *interface)
{
  interface->connect = connect_proxy;
  interface->supports_hostname = supports_hostname;
}

#define BTS_TYPE_HTTP_PLAIN_PROXY (bts_http_plain_proxy_get_type ())
G_DECLARE_DERIVABLE_TYPE (BtsHttpPlainProxy, bts_http_plain_proxy, BTS, HTTP_PLAIN_PROXY, GObject)

struct _BtsHttpPlainProxyClass
{
  GObjectClass parent;
};

/* GIO keeps proxies by type, so that each scheme needs one of its own. */
#define BTS_TYPE_HTTP_TLS_PROXY (bts_http_tls_proxy_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpTlsProxy, bts_http_tls_proxy, BTS, HTTP_TLS_PROXY, BtsHttpPlainProxy)

struct _BtsHttpTlsProxy
{
  BtsHttpPlainProxy parent;
};

G_DEFINE_TYPE_WITH_CODE (BtsHttpPlainProxy,
                         bts_http_plain_proxy,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_PROXY, bts_http_proxy_interface_init))
G_DEFINE_FINAL_TYPE (BtsHttpTlsProxy, bts_http_tls_proxy, BTS_TYPE_HTTP_PLAIN_PROXY)

static void
bts_http_plain_proxy_class_init (BtsHttpPlainProxyClass *class)
{
}

static void
bts_http_plain_proxy_init (BtsHttpPlainProxy *self)
{
}

static void
bts_http_tls_proxy_class_init (BtsHttpTlsProxyClass *class)
{
}

static void
bts_http_tls_proxy_init (BtsHttpTlsProxy *self)
{
}

#define BTS_TYPE_HTTP_RESOLVER (bts_http_resolver_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpResolver, bts_http_resolver, BTS, HTTP_RESOLVER, GObject)

struct _BtsHttpResolver
{
  GObject parent;

  const char *scheme; /* (unowned): static */
  char *address;      /* (owned) (nullable): of the proxy */
};

static void bts_http_resolver_interface_init (GProxyResolverInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsHttpResolver,
                               bts_http_resolver,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_PROXY_RESOLVER,
                                                      bts_http_resolver_interface_init))

static char **
lookup (GProxyResolver *resolver, const char *uri, GCancellable *cancellable, GError **error)
{
  BtsHttpResolver *self = BTS_HTTP_RESOLVER (resolver);
  const char *separator = strstr (uri, "://");
  char **proxies;

  if (separator == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "The address is not a URI");
      return NULL;
    }

  proxies = g_new0 (char *, 2);
  if (self->address != NULL)
    proxies[0] = g_strconcat (self->scheme, "://", self->address, NULL);
  else
    proxies[0] = g_strconcat (self->scheme, separator, NULL);
  return proxies;
}

static gboolean
is_supported (GProxyResolver *resolver)
{
  return TRUE;
}

static void
bts_http_resolver_interface_init (GProxyResolverInterface *interface)
{
  interface->is_supported = is_supported;
  interface->lookup = lookup;
}

static void
bts_http_resolver_finalize (GObject *object)
{
  g_free (BTS_HTTP_RESOLVER (object)->address);
  G_OBJECT_CLASS (bts_http_resolver_parent_class)->finalize (object);
}

static void
bts_http_resolver_class_init (BtsHttpResolverClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_http_resolver_finalize;
}

static void
bts_http_resolver_init (BtsHttpResolver *self)
{
}

static gpointer
register_proxies (gpointer unused)
{
  /* Makes GIO register the extension point. */
  g_autoptr (GProxy) none = g_proxy_get_default_for_protocol ("none");

  g_io_extension_point_implement (G_PROXY_EXTENSION_POINT_NAME, BTS_TYPE_HTTP_PLAIN_PROXY,
                                  PLAIN_SCHEME, 0);
  g_io_extension_point_implement (G_PROXY_EXTENSION_POINT_NAME, BTS_TYPE_HTTP_TLS_PROXY, TLS_SCHEME,
                                  0);
  return NULL;
}

GProxyResolver *
bts_http_connector_new_resolver (const BtsHttpProxy *proxy, gboolean is_tls)
{
  static GOnce once = G_ONCE_INIT;
  BtsHttpResolver *self;

  g_once (&once, register_proxies, NULL);
  self = g_object_new (BTS_TYPE_HTTP_RESOLVER, NULL);
  self->scheme = is_tls ? TLS_SCHEME : PLAIN_SCHEME;
  if (proxy != NULL)
    self->address = bts_http_proxy_format_address (proxy->host, proxy->port);
  return G_PROXY_RESOLVER (self);
}
