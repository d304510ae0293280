/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-proxy.h"

#include <string.h>

#include "common/bgt-web-error.h"

#define MAX_HEAD_BYTES (64 * 1024)

static const struct
{
  const char *given;
  const char *scheme;
  guint16 default_port;
} scheme_rows[] = {
  { "http", "http", 80 },
  { "https", "https", 443 },
  { "socks5", "socks5", 1080 },
  /* What GIO says. */
  { "socks", "socks5", 1080 },
};

void
bts_http_proxy_free (BtsHttpProxy *self)
{
  g_free (self->scheme);
  g_free (self->host);
  g_free (self->user);
  g_free (self->password);
  g_free (self);
}

static BtsHttpProxy *
new_from_uri (GUri *uri)
{
  for (gsize i = 0; i < G_N_ELEMENTS (scheme_rows); i++)
    {
      BtsHttpProxy *self;

      if (!g_str_equal (g_uri_get_scheme (uri), scheme_rows[i].given))
        continue;
      self = g_new0 (BtsHttpProxy, 1);
      self->scheme = g_strdup (scheme_rows[i].scheme);
      self->host = g_strdup (g_uri_get_host (uri));
      self->port =
          g_uri_get_port (uri) > 0 ? (guint16) g_uri_get_port (uri) : scheme_rows[i].default_port;
      self->user = g_strdup (g_uri_get_user (uri));
      self->password = g_strdup (g_uri_get_password (uri));
      return self;
    }
  return NULL;
}

/* Credentials in @uri are taken. */
static BtsHttpProxy *
parse (const char *uri, GError **error)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, NULL);
  BtsHttpProxy *self = NULL;

  if (parsed != NULL && g_uri_get_host (parsed) != NULL && *g_uri_get_host (parsed) != '\0')
    self = new_from_uri (parsed);
  if (self == NULL)
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                         "The proxy is not an http, https or socks5 URI");
  return self;
}

static void
take_credential (BtsHttpProxy *self, GVariant *request)
{
  g_autoptr (GVariant) credential = NULL;

  if (request != NULL)
    credential = g_variant_lookup_value (request, "proxy-credential", G_VARIANT_TYPE ("(ss)"));
  if (credential == NULL)
    return;
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->password, g_free);
  g_variant_get (credential, "(ss)", &self->user, &self->password);
}

/* The first that can be used; NULL: none. The path is nobody's business, and resolvers refuse one
 * with escaped bytes that are not UTF-8. */
static gboolean
resolve (BtsHttpProxyMemory *memory,
         GUri *uri,
         GCancellable *cancellable,
         BtsHttpProxy **proxy,
         GError **error)
{
  g_autofree char *text = g_uri_join (G_URI_FLAGS_NONE, g_uri_get_scheme (uri), NULL,
                                      g_uri_get_host (uri), g_uri_get_port (uri), "/", NULL, NULL);
  g_auto (GStrv) found = NULL;

  found = bts_http_proxy_memory_lookup (memory, text, cancellable, error);
  if (found == NULL)
    return FALSE;
  for (char **one = found; *one != NULL; one++)
    {
      if (g_str_has_prefix (*one, "direct:"))
        return TRUE;
      *proxy = parse (*one, NULL);
      if (*proxy != NULL)
        return TRUE;
    }
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                       "The user's settings name only proxies of kinds that cannot be used");
  return FALSE;
}

gboolean
bts_http_proxy_choose (BtsHttpProxyMemory *memory,
                       GVariant *request,
                       GUri *uri,
                       GCancellable *cancellable,
                       BtsHttpProxy **proxy,
                       GError **error)
{
  const char *wanted = "default";

  *proxy = NULL;
  if (request != NULL)
    g_variant_lookup (request, "proxy", "&s", &wanted);
  if (g_str_equal (wanted, "none"))
    return TRUE;

  if (!g_str_equal (wanted, "default"))
    *proxy = parse (wanted, error);
  else if (resolve (memory, uri, cancellable, proxy, error) && *proxy == NULL)
    return TRUE;
  if (*proxy == NULL)
    return FALSE;
  take_credential (*proxy, request);
  return TRUE;
}

gboolean
bts_http_proxy_forwards (const BtsHttpProxy *self)
{
  return !g_str_equal (self->scheme, "socks5");
}

