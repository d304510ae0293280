/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/destination.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "tests/unit/fakes/destination-fixture.h"

/* Each test runs once on every kind of file system there is here. */
static const char *
get_base (gconstpointer user_data)
{
  return user_data != NULL ? user_data : g_get_tmp_dir ();
}

static void
test_sizes (gconstpointer user_data)
{
  static const guint64 sizes[] = { 0,       1,           4095,    4096,
                                   131071,  131072,      131073,  262145,
                                   MIB - 1, MIB,         MIB + 1, 4 * MIB - 1,
                                   4 * MIB, 5 * MIB + 3, 9 * MIB, 20 * MIB + 4097 };
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (sizes); i++)
    {
      guint64 size = sizes[i / 2];
      gboolean is_size_known = i % 2 == 0;
      g_autoptr (GVariant) request = make_request_in (folder, "file.bin", "replace");
      g_autoptr (BtsDestination) destination = open_destination (request, NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = test_folder_get_path (folder, "file.bin");
      g_autofree char *path = NULL;

      if (is_size_known)
        g_assert_true (bts_destination_expect (destination, size, &error));
      g_assert_no_error (error);
      put (destination, 0, size);
      g_assert_false (bts_destination_is_published (destination));
      path = publish (destination, size);
      g_assert_cmpstr (path, ==, expected);
      g_assert_true (bts_destination_is_published (destination));
      g_assert_cmpuint (get_held_from_start (destination), ==, size);
      g_assert_cmpuint (test_folder_count (folder), ==, 1);
      test_folder_assert_pattern (folder, "file.bin", size);
    }
}

static void
test_hidden (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autofree char *partial = test_folder_get_path (folder, ".file.bin.0f1e2d3c4b5a6978.part");
  g_autofree char *path = NULL;
  mode_t mask = umask (0);
  struct stat status;

  umask (mask);
  put (destination, 0, 100);
  g_assert_cmpuint (test_folder_count (folder), ==, 1);
  g_assert_true (g_file_test (partial, G_FILE_TEST_IS_REGULAR));

  path = publish (destination, 100);
  g_assert_cmpuint (test_folder_count (folder), ==, 1);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0666 & ~mask);
}

static void
test_held_after_sync (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);

  put (destination, 0, 5 * MIB + 5);
  g_assert_cmpuint (get_held_from_start (destination), ==, 0);
  sync_now (destination);
  g_assert_cmpuint (get_held_from_start (destination), ==, 5 * MIB + 5);
  put (destination, 5 * MIB + 5, 6 * MIB);
  g_assert_cmpuint (get_held_from_start (destination), ==, 5 * MIB + 5);
}

static void
test_resume (gconstpointer user_data)
{
  static const guint64 stops[] = { 1, 4096, 3 * MIB + 5, 4 * MIB, 7 * MIB + 4096, 9 * MIB - 1 };
  const guint64 total = 9 * MIB + 17;
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file.bin", NULL);
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) last = NULL;
  g_autofree char *path = NULL;
  guint64 held = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (stops); i++)
    {
      g_autoptr (BtsDestination) destination = open_destination (request, checkpoint);
      g_autoptr (GError) error = NULL;

      g_assert_cmpuint (get_held_from_start (destination), ==, held);
      g_assert_true (bts_destination_expect (destination, total, &error));
      put (destination, held, stops[i]);
      sync_now (destination);
      g_clear_pointer (&checkpoint, g_variant_unref);
      checkpoint = bts_destination_to_checkpoint (destination);
      put (destination, stops[i], total);
      held = stops[i];
    }

  last = open_destination (request, checkpoint);
  put (last, held, total);
  path = publish (last, total);
  test_folder_assert_pattern (folder, "file.bin", total);
}

/* The server may know better at the second try. */
static void
test_larger_than_expected (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_assert_true (bts_destination_expect (destination, 1000, &error));
  put (destination, 0, 300 * 1000);
  g_assert_true (bts_destination_expect (destination, 5 * MIB + 3, &error));
  put (destination, 300 * 1000, 5 * MIB + 3);
  path = publish (destination, 5 * MIB + 3);
  g_assert_nonnull (path);
  test_folder_assert_pattern (folder, "file.bin", 5 * MIB + 3);
}

