/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "worker/transport/http-digest.h"

#define NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CLIENT_NONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"

/* RFC 7616 §3.9.1 */
static void
test_example_of_the_specification (void)
{
  g_autoptr (BtsHttpDigest) digest = bts_http_digest_new (
      "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
      "nonce=\"" NONCE "\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"");
  g_autofree char *answer = bts_http_digest_answer (digest, "GET", "/dir/index.html", "Mufasa",
                                                    "Circle of Life", CLIENT_NONCE);

  g_assert_nonnull (strstr (
      answer, "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""));
  g_assert_nonnull (strstr (answer, "algorithm=SHA-256, qop=auth, nc=00000001"));
  g_assert_nonnull (strstr (answer, "opaque=\"FQhe/"));
}

static void
test_other_challenges_do_not_mix (void)
{
  g_autoptr (BtsHttpDigest) digest = bts_http_digest_new (
      "Digest realm=\"a, Basic b\", nonce=\"n1\", algorithm=SHA-256, Digest realm=\"c\", "
      "nonce=\"n2\", algorithm=MD5");
  g_autofree char *answer =
      bts_http_digest_answer (digest, "GET", "/", "a\"b", "password", CLIENT_NONCE);

  g_assert_true (g_str_has_prefix (
      answer, "Digest username=\"a\\\"b\", realm=\"a, Basic b\", nonce=\"n1\", uri=\"/\""));
  g_assert_null (strstr (answer, "qop"));
}

static void
test_what_cannot_be_met (void)
{
  static const char *const challenges[] = {
    "Digest",
    "Digest realm=\"a\", nonce=\"b\"",
    "Digest realm=\"a\", nonce=\"b\", algorithm=MD5",
    "Digest realm=\"a\", algorithm=SHA-256",
    "Digest nonce=\"b\", algorithm=SHA-256",
    "Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256, qop=\"auth-int\"",
    "Digest realm=\"a\", nonce=\"b\", algorithm=SHA-512-256",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (challenges); i++)
    g_assert_null (bts_http_digest_new (challenges[i]));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/http-digest/example-of-the-specification",
                   test_example_of_the_specification);
  g_test_add_func ("/transport/http-digest/other-challenges-do-not-mix",
                   test_other_challenges_do_not_mix);
  g_test_add_func ("/transport/http-digest/what-cannot-be-met", test_what_cannot_be_met);
  return g_test_run ();
}
