/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "common/redact.h"

static const struct
{
  const char *uri;
  const char *redacted;
} uris[] = {
  { "https://host/path", "https://host/path" },
  { "https://host:8443/a/b;c=d", "https://host:8443/a/b;c=d" },
  { "https://[2001:db8::1]:8443/a", "https://[2001:db8::1]:8443/a" },
  { "https://host/@scope/package@1.0", "https://host/@scope/package@1.0" },
  { "https://host/a?token=secret", "https://host/a?…" },
  { "https://host?token=secret", "https://host?…" },
  { "https://host/a?", "https://host/a?…" },
  { "https://host/a#secret", "https://host/a" },
  { "https://host/a#secret?secret", "https://host/a" },
  { "https://user:secret@host/a?b#c", "https://host/a?…" },
  { "https://secret@host:80/a", "https://host:80/a" },
  { "https://user:sec@ret@host/a", "https://host/a" },
  { "https://user:sec/ret@host/a", "https://…" },
  { "https://user:sec?ret@host/a", "https://…" },
  { "https://user:sec#ret@host/a", "https://…" },
  { "//user:secret@host/a", "//host/a" },
  { "user:secret@host/a", "host/a" },
  { "http:/user:secret@host/a", "host/a" },
  { "ftp://user:secret@host", "ftp://host" },
  { "file:///home/user/a%20b", "file:///home/user/a%20b" },
  { "https://host/a\nforged: line", "https://host/a%0Aforged: line" },
  { "https://host/\xff", "https://host/\xef\xbf\xbd" },
  { "", "" },
  { "://", "://" },
  { "://@", "://" },
  { "?", "?…" },
  { "@", "" },
};

static void
test_uris_lose_their_secrets (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      g_autofree char *redacted = bts_redact_uri (uris[i].uri);

      g_assert_cmpstr (redacted, ==, uris[i].redacted);
    }
}

static void
test_no_uri_is_an_empty_one (void)
{
  g_autofree char *redacted = bts_redact_uri (NULL);

  g_assert_cmpstr (redacted, ==, "");
}

static const struct
{
  const char *name;
  const char *value;
  const char *redacted;
} headers[] = {
  { "Accept", "*/*", "Accept: */*" },
  { "Authorization", "Basic secret", "Authorization: …" },
  { "PROXY-AUTHORIZATION", "secret", "PROXY-AUTHORIZATION: …" },
  { "cookie", "secret", "cookie: …" },
  { "Set-Cookie", "secret", "Set-Cookie: …" },
  { "X-Api-Key", "secret", "X-Api-Key: …" },
  { "Private-Token", "secret", "Private-Token: …" },
  { "X-Amz-Security-Token", "secret", "X-Amz-Security-Token: …" },
  { "WWW-Authenticate", "Basic realm=\"a\"", "WWW-Authenticate: Basic realm=\"a\"" },
  { "Keep-Alive", "5", "Keep-Alive: 5" },
  { "Location", "https://u:secret@host/a?secret", "Location: https://host/a?…" },
  { "Referer", "https://host/a?secret", "Referer: https://host/a?…" },
  { "X-Odd", "a\r\nforged: line", "X-Odd: a%0D%0Aforged: line" },
  { "X-Odd", NULL, "X-Odd: " },
  { NULL, NULL, ": " },
};

static void
test_headers_lose_their_secrets (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (headers); i++)
    {
      g_autofree char *redacted = bts_redact_header (headers[i].name, headers[i].value);

      g_assert_cmpstr (redacted, ==, headers[i].redacted);
    }
}

static void
test_garbage_becomes_one_valid_line (void)
{
  static const char characters[] = "ab:/@?#[]\\%\n\x80\xc3\xff=&.";

  for (guint round = 0; round < 20000; round++)
    {
      char garbage[24];
      gsize length = (gsize) g_test_rand_int_range (0, sizeof garbage);
      g_autofree char *redacted = NULL;

      for (gsize i = 0; i < length; i++)
        garbage[i] = characters[g_test_rand_int_range (0, (int) strlen (characters))];
      garbage[length] = '\0';

      redacted = bts_redact_uri (garbage);
      g_assert_true (g_utf8_validate (redacted, -1, NULL));
      g_assert_null (strchr (redacted, '\n'));
      g_assert_null (strchr (redacted, '#'));
      g_assert_true (strchr (redacted, '?') == NULL || g_str_has_suffix (redacted, "?…"));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/common/redact/uris-lose-their-secrets", test_uris_lose_their_secrets);
  g_test_add_func ("/common/redact/no-uri-is-an-empty-one", test_no_uri_is_an_empty_one);
  g_test_add_func ("/common/redact/headers-lose-their-secrets", test_headers_lose_their_secrets);
  g_test_add_func ("/common/redact/garbage-becomes-one-valid-line",
                   test_garbage_becomes_one_valid_line);

  return g_test_run ();
}
