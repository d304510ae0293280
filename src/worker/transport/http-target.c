/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-target.h"

#include <string.h>

#include <libsoup/soup.h>

#include "common/bgt-web-error.h"

void
bts_http_target_clear (BtsHttpTarget *self)
{
  g_clear_pointer (&self->uri, g_uri_unref);
  g_clear_pointer (&self->method, g_free);
}

gboolean
bts_http_target_is_tls (const BtsHttpTarget *self)
{
  return g_str_equal (g_uri_get_scheme (self->uri), "https");
}

static int
get_port (GUri *uri)
{
  if (g_uri_get_port (uri) > 0)
    return g_uri_get_port (uri);
  return g_str_equal (g_uri_get_scheme (uri), "https") ? 443 : 80;
}

static gboolean
is_same_origin (GUri *one, GUri *other)
{
  return g_str_equal (g_uri_get_scheme (one), g_uri_get_scheme (other)) &&
         g_ascii_strcasecmp (g_uri_get_host (one), g_uri_get_host (other)) == 0 &&
         get_port (one) == get_port (other);
}

/* Nothing that could end a line of a request, or stands for something else in a URI (RFC 3986
 * §3.2.2). */
static gboolean
is_host (const char *host)
{
  gboolean is_ip6 = strchr (host, ':') != NULL;

  for (const char *c = host; *c != '\0'; c++)
    if ((guchar) *c <= ' ' || *c == 0x7f || strchr ("\"#/<>?@[\\]^`{|}", *c) != NULL ||
        (*c == '%' && !is_ip6))
      return FALSE;
  return *host != '\0';
}

/* A copy with nothing but what is asked for; NULL where it is no HTTP URI. */
static GUri *
clean_uri (GUri *uri)
{
  const char *path = g_uri_get_path (uri);
  const char *host = g_uri_get_host (uri);
  const char *scheme = g_uri_get_scheme (uri);

  if (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https"))
    return NULL;
  if (host == NULL || !is_host (host) || g_uri_get_port (uri) == 0)
    return NULL;

  return g_uri_build (SOUP_HTTP_URI_FLAGS, scheme, NULL, host, g_uri_get_port (uri),
                      *path != '\0' ? path : "/", g_uri_get_query (uri), NULL);
}

/* Servers send what should have been escaped, a percent sign too. Nothing that would end a
 * request's line is kept. */
static char *
escape (const char *text)
{
  GString *escaped = g_string_new (NULL);

  for (; *text != '\0'; text++)
    {
      guchar c = (guchar) *text;

      if (c <= ' ' || c >= 0x7f ||
          (c == '%' && (!g_ascii_isxdigit (text[1]) || !g_ascii_isxdigit (text[2]))))
        g_string_append_printf (escaped, "%%%02X", c);
      else
        g_string_append_c (escaped, (char) c);
    }
  return g_string_free (escaped, FALSE);
}

static GUri *
parse (GUri *base, const char *text)
{
  g_autofree char *stripped = g_strstrip (g_strdup (text));
  g_autofree char *escaped = escape (stripped);
  g_autoptr (GUri) uri = NULL;

  if (*escaped == '\0')
    return NULL;
  uri = g_uri_parse_relative (base, escaped, SOUP_HTTP_URI_FLAGS, NULL);
  return uri != NULL ? clean_uri (uri) : NULL;
}

gboolean
bts_http_target_init (BtsHttpTarget *self, const char *uri, const char *method, GError **error)
{
  GUri *parsed = parse (NULL, uri);

  if (parsed == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_REDIRECT_FAILED,
                           "The URI is not an http or https URI with a host");
      return FALSE;
    }

  *self = (BtsHttpTarget){
    .uri = parsed,
    .method = g_strdup (method),
    .has_body = TRUE,
    .is_own_origin = TRUE,
  };
  return TRUE;
}

gboolean
bts_http_target_is_redirection (guint status_code)
{
  return status_code == 301 || status_code == 302 || status_code == 303 || status_code == 307 ||
         status_code == 308;
}

/* RFC 9110 §15.4: what was POSTed is then got; 303 says so for every method. */
static void
change_method (BtsHttpTarget *self, guint status_code)
{
  gboolean is_post = g_str_equal (self->method, "POST");
  gboolean is_read = g_str_equal (self->method, "GET") || g_str_equal (self->method, "HEAD");

  if (is_read || status_code == 307 || status_code == 308)
    return;
  if (status_code != 303 && !is_post)
    return;

  g_free (self->method);
  self->method = g_strdup ("GET");
  self->has_body = FALSE;
}

gboolean
bts_http_target_follow (BtsHttpTarget *self,
                        guint status_code,
                        const char *location,
                        GError **error)
{
  g_autoptr (GUri) next = location != NULL ? parse (self->uri, location) : NULL;

  if (next == NULL)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_REDIRECT_FAILED,
                   location == NULL ? "The server redirects without saying where to"
                                    : "The server redirects to what is not an http or https URI");
      return FALSE;
    }
  if (bts_http_target_is_tls (self) && g_str_equal (g_uri_get_scheme (next), "http"))
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_HTTPS_TO_HTTP_ON_REDIRECTION,
                           "The server redirects from https to http");
      return FALSE;
    }

  /* Once away, secrets stay behind: a way back may be the other server's doing. */
  self->is_own_origin = self->is_own_origin && is_same_origin (self->uri, next);
  g_uri_unref (self->uri);
  self->uri = g_steal_pointer (&next);
  change_method (self, status_code);
  return TRUE;
}
