/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-cookies.h"

#include <string.h>

#include <libsoup/soup.h>

/* Servers may set that much (RFC 6265 §6.1 asks for 50 and 4096). */
#define MAX_COOKIES 64
#define MAX_COOKIE_BYTES 4096

#define STORED_TYPE "a(ssssbx)"

/* Of the session: as long as the operation. */
#define NO_EXPIRY (-1)

/* One that has expired stays, so that one of that name from the application does not come back. */
typedef struct
{
  char *name;   /* (owned) */
  char *value;  /* (owned) */
  char *domain; /* (owned): after a dot where it is for the hosts below, too */
  char *path;   /* (owned) */
  gboolean is_secure;
  gint64 expires;
} Cookie;

struct _BtsHttpCookies
{
  GMutex mutex;
  GPtrArray *cookies; /* (owned) (element-type Cookie) */
};

static void
cookie_free (gpointer data)
{
  Cookie *cookie = data;

  g_free (cookie->name);
  g_free (cookie->value);
  g_free (cookie->domain);
  g_free (cookie->path);
  g_free (cookie);
}

static gboolean
matches_host (const Cookie *cookie, const char *host)
{
  const char *domain = cookie->domain;
  gsize host_length = strlen (host);
  gsize domain_length = strlen (domain);

  if (domain[0] != '.')
    return g_ascii_strcasecmp (domain, host) == 0;
  if (g_ascii_strcasecmp (domain + 1, host) == 0)
    return TRUE;
  return host_length > domain_length && !g_hostname_is_ip_address (host) &&
         g_ascii_strcasecmp (host + host_length - domain_length, domain) == 0;
}

/* RFC 6265 §5.1.4 */
static gboolean
matches_path (const Cookie *cookie, const char *path)
{
  gsize length = strlen (cookie->path);

  if (path[0] == '\0')
    path = "/";
  return g_str_has_prefix (path, cookie->path) &&
         (path[length] == '\0' || path[length] == '/' || cookie->path[length - 1] == '/');
}

static gboolean
is_expired (const Cookie *cookie, gint64 now)
{
  return cookie->expires != NO_EXPIRY && cookie->expires <= now;
}

static gboolean
is_tls (GUri *uri)
{
  return g_str_equal (g_uri_get_scheme (uri), "https");
}

static gboolean
is_same (const Cookie *a, const Cookie *b)
{
  return g_str_equal (a->name, b->name) && g_str_equal (a->path, b->path) &&
         g_ascii_strcasecmp (a->domain, b->domain) == 0;
}

/* Takes over @cookie. */
static void
add (BtsHttpCookies *self, Cookie *cookie)
{
  for (guint i = 0; i < self->cookies->len; i++)
    if (is_same (g_ptr_array_index (self->cookies, i), cookie))
      {
        g_ptr_array_remove_index (self->cookies, i);
        break;
      }
  if (self->cookies->len >= MAX_COOKIES)
    g_ptr_array_remove_index (self->cookies, 0);
  g_ptr_array_add (self->cookies, cookie);
}

BtsHttpCookies *
bts_http_cookies_new (GVariant *stored)
{
  BtsHttpCookies *self = g_new0 (BtsHttpCookies, 1);
  Cookie cookie;
  GVariantIter iter;

  g_mutex_init (&self->mutex);
  self->cookies = g_ptr_array_new_with_free_func (cookie_free);
  if (stored == NULL || !g_variant_is_of_type (stored, G_VARIANT_TYPE (STORED_TYPE)))
    return self;

  g_variant_iter_init (&iter, stored);
  while (g_variant_iter_next (&iter, "(ssssbx)", &cookie.name, &cookie.value, &cookie.domain,
                              &cookie.path, &cookie.is_secure, &cookie.expires))
    {
      Cookie *copy = g_memdup2 (&cookie, sizeof cookie);

      if (cookie.domain[0] != '\0' && cookie.path[0] == '/')
        add (self, copy);
      else
        cookie_free (copy);
    }
  return self;
}

void
bts_http_cookies_free (BtsHttpCookies *self)
{
  g_clear_pointer (&self->cookies, g_ptr_array_unref);
  g_mutex_clear (&self->mutex);
  g_free (self);
}