char *
bts_http_proxy_format_address (const char *host, guint16 port)
{
  return g_strdup_printf (strchr (host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

char *
bts_http_proxy_dup_key (const BtsHttpProxy *self)
{
  g_autofree char *address = bts_http_proxy_format_address (self->host, self->port);

  return g_strjoin ("\n", self->scheme, address, self->user != NULL ? self->user : "",
                    self->password != NULL ? self->password : "", NULL);
}

/* Not a byte more than the head: what follows is the server's. */
static char *
read_head (GIOStream *stream, gsize *length, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (stream);
  g_autoptr (GString) head = g_string_new (NULL);

  while (!g_str_has_suffix (head->str, "\r\n\r\n") && !g_str_has_suffix (head->str, "\n\n"))
    {
      char byte;
      gssize n = g_input_stream_read (input, &byte, sizeof byte, NULL, error);

      if (n < 0)
        return NULL;
      if (n == 0 || byte == '\0' || head->len >= MAX_HEAD_BYTES)
        {
          g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                               "The proxy closed the connection, or speaks no HTTP");
          return NULL;
        }
      g_string_append_c (head, byte);
    }
  *length = head->len;
  return g_string_free (g_steal_pointer (&head), FALSE);
}

static gboolean
write_request (
    GIOStream *stream, const char *address, BtsHttpAuth *auth, SoupMessage *message, GError **error)
{
  const char *authorization;
  g_autofree char *text = NULL;

  bts_http_auth_apply (auth, message);
  authorization = soup_message_headers_get_one (soup_message_get_request_headers (message),
                                                "Proxy-Authorization");
  text = g_strdup_printf (
      "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: background-transfer/%s"
      "\r\n%s%s%s\r\n",
      address, address, BTS_VERSION, authorization != NULL ? "Proxy-Authorization: " : "",
      authorization != NULL ? authorization : "", authorization != NULL ? "\r\n" : "");
  return g_output_stream_write_all (g_io_stream_get_output_stream (stream), text, strlen (text),
                                    NULL, NULL, error);
}

/* The head of the final answer to what @message asks, or 0. */
static guint
ask_proxy (GIOStream *stream,
           const char *address,
           BtsHttpAuth *auth,
           SoupMessage *message,
           SoupMessageHeaders *headers,
           GError **error)
{
  guint status_code = 0;

  if (!write_request (stream, address, auth, message, error))
    return 0;
  do
    {
      gsize length = 0;
      g_autofree char *head = read_head (stream, &length, error);

      if (head == NULL)
        return 0;
      soup_message_headers_clear (headers);
      if (!soup_headers_parse_response (head, (int) length, headers, NULL, &status_code, NULL))
        {
          g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                               "The proxy speaks no HTTP");
          return 0;
        }
    }
  while (status_code >= 100 && status_code < 200);
  return status_code;
}

/* Reads the body of a refusal. FALSE where the connection is of no more use. */
static gboolean
skip_body (GIOStream *stream, SoupMessageHeaders *headers)
{
  goffset left = soup_message_headers_get_content_length (headers);
  char scratch[4096];

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH ||
      left > MAX_HEAD_BYTES ||
      soup_message_headers_header_contains (headers, "Connection", "close") ||
      soup_message_headers_header_contains (headers, "Proxy-Connection", "close"))
    return FALSE;
  while (left > 0)
    {
      gssize n = g_input_stream_read (g_io_stream_get_input_stream (stream), scratch,
                                      MIN ((gsize) left, sizeof scratch), NULL, NULL);

      if (n <= 0)
        return FALSE;
      left -= n;
    }
  return TRUE;
}

gboolean
bts_http_proxy_open_tunnel (GIOStream *stream,
                            const char *host,
                            guint16 port,
                            BtsHttpAuth *auth,
                            GCancellable *cancellable,
                            gboolean *is_challenged,
                            GError **error)
{
  g_autofree char *address = bts_http_proxy_format_address (host, port);
  g_autofree char *uri = g_strdup_printf ("http://%s/", address);
  g_autoptr (SoupMessage) message = soup_message_new ("CONNECT", uri);
  g_autoptr (SoupMessageHeaders) headers = soup_message_headers_new (SOUP_MESSAGE_HEADERS_RESPONSE);
  guint status_code;

  if (message == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                           "The proxy cannot be asked for that host");
      return FALSE;
    }
  do
    {
      status_code = ask_proxy (stream, address, auth, message, headers, error);
      if (status_code == 0)
        return FALSE;
      *is_challenged = status_code == SOUP_STATUS_PROXY_UNAUTHORIZED &&
                       bts_http_auth_take_challenge (auth, message, headers, TRUE, cancellable);
    }
  while (*is_challenged && bts_http_auth_is_bound (auth) && skip_body (stream, headers));

  if (status_code >= 200 && status_code < 300)
    return TRUE;
  g_set_error (error, BGT_WEB_ERROR,
               status_code == SOUP_STATUS_PROXY_UNAUTHORIZED ? SOUP_STATUS_PROXY_UNAUTHORIZED
                                                             : BGT_WEB_ERROR_CANNOT_CONNECT,
               "The proxy answered with HTTP status %u", status_code);
  return FALSE;
}