static void
test_any_order (gconstpointer user_data)
{
  const guint64 total = 6 * MIB + 11;
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (BtsByteRanges) held = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_assert_true (bts_destination_expect (destination, total, &error));
  put (destination, 5 * MIB - 1, total);
  put (destination, 4097, 2 * MIB);
  put (destination, 3 * MIB, 4 * MIB + 4096);
  sync_now (destination);
  held = bts_destination_dup_held (destination);
  g_assert_cmpuint (bts_byte_ranges_get_count (held), ==, 3);
  g_assert_null (bts_destination_publish (destination, total, NULL, NULL, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR);
  g_assert_cmpuint (test_folder_count (folder), ==, 1);

  put (destination, 0, 4097);
  put (destination, 4 * MIB + 4096, 5 * MIB - 1);
  put (destination, 2 * MIB, 3 * MIB);
  path = publish (destination, total);
  test_folder_assert_pattern (folder, "file.bin", total);
}

static void
test_restart (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (BtsDestination) again = NULL;
  g_autoptr (GVariant) old = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  put (destination, 1000, 3000);
  sync_now (destination);
  old = bts_destination_to_checkpoint (destination);
  put (destination, 3000, 4000);
  g_assert_true (bts_destination_restart (destination, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (get_held_from_start (destination), ==, 0);
  put (destination, 0, 5000);
  sync_now (destination);
  checkpoint = bts_destination_to_checkpoint (destination);
  g_clear_object (&destination);

  again = open_destination (request, checkpoint);
  g_assert_cmpuint (get_held_from_start (again), ==, 5000);
  g_clear_object (&again);

  again = open_destination (request, old);
  g_assert_cmpuint (get_held_from_start (again), ==, 0);
  g_assert_cmpuint (test_folder_count (folder), ==, 1);
}

typedef struct
{
  const char *there; /* what stands at the name: "file", "link", "dangling", "folder", "" */
  const char *overwrite;
  const char *published; /* (nullable) NULL: refused */
  BgtError check_error;
} OverwriteRow;

static const OverwriteRow overwrite_rows[] = {
  { "", "fail", "f.txt", 0 },
  { "", "replace", "f.txt", 0 },
  { "", "unique", "f.txt", 0 },
  { "file", "fail", NULL, BGT_ERROR_ALREADY_EXISTS },
  { "file", "replace", "f.txt", 0 },
  { "file", "unique", "f (1).txt", 0 },
  { "link", "fail", NULL, BGT_ERROR_ALREADY_EXISTS },
  { "link", "replace", "f.txt", 0 },
  { "link", "unique", "f (1).txt", 0 },
  { "dangling", "fail", NULL, BGT_ERROR_ALREADY_EXISTS },
  { "dangling", "replace", "f.txt", 0 },
  { "dangling", "unique", "f (1).txt", 0 },
  { "folder", "fail", NULL, BGT_ERROR_ALREADY_EXISTS },
  { "folder", "replace", NULL, BGT_ERROR_ALREADY_EXISTS },
  { "folder", "unique", "f (1).txt", 0 },
};

static void
put_there (TestFolder *folder, const char *what)
{
  g_autofree char *path = test_folder_get_path (folder, "f.txt");

  test_folder_write (folder, "other", "other");
  if (strcmp (what, "file") == 0)
    test_folder_write (folder, "f.txt", "old");
  else if (strcmp (what, "link") == 0)
    g_assert_cmpint (symlink ("other", path), ==, 0);
  else if (strcmp (what, "dangling") == 0)
    g_assert_cmpint (symlink ("nothing", path), ==, 0);
  else if (strcmp (what, "folder") == 0)
    g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
}

/* @is_late: it comes there while the transfer runs. */
static void
check_overwrite (const char *base, const OverwriteRow *row, gboolean is_late)
{
  g_autoptr (TestFolder) folder = test_folder_new (base);
  g_autoptr (GVariant) request = make_request_in (folder, "f.txt", row->overwrite);
  g_autoptr (BtsDestination) destination = NULL;
  g_autoptr (GVariant) found = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;

  if (!is_late)
    {
      put_there (folder, row->there);
      found = bts_destination_check (request, -1, &error);
      g_assert_cmpint (found != NULL, ==, row->published != NULL);
      if (found == NULL)
        g_assert_error (error, BGT_ERROR, (int) row->check_error);
      g_clear_error (&error);
    }

  destination = bts_destination_open (request, TEST_GUID, NULL, -1, &error);
  if (destination != NULL)
    {
      put (destination, 0, 300);
      if (is_late)
        put_there (folder, row->there);
      path = bts_destination_publish (destination, 300, NULL, NULL, &error);
    }
  if (row->published == NULL)
    {
      g_assert_null (path);
      g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR);
    }
  else
    {
      g_assert_no_error (error);
      name = g_path_get_basename (path);
      g_assert_cmpstr (name, ==, row->published);
      test_folder_assert_pattern (folder, row->published, 300);
    }
  test_folder_assert_text (folder, "other", "other");
}

static void
test_overwrite (gconstpointer user_data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (overwrite_rows); i++)
    {
      check_overwrite (get_base (user_data), &overwrite_rows[i], FALSE);
      check_overwrite (get_base (user_data), &overwrite_rows[i], TRUE);
    }
}

static void
test_unique_counts (gconstpointer user_data)
{
  static const char *const names[] = { "a.tar.gz", "a (1).tar.gz", "a (2).tar.gz" };
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GVariant) request = make_request_in (folder, "a.tar.gz", "unique");
      g_autoptr (BtsDestination) destination = open_destination (request, NULL);
      g_autofree char *expected = test_folder_get_path (folder, names[i]);
      g_autofree char *path = NULL;

      put (destination, 0, 10);
      path = publish (destination, 10);
      g_assert_cmpstr (path, ==, expected);
    }
}