GVariant *
bts_http_cookies_store (BtsHttpCookies *self)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE (STORED_TYPE));
  gboolean is_empty;

  g_mutex_lock (&self->mutex);
  is_empty = self->cookies->len == 0;
  for (guint i = 0; i < self->cookies->len; i++)
    {
      const Cookie *cookie = g_ptr_array_index (self->cookies, i);

      g_variant_builder_add (&builder, "(ssssbx)", cookie->name, cookie->value, cookie->domain,
                             cookie->path, cookie->is_secure, cookie->expires);
    }
  g_mutex_unlock (&self->mutex);

  if (!is_empty)
    return g_variant_ref_sink (g_variant_builder_end (&builder));
  g_variant_builder_clear (&builder);
  return NULL;
}

/* The value of the last attribute @name in @set_cookie, empty where it is a word alone; NULL where
 * it has none. */
static char *
dup_attribute (const char *set_cookie, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (set_cookie, ";", -1);
  char *found = NULL;

  for (guint i = 1; parts[0] != NULL && parts[i] != NULL; i++)
    {
      char *part = g_strstrip (parts[i]);
      char *equals = strchr (part, '=');

      if (equals != NULL)
        *equals = '\0';
      if (g_ascii_strcasecmp (g_strchomp (part), name) != 0)
        continue;
      g_free (found);
      found = g_strdup (equals != NULL ? g_strchug (equals + 1) : "");
    }
  return found;
}

/* Max-Age goes before Expires (RFC 6265 §5.3). */
static gint64
find_expiry (const char *set_cookie, gint64 now)
{
  g_autofree char *max_age = dup_attribute (set_cookie, "Max-Age");
  g_autofree char *date = dup_attribute (set_cookie, "Expires");
  g_autoptr (GDateTime) expires = date != NULL ? soup_date_time_new_from_http_string (date) : NULL;

  if (max_age != NULL && (g_ascii_isdigit (max_age[0]) || max_age[0] == '-'))
    {
      gint64 seconds = g_ascii_strtoll (max_age, NULL, 10);

      return seconds <= 0 ? 0 : now + MIN (seconds, G_MAXINT32);
    }
  /* A time before the epoch is one before now. */
  return expires != NULL ? MAX (g_date_time_to_unix (expires), 0) : NO_EXPIRY;
}

/* For whom it is; NULL where @host may not set it for them (RFC 6265 §5.3, 5 and 6). */
static char *
find_domain (const char *set_cookie, const char *host)
{
  g_autofree char *given = dup_attribute (set_cookie, "Domain");
  const char *domain = given;
  Cookie wanted = { NULL };

  while (domain != NULL && *domain == '.')
    domain++;
  if (domain == NULL || *domain == '\0' || g_ascii_strcasecmp (domain, host) == 0)
    {
      gboolean is_for_all = domain != NULL && *domain != '\0' && !g_hostname_is_ip_address (host) &&
                            !soup_tld_domain_is_public_suffix (domain);

      return g_strconcat (is_for_all ? "." : "", host, NULL);
    }
  if (soup_tld_domain_is_public_suffix (domain))
    return NULL;
  wanted.domain = g_strconcat (".", domain, NULL);
  if (matches_host (&wanted, host))
    return wanted.domain;
  g_free (wanted.domain);
  return NULL;
}

/* What it says, or the folder of the path that was asked for (RFC 6265 §5.1.4). */
static char *
find_path (const char *set_cookie, const char *asked)
{
  g_autofree char *given = dup_attribute (set_cookie, "Path");
  const char *end = strrchr (asked, '/');

  if (given != NULL && given[0] == '/')
    return g_steal_pointer (&given);
  return end == NULL || end == asked ? g_strdup ("/") : g_strndup (asked, (gsize) (end - asked));
}

