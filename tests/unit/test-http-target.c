/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-target.h"

#include "common/bgt-web-error.h"

static const struct
{
  const char *from;
  const char *location; /* (nullable) */
  int web_error;
  const char *to;
  gboolean is_own_origin;
} rows[] = {
  { "http://a/x/y?q", "z", 0, "http://a/x/z", TRUE },
  { "http://a/x/y?q", "/z", 0, "http://a/z", TRUE },
  { "http://a/x/y?q", "?z", 0, "http://a/x/y?z", TRUE },
  { "http://a/x/y", "../z", 0, "http://a/z", TRUE },
  { "http://a/x/y", "#z", 0, "http://a/x/y", TRUE },
  { "http://a/x", "http://a/y#z", 0, "http://a/y", TRUE },
  { "http://a/x", "HTTP://A/y", 0, "http://A/y", TRUE },
  { "http://a/x", "http://a:80/y", 0, "http://a/y", TRUE },
  { "http://a/x", "http://a:81/y", 0, "http://a:81/y", FALSE },
  { "http://a/x", "http://b/y", 0, "http://b/y", FALSE },
  { "http://a/x", "//b/y", 0, "http://b/y", FALSE },
  { "http://a/x", "https://a/y", 0, "https://a/y", FALSE },
  { "https://a/x", "https://a:443/y", 0, "https://a/y", TRUE },
  { "http://a/x", "http://user:password@a/y", 0, "http://a/y", TRUE },
  { "http://a/x", "http://b", 0, "http://b/", FALSE },
  { "http://a/x", " /y ", 0, "http://a/y", TRUE },
  { "http://a/x", "/a b", 0, "http://a/a%20b", TRUE },
  { "http://a/x", "/a\r\nb", 0, "http://a/a%0D%0Ab", TRUE },
  { "http://a/x", "/\xe9", 0, "http://a/%E9", TRUE },
  { "http://a/x", "/100%", 0, "http://a/100%25", TRUE },
  { "http://a/x", "/%zz%4", 0, "http://a/%25zz%254", TRUE },
  { "http://a/x", "/a%2Fb", 0, "http://a/a%2Fb", TRUE },
  { "https://a/x", "http://a/y", BGT_WEB_ERROR_HTTPS_TO_HTTP_ON_REDIRECTION, NULL, FALSE },
  { "http://a/x", NULL, BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "  ", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "file:///etc/passwd", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "ftp://a/y", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "data:,hello", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "javascript:alert(1)", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http:///y", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://b:0/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://b:99999/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://[::1]/y", 0, "http://[::1]/y", FALSE },
  { "http://a/x", "http://b c/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://b%0D%0AX:c/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://b%2Fc/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://b%zz/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://u@v@b/", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
  { "http://a/x", "http://[::1", BGT_WEB_ERROR_REDIRECT_FAILED, NULL, FALSE },
};

static void
test_locations (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_auto (BtsHttpTarget) target = { 0 };
      g_autoptr (GError) error = NULL;
      g_autofree char *uri = NULL;

      g_test_message ("%s -> %s", rows[i].from, rows[i].location);
      g_assert_true (bts_http_target_init (&target, rows[i].from, "GET", &error));
      bts_http_target_follow (&target, 302, rows[i].location, &error);
      if (rows[i].web_error != 0)
        {
          g_assert_error (error, BGT_WEB_ERROR, rows[i].web_error);
          continue;
        }
      g_assert_no_error (error);
      uri = g_uri_to_string (target.uri);
      g_assert_cmpstr (uri, ==, rows[i].to);
      g_assert_cmpint (target.is_own_origin, ==, rows[i].is_own_origin);
    }
}

static void
test_way_back (void)
{
  g_auto (BtsHttpTarget) target = { 0 };

  g_assert_true (bts_http_target_init (&target, "http://a/", "GET", NULL));
  g_assert_true (bts_http_target_follow (&target, 302, "http://b/", NULL));
  g_assert_true (bts_http_target_follow (&target, 302, "http://a/", NULL));
  g_assert_false (target.is_own_origin);
}

static void
test_methods (void)
{
  static const struct
  {
    const char *method;
    guint status_code;
    const char *next;
  } methods[] = {
    { "GET", 301, "GET" },   { "GET", 303, "GET" },   { "HEAD", 303, "HEAD" },
    { "POST", 301, "GET" },  { "POST", 302, "GET" },  { "POST", 303, "GET" },
    { "POST", 307, "POST" }, { "POST", 308, "POST" }, { "PUT", 302, "PUT" },
    { "PUT", 303, "GET" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (methods); i++)
    {
      g_auto (BtsHttpTarget) target = { 0 };

      g_assert_true (bts_http_target_init (&target, "http://a/", methods[i].method, NULL));
      g_assert_true (bts_http_target_follow (&target, methods[i].status_code, "/b", NULL));
      g_assert_cmpstr (target.method, ==, methods[i].next);
      g_assert_cmpint (target.has_body, ==, g_str_equal (methods[i].method, methods[i].next));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/http-target/only-http-is-followed", test_locations);
  g_test_add_func ("/transport/http-target/secrets-stay-behind-for-good", test_way_back);
  g_test_add_func ("/transport/http-target/methods-change-as-they-should", test_methods);
  return g_test_run ();
}