static void
test_long_name (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autofree char *longest = g_strnfill (255, 'n');

  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GVariant) request = make_request_in (folder, longest, "unique");
      g_autoptr (BtsDestination) destination = open_destination (request, NULL);
      g_autofree char *path = NULL;

      put (destination, 0, 10);
      path = publish (destination, 10);
    }
  g_assert_cmpuint (test_folder_count (folder), ==, 2);
}

static void
test_not_utf8 (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autofree char *raw = test_folder_get_path (folder, "caf\xe9 1.txt");
  g_autofree char *uri = g_filename_to_uri (raw, NULL, NULL);
  g_autoptr (GVariant) request = make_request (uri, NULL);
  g_autoptr (GVariant) found = bts_destination_check (request, -1, NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autofree char *path = NULL;

  g_assert_nonnull (found);
  put (destination, 0, 10);
  path = publish (destination, 10);
  g_assert_cmpstr (path, ==, uri);
  test_folder_assert_pattern (folder, "caf\xe9 1.txt", 10);
}

static void
test_origin (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autofree char *path = NULL;
  char value[100] = "";

  put (destination, 0, 10);
  path = publish (destination, 10);
  if (getxattr (path, "user.xdg.origin.url", value, sizeof value - 1) < 0)
    {
      g_assert_true (errno == EOPNOTSUPP || errno == ENODATA);
      g_test_skip ("no extended attributes here");
      return;
    }
  g_assert_cmpstr (value, ==, "https://example.org/f?q=1");
}

static void
test_checksum (gconstpointer user_data)
{
  g_autoptr (TestFolder) folder = test_folder_new (get_base (user_data));
  g_autoptr (GVariant) request = make_request_in (folder, "file", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autofree guint8 *bytes = g_malloc (2 * MIB);
  g_autofree char *digest = NULL;
  g_autofree char *spec = NULL;
  g_autoptr (BtsChecksum) checksum = NULL;
  g_autoptr (GError) error = NULL;

  for (guint64 i = 0; i < 2 * MIB; i++)
    bytes[i] = test_pattern_get_byte (i);
  digest = g_compute_checksum_for_data (G_CHECKSUM_SHA1, bytes, 2 * MIB);
  spec = g_strconcat ("sha1:", digest, NULL);
  checksum = bts_checksum_new (spec, &error);
  put (destination, 0, 2 * MIB);
  bts_checksum_update (checksum, bytes, 1000);
  g_assert_true (bts_destination_update_checksum (destination, checksum, 2 * MIB, NULL, &error));
  g_assert_true (bts_checksum_matches (checksum));
}

typedef struct
{
  const char *path;
  void (*run) (gconstpointer user_data);
} TestRow;

static const TestRow tests[] = {
  { "whole-file-gets-its-name", test_sizes },
  { "larger-than-expected", test_larger_than_expected },
  { "unfinished-file-is-hidden", test_hidden },
  { "only-what-is-synced-is-held", test_held_after_sync },
  { "goes-on-where-the-checkpoint-ends", test_resume },
  { "any-order-fills-the-file", test_any_order },
  { "restart-forgets-all", test_restart },
  { "overwrite-is-obeyed", test_overwrite },
  { "unique-counts-up", test_unique_counts },
  { "longest-name-fits", test_long_name },
  { "name-need-not-be-utf8", test_not_utf8 },
  { "origin-has-no-credentials", test_origin },
  { "checksum-reads-back", test_checksum },
};

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *disk = g_strdup_printf ("/files/destination/disk/%s", tests[i].path);
      g_autofree char *memory = g_strdup_printf ("/files/destination/memory/%s", tests[i].path);

      g_test_add_data_func (disk, NULL, tests[i].run);
      if (g_access ("/dev/shm", W_OK) == 0)
        g_test_add_data_func (memory, "/dev/shm", tests[i].run);
    }

  return g_test_run ();
}