/* A name may promise where its cookie is from, which servers then rely on (RFC 6265bis §4.1.3). */
static gboolean
keeps_promise (const Cookie *cookie)
{
  if (g_ascii_strncasecmp (cookie->name, "__Secure-", strlen ("__Secure-")) == 0)
    return cookie->is_secure;
  if (g_ascii_strncasecmp (cookie->name, "__Host-", strlen ("__Host-")) == 0)
    return cookie->is_secure && cookie->domain[0] != '.' && g_str_equal (cookie->path, "/");
  return TRUE;
}

/* Without the attributes: libsoup leaks those that come twice. */
static SoupCookie *
parse_pair (const char *set_cookie)
{
  g_autofree char *pair = g_strndup (set_cookie, strcspn (set_cookie, ";"));

  return soup_cookie_parse (pair, NULL);
}

void
bts_http_cookies_take (BtsHttpCookies *self, GUri *origin, const char *set_cookie, gint64 now)
{
  g_autoptr (SoupCookie) parsed = NULL;
  g_autofree char *domain = NULL;
  g_autofree char *secure = NULL;
  Cookie *cookie;

  if (strlen (set_cookie) > MAX_COOKIE_BYTES || !g_utf8_validate (set_cookie, -1, NULL))
    return;
  parsed = parse_pair (set_cookie);
  secure = dup_attribute (set_cookie, "Secure");
  domain = find_domain (set_cookie, g_uri_get_host (origin));
  if (parsed == NULL || domain == NULL || *soup_cookie_get_name (parsed) == '\0' ||
      (secure != NULL && !is_tls (origin)))
    return;

  cookie = g_new0 (Cookie, 1);
  cookie->name = g_strdup (soup_cookie_get_name (parsed));
  cookie->value = g_strdup (soup_cookie_get_value (parsed));
  cookie->domain = g_steal_pointer (&domain);
  cookie->path = find_path (set_cookie, g_uri_get_path (origin));
  cookie->is_secure = secure != NULL;
  cookie->expires = find_expiry (set_cookie, now);
  if (!keeps_promise (cookie))
    {
      cookie_free (cookie);
      return;
    }
  g_mutex_lock (&self->mutex);
  add (self, cookie);
  g_mutex_unlock (&self->mutex);
}

/* Longer paths come first, then what was set earlier (RFC 6265 §5.4). */
static int
compare (gconstpointer a, gconstpointer b)
{
  const Cookie *first = *(const Cookie *const *) a;
  const Cookie *second = *(const Cookie *const *) b;

  return (int) strlen (second->path) - (int) strlen (first->path);
}

static void
append (GString *header, const char *name, const char *value)
{
  g_string_append_printf (header, "%s%s=%s", header->len > 0 ? "; " : "", name, value);
}

static gboolean
has_name (GPtrArray *cookies, const char *name)
{
  for (guint i = 0; i < cookies->len; i++)
    if (g_str_equal (((const Cookie *) g_ptr_array_index (cookies, i))->name, name))
      return TRUE;
  return FALSE;
}

char *
bts_http_cookies_dup_header (BtsHttpCookies *self, GUri *uri, GVariant *given, gint64 now)
{
  g_autoptr (GString) header = g_string_new (NULL);
  g_autoptr (GPtrArray) fitting = g_ptr_array_new ();
  GVariantIter iter;
  const char *name, *value;

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->cookies->len; i++)
    {
      Cookie *cookie = g_ptr_array_index (self->cookies, i);

      if (matches_host (cookie, g_uri_get_host (uri)) &&
          matches_path (cookie, g_uri_get_path (uri)) && (!cookie->is_secure || is_tls (uri)))
        g_ptr_array_add (fitting, cookie);
    }
  g_ptr_array_sort (fitting, compare);
  for (guint i = 0; i < fitting->len; i++)
    {
      const Cookie *cookie = g_ptr_array_index (fitting, i);

      if (!is_expired (cookie, now))
        append (header, cookie->name, cookie->value);
    }
  if (given != NULL)
    {
      g_variant_iter_init (&iter, given);
      while (g_variant_iter_next (&iter, "{&s&s}", &name, &value))
        if (!has_name (fitting, name))
          append (header, name, value);
    }
  g_mutex_unlock (&self->mutex);
  return header->len > 0 ? g_string_free (g_steal_pointer (&header), FALSE) : NULL;
}
