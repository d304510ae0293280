/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/checksum.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"

#define SHA256_ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

typedef struct
{
  const char *spec;
  gboolean is_valid;
} SpecRow;

static const SpecRow spec_rows[] = {
  { SHA256_ABC, TRUE },
  { "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", TRUE },
  { "sha1:a9993e364706816aba3e25717850c26c9cd0d89d", TRUE },
  { "md5:900150983cd24fb0d6963f7d28e17f72", TRUE },
  { "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c"
    "23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    TRUE },
  { "", FALSE },
  { "sha256", FALSE },
  { "sha256:", FALSE },
  { "sha256:ba78", FALSE },
  { "md5:900150983cd24fb0d6963f7d28e17f7", FALSE },
  { "md5:900150983cd24fb0d6963f7d28e17f7g", FALSE },
  { "md5:900150983cd24fb0d6963f7d28e17f720", FALSE },
  { "MD5:900150983cd24fb0d6963f7d28e17f72", FALSE },
  { "crc32:12345678", FALSE },
};

static void
test_specs (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (spec_rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (BtsChecksum) checksum = bts_checksum_new (spec_rows[i].spec, &error);

      g_assert_cmpint (checksum != NULL, ==, spec_rows[i].is_valid);
      if (!spec_rows[i].is_valid)
        {
          g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
          continue;
        }
      g_assert_no_error (error);
      bts_checksum_update (checksum, "ab", 2);
      bts_checksum_update (checksum, "c", 1);
      g_assert_true (bts_checksum_matches (checksum));
    }
}

static void
test_reset (void)
{
  g_autoptr (BtsChecksum) checksum = bts_checksum_new (SHA256_ABC, NULL);

  bts_checksum_update (checksum, "abd", 3);
  g_assert_false (bts_checksum_matches (checksum));
  bts_checksum_reset (checksum);
  g_assert_cmpuint (bts_checksum_get_position (checksum), ==, 0);
  bts_checksum_update (checksum, "abc", 3);
  g_assert_true (bts_checksum_matches (checksum));
}

static void
test_file (void)
{
  g_autoptr (BtsChecksum) checksum = bts_checksum_new (SHA256_ABC, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("checksum-XXXXXX", &path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (write (fd, "abcd", 4), ==, 4);

  bts_checksum_update (checksum, "a", 1);
  g_cancellable_cancel (cancellable);
  g_assert_false (bts_checksum_update_from_file (checksum, fd, 3, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);

  g_assert_true (bts_checksum_update_from_file (checksum, fd, 3, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (bts_checksum_get_position (checksum), ==, 3);
  g_assert_true (bts_checksum_matches (checksum));

  bts_checksum_reset (checksum);
  g_assert_false (bts_checksum_update_from_file (checksum, fd, 5, NULL, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED);

  g_close (fd, NULL);
  g_unlink (path);
}

/* Cut anywhere, another process gets to the same digest. */
static void
test_state (void)
{
  static const struct
  {
    const char *name;
    GChecksumType type;
  } algorithms[] = {
    { "sha256", G_CHECKSUM_SHA256 },
    { "sha512", G_CHECKSUM_SHA512 },
    { "sha1", G_CHECKSUM_SHA1 },
    { "md5", G_CHECKSUM_MD5 },
  };
  static const gsize cuts[] = { 0, 1, 63, 64, 65, 127, 128, 129, 1000, 4096, 9999, 10000 };
  guint8 data[10000];

  for (gsize i = 0; i < sizeof data; i++)
    data[i] = (guint8) (i * 7 + i / 256);
  for (gsize i = 0; i < G_N_ELEMENTS (algorithms); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (cuts); j++)
      {
        g_autofree char *hex = g_compute_checksum_for_data (algorithms[i].type, data, sizeof data);
        g_autofree char *spec = g_strdup_printf ("%s:%s", algorithms[i].name, hex);
        g_autoptr (BtsChecksum) before = bts_checksum_new (spec, NULL);
        g_autoptr (BtsChecksum) after = bts_checksum_new (spec, NULL);
        g_autoptr (GVariant) state = NULL;

        bts_checksum_update (before, data, cuts[j]);
        state = bts_checksum_to_variant (before);
        bts_checksum_take_variant (after, state, sizeof data);
        g_assert_cmpuint (bts_checksum_get_position (after), ==, cuts[j]);
        bts_checksum_update (after, data + cuts[j], sizeof data - cuts[j]);
        g_assert_true (bts_checksum_matches (after));
      }
}

static void
test_wrong_states (void)
{
  static const char *const states[] = {
    "(uint64 3, @ay [], @ay [])",
    "(uint64 3, b'012345678901234567890123456789', b'ab')",
    "(uint64 3, b'01234567890123456789012345678901', b'abc')",
    "(uint64 64, b'0123456789012345678901234567890', b'')",
    "(uint64 0xffffffffffffffff, @ay [], @ay [])",
    "'x'",
  };
  g_autoptr (BtsChecksum) checksum = bts_checksum_new (SHA256_ABC, NULL);
  g_autoptr (GVariant) early = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (states); i++)
    {
      g_autoptr (GVariant) state = g_variant_ref_sink (g_variant_new_parsed (states[i]));

      bts_checksum_take_variant (checksum, state, 100);
      g_assert_cmpuint (bts_checksum_get_position (checksum), ==, 0);
    }

  /* Nor what has seen more than there is. */
  bts_checksum_update (checksum, "abc", 3);
  early = bts_checksum_to_variant (checksum);
  bts_checksum_take_variant (checksum, early, 2);
  g_assert_cmpuint (bts_checksum_get_position (checksum), ==, 0);
  bts_checksum_take_variant (checksum, early, 3);
  g_assert_true (bts_checksum_matches (checksum));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/files/checksum/specs-are-checked", test_specs);
  g_test_add_func ("/files/checksum/reset-begins-anew", test_reset);
  g_test_add_func ("/files/checksum/state-goes-on-in-another-process", test_state);
  g_test_add_func ("/files/checksum/states-that-do-not-fit-are-not-taken", test_wrong_states);
  g_test_add_func ("/files/checksum/what-is-held-is-read-back", test_file);

  return g_test_run ();
}
