/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-request.h"

#include <string.h>

/* The transport's own business: framing, the connection, and how the file is asked for. */
static const char *const reserved_headers[] = {
  "Accept-Encoding",
  "Connection",
  "Content-Length",
  "Expect",
  "Host",
  "If-Range",
  "Keep-Alive",
  "Proxy-Authorization",
  "Proxy-Connection",
  "Range",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  NULL,
};

static const char *const secret_headers[] = { "Authorization", "Cookie", NULL };

static gboolean
is_among (const char *const *names, const char *name)
{
  for (; *names != NULL; names++)
    if (g_ascii_strcasecmp (*names, name) == 0)
      return TRUE;
  return FALSE;
}

const char *
bts_http_request_get_method (const BtsTransportRequest *request)
{
  const char *method = "GET";

  if (request->request != NULL)
    g_variant_lookup (request->request, "method", "&s", &method);
  return method;
}

gboolean
bts_http_request_has_range (const BtsTransportRequest *request)
{
  return request->offset > 0 || request->length != G_MAXUINT64;
}

gboolean
bts_http_request_has_body (const BtsTransportRequest *request)
{
  return request->body != NULL ||
         (request->request != NULL && g_variant_lookup (request->request, "body", "&s", NULL));
}

static void
add_application_headers (SoupMessageHeaders *headers,
                         GVariant *request,
                         const BtsHttpTarget *target)
{
  g_autoptr (GVariant) given =
                 g_variant_lookup_value (request, "headers", G_VARIANT_TYPE ("a{ss}"));
  GVariantIter iter;
  const char *name, *value;

  if (given == NULL)
    return;
  g_variant_iter_init (&iter, given);
  while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
    {
      if (is_among (reserved_headers, name))
        continue;
      if (!target->is_own_origin && is_among (secret_headers, name))
        continue;
      soup_message_headers_append (headers, name, value);
    }
}

static void
add_cookies (SoupMessageHeaders *headers,
             GVariant *request,
             const BtsHttpTarget *target,
             BtsHttpCookies *cookies)
{
  const char *before = soup_message_headers_get_one (headers, "Cookie");
  g_autoptr (GVariant) given = NULL;
  g_autofree char *text = NULL;
  g_autofree char *all = NULL;

  if (request != NULL && target->is_own_origin)
    given = g_variant_lookup_value (request, "cookies", G_VARIANT_TYPE ("a{ss}"));
  text = bts_http_cookies_dup_header (cookies, target->uri, given,
                                      g_get_real_time () / G_USEC_PER_SEC);
  if (text == NULL)
    return;
  /* There may be one header only (RFC 6265 §5.4). */
  all = g_strjoin ("; ", text, before, NULL);
  soup_message_headers_replace (headers, "Cookie", all);
}

static void
add_range (SoupMessageHeaders *headers, const BtsTransportRequest *request)
{
  g_autofree char *range = NULL;

  if (!bts_http_request_has_range (request))
    return;

  if (request->length == G_MAXUINT64 || request->length == 0)
    range = g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-", request->offset);
  else
    range = g_strdup_printf ("bytes=%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, request->offset,
                             request->offset + request->length - 1);
  soup_message_headers_replace (headers, "Range", range);
  if (request->validator != NULL)
    soup_message_headers_replace (headers, "If-Range", request->validator);
}

static void
add_body (SoupMessage *message, GVariant *request)
{
  const char *body;
  g_autoptr (GBytes) bytes = NULL;

  if (!g_variant_lookup (request, "body", "&s", &body))
    return;
  bytes = g_bytes_new (body, strlen (body));
  soup_message_set_request_body_from_bytes (message, NULL, bytes);
}

/* libsoup is only shown plain HTTP (see http-connector.h), and would say the wrong port. */
static GUri *
to_plain (GUri *uri)
{
  return g_uri_build (SOUP_HTTP_URI_FLAGS, "http", NULL, g_uri_get_host (uri),
                      g_uri_get_port (uri) > 0 ? g_uri_get_port (uri) : 443, g_uri_get_path (uri),
                      g_uri_get_query (uri), NULL);
}

static char *
dup_host (GUri *uri)
{
  const char *host = g_uri_get_host (uri);
  g_autofree char *ascii = g_hostname_is_non_ascii (host) ? g_hostname_to_ascii (host) : NULL;
  gboolean is_ip6 = strchr (host, ':') != NULL;
  g_autofree char *bracketed =
      g_strdup_printf (is_ip6 ? "[%s]" : "%s", ascii != NULL ? ascii : host);

  if (g_uri_get_port (uri) <= 0 || g_uri_get_port (uri) == 443)
    return g_steal_pointer (&bracketed);
  return g_strdup_printf ("%s:%d", bracketed, g_uri_get_port (uri));
}

SoupMessage *
bts_http_request_new_message (const BtsTransportRequest *request,
                              const BtsHttpTarget *target,
                              gboolean has_body,
                              BtsHttpCookies *cookies)
{
  gboolean is_tls = bts_http_target_is_tls (target);
  g_autoptr (GUri) uri = is_tls ? to_plain (target->uri) : g_uri_ref (target->uri);
  g_autoptr (SoupMessage) message = soup_message_new_from_uri (target->method, uri);
  SoupMessageHeaders *headers;

  if (message == NULL)
    return NULL;
  headers = soup_message_get_request_headers (message);
  soup_message_add_flags (message, SOUP_MESSAGE_NO_REDIRECT);
  /* Challenges are met in http-auth.c. A session without the manager would read the whole answer to
   * a challenge into memory, as would one whose manager may meet it. */
  soup_message_disable_feature (message, SOUP_TYPE_AUTH_MANAGER);

  if (is_tls)
    {
      g_autofree char *host = dup_host (target->uri);

      soup_message_headers_replace (headers, "Host", host);
    }
  if (request->request != NULL)
    {
      add_application_headers (headers, request->request, target);
      if (has_body)
        add_body (message, request->request);
    }
  add_cookies (headers, request->request, target, cookies);
  if (soup_message_headers_get_one (headers, "User-Agent") == NULL)
    soup_message_headers_append (headers, "User-Agent", "background-transfer/" BTS_VERSION);
  if (soup_message_headers_get_one (headers, "Accept") == NULL)
    soup_message_headers_append (headers, "Accept", "*/*");
  /* The file as the server keeps it. */
  soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  add_range (headers, request);
  return g_steal_pointer (&message);
}
