/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-error.h"

#include <libsoup/soup.h>

#include "common/bgt-web-error.h"

/* In this order: what the user can understand best comes first. */
static const struct
{
  GTlsCertificateFlags flag;
  BgtWebError web_error;
} certificate_rows[] = {
  { G_TLS_CERTIFICATE_REVOKED, BGT_WEB_ERROR_CERTIFICATE_REVOKED },
  { G_TLS_CERTIFICATE_UNKNOWN_CA, BGT_WEB_ERROR_CERTIFICATE_INVALID },
  { G_TLS_CERTIFICATE_BAD_IDENTITY, BGT_WEB_ERROR_CERTIFICATE_COMMON_NAME_INCORRECT },
  { G_TLS_CERTIFICATE_EXPIRED, BGT_WEB_ERROR_CERTIFICATE_EXPIRED },
  { G_TLS_CERTIFICATE_NOT_ACTIVATED, BGT_WEB_ERROR_CERTIFICATE_EXPIRED },
  { G_TLS_CERTIFICATE_INSECURE, BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS },
  { G_TLS_CERTIFICATE_GENERIC_ERROR, BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS },
};

typedef struct
{
  int code;
  BgtWebError web_error;
  const char *text; /* (nullable): GIO's own speaks of a proxy, see http-connector.h */
} IoRow;

static const IoRow io_rows[] = {
  { G_IO_ERROR_TIMED_OUT, BGT_WEB_ERROR_TIMEOUT, "it took too long" },
  { G_IO_ERROR_CONNECTION_REFUSED, BGT_WEB_ERROR_CANNOT_CONNECT, "the connection was refused" },
  { G_IO_ERROR_HOST_UNREACHABLE, BGT_WEB_ERROR_SERVER_UNREACHABLE, "the host is unreachable" },
  { G_IO_ERROR_NETWORK_UNREACHABLE, BGT_WEB_ERROR_SERVER_UNREACHABLE,
    "the network is unreachable" },
  { G_IO_ERROR_HOST_NOT_FOUND, BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED, NULL },
  { G_IO_ERROR_CONNECTION_CLOSED, BGT_WEB_ERROR_CONNECTION_RESET, "the connection was reset" },
  { G_IO_ERROR_NOT_CONNECTED, BGT_WEB_ERROR_CONNECTION_ABORTED, NULL },
  { G_IO_ERROR_PARTIAL_INPUT, BGT_WEB_ERROR_DISCONNECTED, "the connection was closed" },
  { G_IO_ERROR_PROXY_FAILED, BGT_WEB_ERROR_CANNOT_CONNECT, NULL },
  { G_IO_ERROR_PROXY_NOT_ALLOWED, BGT_WEB_ERROR_CANNOT_CONNECT, NULL },
  { G_IO_ERROR_PROXY_AUTH_FAILED, (BgtWebError) SOUP_STATUS_PROXY_UNAUTHORIZED,
    "the proxy refused the credential" },
  { G_IO_ERROR_PROXY_NEED_AUTH, (BgtWebError) SOUP_STATUS_PROXY_UNAUTHORIZED,
    "the proxy demands a credential" },
  { G_IO_ERROR_INVALID_DATA, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, NULL },
};

/* NULL where there is none. */
static const IoRow *
find_io_row (const GError *error)
{
  for (gsize i = 0; error->domain == G_IO_ERROR && i < G_N_ELEMENTS (io_rows); i++)
    if (error->code == io_rows[i].code)
      return &io_rows[i];
  return NULL;
}

static int
certificate_to_web_error (GTlsCertificateFlags flags)
{
  for (gsize i = 0; i < G_N_ELEMENTS (certificate_rows); i++)
    if (flags & certificate_rows[i].flag)
      return certificate_rows[i].web_error;
  return BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS;
}

static int
tls_to_web_error (const GError *error)
{
  if (error->code == G_TLS_ERROR_EOF)
    return BGT_WEB_ERROR_DISCONNECTED;
  if (error->code == G_TLS_ERROR_BAD_CERTIFICATE)
    return BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS;
  /* What speaks no TLS, or none that is acceptable. */
  return BGT_WEB_ERROR_CANNOT_CONNECT;
}

int
bts_http_error_to_web_error (const GError *error, GTlsCertificateFlags certificate_flags)
{
  const IoRow *row;

  if (certificate_flags != 0)
    return certificate_to_web_error (certificate_flags);
  if (error->domain == BGT_WEB_ERROR)
    return error->code;
  if (error->domain == G_TLS_ERROR)
    return tls_to_web_error (error);
  if (error->domain == G_RESOLVER_ERROR)
    return BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED;
  if (error->domain == SOUP_SESSION_ERROR)
    return BGT_WEB_ERROR_INVALID_SERVER_RESPONSE;
  row = find_io_row (error);
  return row != NULL ? (int) row->web_error : BGT_WEB_ERROR_CONNECTION_ABORTED;
}

void
bts_http_error_propagate (GError **destination,
                          const GError *error,
                          GTlsCertificateFlags certificate_flags,
                          const char *prefix)
{
  const IoRow *row = find_io_row (error);
  const char *text = row != NULL && row->text != NULL ? row->text : error->message;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error_literal (destination, error->domain, error->code, error->message);
  else
    g_set_error (destination, BGT_WEB_ERROR, bts_http_error_to_web_error (error, certificate_flags),
                 "%s: %s", prefix, text);
}
