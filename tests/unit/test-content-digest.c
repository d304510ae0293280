/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/content-digest.h"

/* Digests of "hello". */
#define SHA256_BASE64 "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="
#define SHA256_HEX "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define MD5_BASE64 "XUFAKrxLKna5cZ2REBfFkg=="
#define MD5_HEX "md5:5d41402abc4b2a76b9719d911017c592"
#define SHA1_BASE64 "qvTGHdzF6KLavt4PO0gs2a6pQ00="
#define SHA1_HEX "sha1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"

static const struct
{
  const char *headers;
  gboolean is_whole;
  const char *expected; /* (nullable) */
} rows[] = {
  { "@a(ss) []", TRUE, NULL },
  { "[('Content-Type', 'sha-256=:" SHA256_BASE64 ":')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256=:" SHA256_BASE64 ":')]", TRUE, SHA256_HEX },
  { "[('repr-digest', 'SHA-256=:" SHA256_BASE64 ":')]", FALSE, SHA256_HEX },
  { "[('Content-Digest', 'sha-256=:" SHA256_BASE64 ":')]", TRUE, SHA256_HEX },
  { "[('Content-Digest', 'sha-256=:" SHA256_BASE64 ":')]", FALSE, NULL },
  { "[('Digest', 'SHA-256=" SHA256_BASE64 "')]", FALSE, SHA256_HEX },
  { "[('Digest', 'md5=" MD5_BASE64 "')]", TRUE, MD5_HEX },
  { "[('Digest', 'MD5=" MD5_BASE64 ",SHA=" SHA1_BASE64 "')]", TRUE, SHA1_HEX },
  { "[('Digest', 'md5=" MD5_BASE64 "'), ('Repr-Digest', ' sha-256 = :" SHA256_BASE64 ": ')]", TRUE,
    SHA256_HEX },
  { "[('Repr-Digest', 'crc32c=:AAAAAA==:, sha-256=:" SHA256_BASE64 ":')]", TRUE, SHA256_HEX },
  { "[('Repr-Digest', 'sha-256=:" SHA256_BASE64 ":;a=1;b=:AA==:, md5=:" MD5_BASE64 ":')]", TRUE,
    SHA256_HEX },
  { "[('Repr-Digest', 'sha-256=:" SHA256_BASE64 ":a')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256=" SHA256_BASE64 "')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256=:" MD5_BASE64 ":')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOL!mCQ=:')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256=::')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256=:')]", TRUE, NULL },
  { "[('Repr-Digest', 'sha-256')]", TRUE, NULL },
  { "[('Repr-Digest', ',,=,')]", TRUE, NULL },
  { "[('Digest', '')]", TRUE, NULL },
};

static void
test_rows (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) headers =
                     g_variant_parse (G_VARIANT_TYPE ("a(ss)"), rows[i].headers, NULL, NULL, NULL);
      g_autofree char *found = NULL;

      g_test_message ("%s", rows[i].headers);
      g_assert_nonnull (headers);
      found = bts_content_digest_find (headers, rows[i].is_whole);
      g_assert_cmpstr (found, ==, rows[i].expected);
    }
  g_assert_null (bts_content_digest_find (NULL, TRUE));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/content-digest/strongest-known-one-is-found", test_rows);
  return g_test_run ();
}
