/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib.h>

#include "worker/transport/http-cookies.h"

#define NOW 1800000000

static const struct
{
  const char *fact;
  const char *origin;
  const char *set_cookie;
  const char *asked;
  const char *header; /* (nullable) */
} rows[] = {
  { "same-host", "http://a.example.org/", "n=v", "http://a.example.org/x", "n=v" },
  { "other-port", "http://a.example.org:81/", "n=v", "http://a.example.org:82/", "n=v" },
  { "host-only", "http://example.org/", "n=v", "http://a.example.org/", NULL },
  { "other-host", "http://a.example.org/", "n=v", "http://b.example.org/", NULL },
  { "domain-of-parent", "http://a.example.org/", "n=v; Domain=example.org",
    "http://b.c.example.org/", "n=v" },
  { "domain-with-dot", "http://a.example.org/", "n=v; domain=.EXAMPLE.org", "http://example.org/",
    "n=v" },
  { "domain-is-no-suffix", "http://a.example.org/", "n=v; Domain=example.org",
    "http://badexample.org/", NULL },
  { "foreign-domain", "http://a.example.org/", "n=v; Domain=other.org", "http://other.org/", NULL },
  { "foreign-domain-not-for-itself", "http://a.example.org/", "n=v; Domain=other.org",
    "http://a.example.org/", NULL },
  { "domain-below", "http://example.org/", "n=v; Domain=a.example.org", "http://a.example.org/",
    NULL },
  { "public-suffix", "http://a.example.org/", "n=v; Domain=org", "http://other.org/", NULL },
  { "address", "http://127.0.0.1/", "n=v; Domain=127.0.0.1", "http://127.0.0.1/", "n=v" },
  { "part-of-address", "http://127.0.0.1/", "n=v; Domain=0.0.1", "http://9.0.0.1/", NULL },
  { "path", "http://a.org/", "n=v; Path=/x", "http://a.org/x/y", "n=v" },
  { "path-itself", "http://a.org/", "n=v; Path=/x", "http://a.org/x", "n=v" },
  { "path-is-no-prefix", "http://a.org/", "n=v; Path=/x", "http://a.org/xy", NULL },
  { "path-with-slash", "http://a.org/", "n=v; Path=/x/", "http://a.org/x/y", "n=v" },
  { "default-path", "http://a.org/x/y", "n=v", "http://a.org/x/z", "n=v" },
  { "default-path-elsewhere", "http://a.org/x/y", "n=v", "http://a.org/z", NULL },
  { "secure", "https://a.org/", "n=v; Secure", "https://a.org/", "n=v" },
  { "secure-not-over-http", "https://a.org/", "n=v; Secure", "http://a.org/", NULL },
  { "secure-not-from-http", "http://a.org/", "n=v; Secure", "https://a.org/", NULL },
  { "future", "http://a.org/", "n=v; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "http://a.org/",
    "n=v" },
  { "past", "http://a.org/", "n=v; Expires=Fri, 01 Jan 2010 00:00:00 GMT", "http://a.org/", NULL },
  { "epoch", "http://a.org/", "n=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "http://a.org/", NULL },
  { "max-age", "http://a.org/", "n=v; Max-Age=60", "http://a.org/", "n=v" },
  { "max-age-0", "http://a.org/", "n=v; Max-Age=0", "http://a.org/", NULL },
  { "negative-max-age", "http://a.org/", "n=v; Max-Age=-5", "http://a.org/", NULL },
  { "max-age-before-expires", "http://a.org/",
    "n=v; Max-Age=60; Expires=Fri, 01 Jan 2010 00:00:00 GMT", "http://a.org/", "n=v" },
  { "max-age-0-before-expires", "http://a.org/",
    "n=v; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "http://a.org/", NULL },
  { "all-twice", "https://a.org/x",
    "n=v; Secure; Path=/y; Path=/x; Domain=b.org; Domain=a.org; Secure; SameSite=Lax; "
    "SameSite=None;"
    " Max-Age=60; Max-Age=70; Expires=Fri, 01 Jan 2010 00:00:00 GMT;"
    " Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    "https://a.org/x", "n=v" },
  { "secure-with-a-value", "https://a.org/", "n=v; secure=no", "http://a.org/", NULL },
  { "expires-alone", "http://a.org/", "n=v; Expires", "http://a.org/", "n=v" },
  { "no-date", "http://a.org/", "n=v; Expires=tomorrow", "http://a.org/", "n=v" },
  { "huge-max-age", "http://a.org/", "n=v; Max-Age=99999999999999999999", "http://a.org/", "n=v" },
  { "value-with-equals", "http://a.org/", "n=v=w", "http://a.org/", "n=v=w" },
  { "no-name", "http://a.org/", "=v", "http://a.org/", NULL },
  { "nothing", "http://a.org/", "", "http://a.org/", NULL },
  { "suffix-of-two-parts", "http://a.co.uk/", "n=v; Domain=co.uk", "http://b.co.uk/", NULL },
  { "below-a-suffix-of-two-parts", "http://b.a.co.uk/", "n=v; Domain=a.co.uk", "http://c.a.co.uk/",
    "n=v" },
  { "suffix-for-itself", "http://github.io/", "n=v; Domain=github.io", "http://github.io/", "n=v" },
  { "suffix-not-for-those-below", "http://github.io/", "n=v; Domain=github.io",
    "http://a.github.io/", NULL },
  { "ip6", "http://[::1]/", "n=v", "http://[::1]/", "n=v" },
  { "secure-name", "https://a.org/", "__Secure-n=v; Secure", "https://a.org/", "__Secure-n=v" },
  { "secure-name-alone", "https://a.org/", "__Secure-n=v", "https://a.org/", NULL },
  { "host-name", "https://a.org/", "__Host-n=v; Secure; Path=/", "https://a.org/", "__Host-n=v" },
  { "host-name-alone", "https://a.org/", "__Host-n=v; Path=/", "https://a.org/", NULL },
  { "host-name-of-a-folder", "https://a.org/x/", "__Host-n=v; Secure; Path=/x", "https://a.org/x/",
    NULL },
  { "host-name-for-a-domain", "https://b.a.org/", "__host-n=v; Secure; Path=/; Domain=a.org",
    "https://b.a.org/", NULL },
  { "relative-path", "http://a.org/x/y", "n=v; Path=z", "http://a.org/z", NULL },
};

static void
take (BtsHttpCookies *cookies, const char *origin, const char *set_cookie)
{
  g_autoptr (GUri) uri = g_uri_parse (origin, G_URI_FLAGS_NONE, NULL);

  bts_http_cookies_take (cookies, uri, set_cookie, NOW);
}

static void
assert_header (
    BtsHttpCookies *cookies, const char *asked, const char *given, gint64 now, const char *header)
{
  g_autoptr (GUri) uri = g_uri_parse (asked, G_URI_FLAGS_NONE, NULL);
  g_autoptr (GVariant) values =
                 given != NULL ? g_variant_parse (NULL, given, NULL, NULL, NULL) : NULL;
  g_autofree char *found = bts_http_cookies_dup_header (cookies, uri, values, now);

  g_assert_cmpstr (found, ==, header);
}

static void
test_rules (gconstpointer data)
{
  gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (NULL);
  g_autoptr (BtsHttpCookies) copy = NULL;
  g_autoptr (GVariant) stored = NULL;

  take (cookies, rows[i].origin, rows[i].set_cookie);
  assert_header (cookies, rows[i].asked, NULL, NOW, rows[i].header);

  stored = bts_http_cookies_store (cookies);
  copy = bts_http_cookies_new (stored);
  assert_header (copy, rows[i].asked, NULL, NOW, rows[i].header);
}

static void
test_time_passes (void)
{
  g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (NULL);

  take (cookies, "http://a.org/", "n=v; Max-Age=60");
  assert_header (cookies, "http://a.org/", NULL, NOW + 59, "n=v");
  assert_header (cookies, "http://a.org/", NULL, NOW + 60, NULL);
}

static void
test_longer_paths_first (void)
{
  g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (NULL);

  take (cookies, "http://a.org/", "a=1; Path=/");
  take (cookies, "http://a.org/", "b=2; Path=/x");
  assert_header (cookies, "http://a.org/x", NULL, NOW, "b=2; a=1");
}

static void
test_servers_replace_those_given (void)
{
  g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (NULL);

  assert_header (cookies, "http://a.org/", "{'a': '1'}", NOW, "a=1");
  take (cookies, "http://a.org/", "a=2");
  assert_header (cookies, "http://a.org/", "{'a': '1', 'b': '3'}", NOW, "a=2; b=3");
  take (cookies, "http://a.org/", "a=; Max-Age=0");
  assert_header (cookies, "http://a.org/", "{'a': '1'}", NOW, NULL);
}

static void
test_number_is_bounded (void)
{
  g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (NULL);
  g_autoptr (GVariant) stored = NULL;
  g_autofree char *long_value = g_strnfill (5000, 'x');
  g_autofree char *long_cookie = g_strconcat ("n=", long_value, NULL);

  take (cookies, "http://a.org/", long_cookie);
  assert_header (cookies, "http://a.org/", NULL, NOW, NULL);
  for (int i = 0; i < 1000; i++)
    {
      g_autofree char *cookie = g_strdup_printf ("n%d=v", i);

      take (cookies, "http://a.org/", cookie);
    }
  stored = bts_http_cookies_store (cookies);
  g_assert_cmpuint (g_variant_n_children (stored), ==, 64);
}

static void
test_wrong_stored_forms_are_left_out (void)
{
  static const char *const texts[] = {
    "5",
    "@a{sv} {}",
    "@a(ssssbx) []",
    "[('n', 'v', '', '/', false, @x -1), ('n', 'v', 'a.org', '', false, -1)]",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) stored = g_variant_parse (NULL, texts[i], NULL, NULL, NULL);
      g_autoptr (BtsHttpCookies) cookies = bts_http_cookies_new (stored);

      g_assert_null (bts_http_cookies_store (cookies));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/transport/http-cookies/", rows[i].fact, NULL);

      g_test_add_data_func (path, GSIZE_TO_POINTER (i), test_rules);
    }
  g_test_add_func ("/transport/http-cookies/time-passes", test_time_passes);
  g_test_add_func ("/transport/http-cookies/longer-paths-first", test_longer_paths_first);
  g_test_add_func ("/transport/http-cookies/servers-replace-those-given",
                   test_servers_replace_those_given);
  g_test_add_func ("/transport/http-cookies/number-is-bounded", test_number_is_bounded);
  g_test_add_func ("/transport/http-cookies/wrong-stored-forms-are-left-out",
                   test_wrong_stored_forms_are_left_out);
  return g_test_run ();
}
