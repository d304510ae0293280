/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>

#include "worker/transport/http-ntlm.h"

/* MS-NLMP §4.2.4: what the server says there, and of itself. */
static const guint8 example[] = {
  'N',  'T',  'L', 'M', 'S', 'S',  'P',  0,    2,    0,    0,    0,    0x0c, 0,    0x0c,
  0,    0x38, 0,   0,   0,   0x33, 0x82, 0x8a, 0xe2, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab,
  0xcd, 0xef, 0,   0,   0,   0,    0,    0,    0,    0,    0x24, 0,    0x24, 0,    0x44,
  0,    0,    0,   6,   0,   0x70, 0x17, 0,    0,    0,    0x0f, 'S',  0,    'e',  0,
  'r',  0,    'v', 0,   'e', 0,    'r',  0,    2,    0,    0x0c, 0,    'D',  0,    'o',
  0,    'm',  0,   'a', 0,   'i',  0,    'n',  0,    1,    0,    0x0c, 0,    'S',  0,
  'e',  0,    'r', 0,   'v', 0,    'e',  0,    'r',  0,    0,    0,    0,    0,
};

static const guint8 nonce[] = { 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };

/* The beginning of time there, in Unix time. */
#define EXAMPLE_TIME_US (-G_GINT64_CONSTANT (11644473600) * G_USEC_PER_SEC)

static char *
answer_to (gconstpointer message, gsize size, const char *user)
{
  g_autofree char *challenge = g_base64_encode (message, size);

  return bts_http_ntlm_answer (challenge, user, "Password", nonce, EXAMPLE_TIME_US);
}

static const guint8 *
get_field (const guint8 *message, gsize size, gsize at, gsize *field_size)
{
  gsize start = message[at + 4] | (gsize) message[at + 5] << 8;

  *field_size = message[at] | (gsize) message[at + 1] << 8;
  g_assert_cmpuint (start + *field_size, <=, size);
  return message + start;
}

static void
test_example_of_the_specification (void)
{
  static const guint8 proof[] = { 0x68, 0xcd, 0x0a, 0xb8, 0x51, 0xe5, 0x1c, 0x96,
                                  0xaa, 0xbc, 0x92, 0x7b, 0xeb, 0xef, 0x6a, 0x1c };
  static const guint8 old_proof[] = { 0x86, 0xc3, 0x50, 0x97, 0xac, 0x9c, 0xec, 0x10,
                                      0x25, 0x54, 0x76, 0x4a, 0x57, 0xcc, 0xcc, 0x19,
                                      0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa };
  g_autofree char *answer = answer_to (example, sizeof example, "Domain\\User");
  gsize size, field_size;
  g_autofree guint8 *message = NULL;
  const guint8 *field;

  g_assert_nonnull (answer);
  message = g_base64_decode (answer, &size);
  g_assert_cmpmem (message, 9, "NTLMSSP\0\3", 9);
  field = get_field (message, size, 20, &field_size);
  g_assert_cmpuint (field_size, >, sizeof proof);
  g_assert_cmpmem (field, sizeof proof, proof, sizeof proof);
  field = get_field (message, size, 12, &field_size);
  g_assert_cmpmem (field, field_size, old_proof, sizeof old_proof);
  field = get_field (message, size, 28, &field_size);
  g_assert_cmpmem (field, field_size, "D\0o\0m\0a\0i\0n\0", 12);
  field = get_field (message, size, 36, &field_size);
  g_assert_cmpmem (field, field_size, "U\0s\0e\0r\0", 8);
  get_field (message, size, 44, &field_size);
  g_assert_cmpuint (field_size, ==, 0);
}

/* MS-NLMP §2.2.1.2: older servers end after the nonce, and know only their own code page. */
static void
test_old_server (void)
{
  guint8 old[32];
  g_autofree char *answer = NULL;
  g_autofree guint8 *message = NULL;
  gsize size, field_size;
  const guint8 *field;

  memcpy (old, example, sizeof old);
  old[20] = 0x02;
  old[22] = 0x08;
  answer = answer_to (old, sizeof old, "Domain\\User");
  g_assert_nonnull (answer);
  message = g_base64_decode (answer, &size);
  field = get_field (message, size, 28, &field_size);
  g_assert_cmpmem (field, field_size, "Domain", 6);
  field = get_field (message, size, 36, &field_size);
  g_assert_cmpmem (field, field_size, "User", 4);
  g_assert_cmpuint (message[60] & 3, ==, 2);
}

static void
test_opening_says_nothing_of_anybody (void)
{
  g_autofree char *opening = bts_http_ntlm_open ();
  gsize size;
  g_autofree guint8 *message = g_base64_decode (opening, &size);
  static const guint8 nothing[16] = { 0 };

  g_assert_cmpuint (size, ==, 32);
  g_assert_cmpmem (message, 9, "NTLMSSP\0\1", 9);
  g_assert_cmpmem (message + 16, 16, nothing, 16);
}

/* Cut anywhere, and with every length and place that a field may claim. */
static void
test_what_is_no_challenge (void)
{
  guint8 bad[sizeof example];

  g_assert_null (bts_http_ntlm_answer ("", "u", "p", nonce, 0));
  g_assert_null (bts_http_ntlm_answer ("!", "u", "p", nonce, 0));
  for (gsize size = 0; size < sizeof example; size++)
    {
      g_autofree guint8 *cut = g_memdup2 (example, size);
      g_autofree char *answer = answer_to (cut, size, "User");

      g_assert_null (answer);
    }
  for (guint value = 0; value < 256; value++)
    for (gsize at = 0; at < sizeof example; at++)
      {
        g_autofree char *answer = NULL;

        memcpy (bad, example, sizeof example);
        bad[at] = (guint8) value;
        answer = answer_to (bad, sizeof bad, "User");
        if (at < 12)
          g_assert_cmpint (answer != NULL, ==, bad[at] == example[at]);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/http-ntlm/example-of-the-specification",
                   test_example_of_the_specification);
  g_test_add_func ("/transport/http-ntlm/old-server", test_old_server);
  g_test_add_func ("/transport/http-ntlm/opening-says-nothing-of-anybody",
                   test_opening_says_nothing_of_anybody);
  g_test_add_func ("/transport/http-ntlm/what-is-no-challenge", test_what_is_no_challenge);
  return g_test_run ();
}
