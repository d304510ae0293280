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
add_tls (GIOStream *wire,
         BtsHttpExchange *exchange,
         GProxyAddress *address,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GSocketConnectable) identity =
                 g_network_address_new (g_proxy_address_get_destination_hostname (address),
                                        g_proxy_address_get_destination_port (address));
  g_autoptr (GIOStream) tls = g_tls_client_connection_new (wire, identity, error);
  BtsHttpSetup *setup = bts_http_exchange_get_setup (exchange);
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  guint timeout_ms = notes->timeout_ms;
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
  notes->deadline_us = 0;

  g_signal_handlers_disconnect_by_func (tls, on_accept_certificate, exchange);
  return is_secure ? g_steal_pointer (&tls) : NULL;
}

static GIOStream *
connect_proxy (GProxy *proxy,
               GIOStream *connection,
               GProxyAddress *address,
               GCancellable *cancellable,
               GError **error)
{
  BtsHttpExchange *exchange = bts_http_exchange_get_current ();
  gboolean is_tls = g_str_equal (g_proxy_address_get_protocol (address), TLS_SCHEME);
  g_autoptr (BtsHttpWire) wire = NULL;
  g_autoptr (GIOStream) secured = NULL;

  if (exchange == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "Only runs of transports may connect");
      return NULL;
    }

  wire =
      bts_http_wire_new (connection, bts_http_exchange_get_setup (exchange)->pool, is_tls, error);
  if (wire == NULL)
    return NULL;
  bts_http_wire_attach (wire, exchange);
  if (is_tls)
    secured = add_tls (G_IO_STREAM (wire), exchange, address, cancellable, error);
  else
    secured = g_object_ref (G_IO_STREAM (wire));
  return secured != NULL ? bts_http_observer_new (secured, wire) : NULL;
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
  const char *separator = strstr (uri, "://");
  char **proxies;

  if (separator == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           "The address is not a URI");
      return NULL;
    }

  proxies = g_new0 (char *, 2);
  proxies[0] = g_strconcat (BTS_HTTP_RESOLVER (resolver)->scheme, separator, NULL);
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
bts_http_resolver_class_init (BtsHttpResolverClass *class)
{
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
bts_http_connector_new_resolver (gboolean is_tls)
{
  static GOnce once = G_ONCE_INIT;
  BtsHttpResolver *self;

  g_once (&once, register_proxies, NULL);
  self = g_object_new (BTS_TYPE_HTTP_RESOLVER, NULL);
  self->scheme = is_tls ? TLS_SCHEME : PLAIN_SCHEME;
  return G_PROXY_RESOLVER (self);
}
