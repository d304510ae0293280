/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/destination.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "tests/unit/fakes/destination-fixture.h"

/* What callers ask: checks before a transfer, what has arrived, removal; and the application's own
 * descriptors. */

typedef struct
{
  const char *destination; /* %s: the folder, which has a file `file` */
  BgtError error;
} RefusedRow;

static const RefusedRow refused_rows[] = {
  { "", BGT_ERROR_INVALID_ARGUMENT },
  { "relative", BGT_ERROR_INVALID_ARGUMENT },
  { "./%s/f", BGT_ERROR_INVALID_ARGUMENT },
  { "/", BGT_ERROR_INVALID_ARGUMENT },
  { "%s/", BGT_ERROR_INVALID_ARGUMENT },
  { "%s/.", BGT_ERROR_INVALID_ARGUMENT },
  { "%s/..", BGT_ERROR_INVALID_ARGUMENT },
  { "http://example.org/f", BGT_ERROR_INVALID_ARGUMENT },
  { "file://elsewhere%s/f", BGT_ERROR_INVALID_ARGUMENT },
  { "file:relative", BGT_ERROR_INVALID_ARGUMENT },
  { "file://%s/a%%00b", BGT_ERROR_INVALID_ARGUMENT },
  { "file://%s/a%%2Fb", BGT_ERROR_INVALID_ARGUMENT },
  { "file://%s/a%%zz", BGT_ERROR_INVALID_ARGUMENT },
  { "%s/missing/f", BGT_ERROR_NOT_FOUND },
  { "%s/file/f", BGT_ERROR_NOT_FOUND },
  { "%s/file", BGT_ERROR_ALREADY_EXISTS },
  { "file://%s/fil%%65", BGT_ERROR_ALREADY_EXISTS },
};

static char *
insert_path (const char *pattern, const char *path)
{
  g_auto (GStrv) parts = g_strsplit (pattern, "%s", -1);
  g_autofree char *joined = g_strjoinv (path, parts);
  GString *text = g_string_new (joined);

  g_string_replace (text, "%%", "%", 0);
  return g_string_free (text, FALSE);
}

static void
test_refused (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());

  test_folder_write (folder, "file", "old");
  for (gsize i = 0; i < G_N_ELEMENTS (refused_rows); i++)
    {
      g_autofree char *text = insert_path (refused_rows[i].destination, folder->path);
      g_autoptr (GVariant) request = make_request (text, NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", text);
      g_assert_null (bts_destination_check (request, -1, &error));
      g_assert_error (error, BGT_ERROR, (int) refused_rows[i].error);
      g_clear_error (&error);
      g_assert_null (bts_destination_open (request, TEST_GUID, NULL, -1, &error));
      g_assert_true (error->domain == BGT_WEB_ERROR);
      g_assert_cmpuint (test_folder_count (folder), ==, 1);
    }
}

static void
test_name_too_long (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autofree char *name = g_strnfill (256, 'n');
  g_autoptr (GVariant) request = make_request_in (folder, name, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (bts_destination_check (request, -1, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

static void
test_missing_destination (void)
{
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GVariant) wrong = make_request ("/tmp/f", "sometimes");
  g_autoptr (GError) error = NULL;

  g_assert_null (bts_destination_check (nothing, -1, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_null (bts_destination_check (wrong, -1, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT);
}

/* Root may write everywhere, so a child gives that up first. */
static void
test_folder_not_writable (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f", NULL);
  pid_t pid;
  int status = 0;

  g_assert_cmpint (g_chmod (folder->path, 0555), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autoptr (GError) error = NULL;

      if (geteuid () == 0 && setresuid (65534, 65534, 65534) != 0)
        _exit (1);
      g_assert_null (bts_destination_check (request, -1, &error));
      g_assert_error (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED);
      g_clear_error (&error);
      g_assert_null (bts_destination_open (request, TEST_GUID, NULL, -1, &error));
      g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ACCESS_DENIED);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_chmod (folder->path, 0755);
}

static void
assert_reads (GVariant *request, GVariant *checkpoint, guint64 position)
{
  g_autoptr (GError) error = NULL;
  guint8 byte = 0;
  int fd = bts_destination_open_result (request, TEST_GUID, checkpoint, position, &error);

  g_assert_no_error (error);
  g_assert_cmpint (fcntl (fd, F_GETFL) & O_ACCMODE, ==, O_RDONLY);
  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  g_assert_cmpuint (byte, ==, test_pattern_get_byte (position));
  g_close (fd, NULL);
}

static void
assert_no_result (GVariant *request, GVariant *checkpoint, guint64 position, BgtError code)
{
  g_autoptr (GError) error = NULL;
  int fd = bts_destination_open_result (request, TEST_GUID, checkpoint, position, &error);

  g_assert_cmpint (fd, ==, -1);
  g_assert_error (error, BGT_ERROR, (int) code);
}

static void
test_open_result (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (GVariant) growing = NULL;
  g_autoptr (GVariant) whole = NULL;
  g_autofree char *path = NULL;

  assert_no_result (request, NULL, 0, BGT_ERROR_NOT_YET_AVAILABLE);
  put (destination, 0, 100);
  put (destination, 200, 300);
  sync_now (destination);
  growing = bts_destination_to_checkpoint (destination);
  assert_reads (request, growing, 0);
  assert_reads (request, growing, 299);
  assert_no_result (request, growing, 100, BGT_ERROR_NOT_YET_AVAILABLE);
  assert_no_result (request, growing, 300, BGT_ERROR_NOT_YET_AVAILABLE);
  assert_no_result (request, growing, G_MAXUINT64, BGT_ERROR_NOT_YET_AVAILABLE);

  put (destination, 100, 200);
  path = publish (destination, 300);
  whole = bts_destination_to_checkpoint (destination);
  assert_reads (request, whole, 150);
  assert_no_result (request, whole, 301, BGT_ERROR_NOT_YET_AVAILABLE);
  assert_reads (request, growing, 0);
  g_assert_cmpint (g_unlink (path), ==, 0);
  assert_no_result (request, growing, 0, BGT_ERROR_NOT_FOUND);
  test_folder_write (folder, "f", "of the user");
  assert_no_result (request, whole, 0, BGT_ERROR_NOT_FOUND);
}

static void
test_discard (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f", NULL);
  g_autoptr (GError) error = NULL;

  test_folder_write (folder, "other", "stays");
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (BtsDestination) destination = open_destination (request, NULL);
      g_autoptr (GVariant) checkpoint = bts_destination_to_checkpoint (destination);

      g_assert_cmpuint (test_folder_count (folder), ==, 2);
      g_assert_true (
          bts_destination_discard (request, TEST_GUID, i == 0 ? checkpoint : NULL, &error));
      g_assert_cmpuint (test_folder_count (folder), ==, 1);
      g_assert_true (bts_destination_discard (request, TEST_GUID, checkpoint, &error));
      g_assert_no_error (error);
    }
}

/* ---- descriptors ---- */

typedef struct
{
  int flags;
  int error; /* -1: fine */
} DescriptorRow;

static const DescriptorRow descriptor_rows[] = {
  { O_RDWR, -1 },
  { O_WRONLY, -1 },
  { O_RDONLY, BGT_ERROR_ACCESS_DENIED },
  { O_WRONLY | O_APPEND, BGT_ERROR_INVALID_ARGUMENT },
  { O_PATH, BGT_ERROR_INVALID_ARGUMENT },
};

static void
check_descriptor (int fd, int code)
{
  g_autoptr (GVariant) request = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) found = bts_destination_check (request, fd, &error);
  g_autoptr (BtsDestination) destination =
                 bts_destination_open (request, TEST_GUID, NULL, fd, NULL);

  g_assert_cmpint (found != NULL, ==, code < 0);
  g_assert_cmpint (destination != NULL, ==, code < 0);
  if (code >= 0)
    g_assert_error (error, BGT_ERROR, code);
  g_close (fd, NULL);
}

static void
test_descriptor_check (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autofree char *path = test_folder_get_path (folder, "f");
  int ends[2];

  test_folder_write (folder, "f", "");
  for (gsize i = 0; i < G_N_ELEMENTS (descriptor_rows); i++)
    check_descriptor (g_open (path, descriptor_rows[i].flags), descriptor_rows[i].error);

  g_assert_cmpint (pipe (ends), ==, 0);
  check_descriptor (ends[0], BGT_ERROR_INVALID_ARGUMENT);
  check_descriptor (ends[1], BGT_ERROR_INVALID_ARGUMENT);
  check_descriptor (g_open (folder->path, O_RDONLY | O_DIRECTORY), BGT_ERROR_INVALID_ARGUMENT);
  check_descriptor (g_open ("/dev/null", O_WRONLY), BGT_ERROR_INVALID_ARGUMENT);
  check_descriptor (memfd_create ("memory", MFD_CLOEXEC), -1);
}

static void
test_descriptor_in_place (void)
{
  const guint64 total = 5 * MIB + 9;
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autofree char *path = test_folder_get_path (folder, "f");
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GVariant) found = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) destination = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *published = NULL;
  g_autofree char *old = g_strnfill (6 * MIB, 'o');
  int fd;

  test_folder_write (folder, "f", old);
  fd = g_open (path, O_RDWR | O_CLOEXEC);
  found = bts_destination_check (nothing, fd, &error);
  g_assert_no_error (error);

  destination = bts_destination_open (found, TEST_GUID, NULL, fd, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_cmpuint (get_held_from_start (destination), ==, 0);
  g_assert_true (bts_destination_expect (destination, total, &error));
  put (destination, 0, 4 * MIB + 4);
  sync_now (destination);
  checkpoint = bts_destination_to_checkpoint (destination);
  assert_reads (found, checkpoint, 4 * MIB);
  g_clear_object (&destination);

  destination = open_destination (found, checkpoint);
  g_assert_cmpuint (get_held_from_start (destination), ==, 4 * MIB + 4);
  put (destination, 4 * MIB + 4, total);
  published = publish (destination, total);
  g_assert_cmpstr (published, ==, path);
  test_folder_assert_pattern (folder, "f", total);
  g_assert_cmpuint (test_folder_count (folder), ==, 1);
  g_assert_true (bts_destination_discard (found, TEST_GUID, checkpoint, &error));
  g_assert_cmpuint (test_folder_count (folder), ==, 1);
}

static void
test_descriptor_of_another_file (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autofree char *path = test_folder_get_path (folder, "f");
  g_autofree char *moved = test_folder_get_path (folder, "moved");
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GVariant) found = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  test_folder_write (folder, "f", "ours");
  fd = g_open (path, O_WRONLY | O_CLOEXEC);
  found = bts_destination_check (nothing, fd, &error);
  g_close (fd, NULL);

  g_assert_cmpint (g_rename (path, moved), ==, 0);
  g_assert_null (bts_destination_open (found, TEST_GUID, NULL, -1, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND);
  g_clear_error (&error);

  g_assert_cmpint (symlink ("moved", path), ==, 0);
  g_assert_null (bts_destination_open (found, TEST_GUID, NULL, -1, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED);
  g_clear_error (&error);

  g_assert_cmpint (g_unlink (path), ==, 0);
  test_folder_write (folder, "f", "another");
  g_assert_null (bts_destination_open (found, TEST_GUID, NULL, -1, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED);
  test_folder_assert_text (folder, "f", "another");
}

/* A descriptor for writing only must not become one for reading. */
static void
test_descriptor_for_writing_only (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autofree char *path = test_folder_get_path (folder, "f");
  g_autoptr (GVariant) nothing = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr (GVariant) found = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) destination = NULL;
  int fd;

  test_folder_write (folder, "f", "");
  fd = g_open (path, O_WRONLY | O_CLOEXEC);
  found = bts_destination_check (nothing, fd, NULL);
  destination = bts_destination_open (found, TEST_GUID, NULL, fd, NULL);
  g_close (fd, NULL);
  put (destination, 0, 100);
  sync_now (destination);
  checkpoint = bts_destination_to_checkpoint (destination);
  assert_no_result (found, checkpoint, 0, BGT_ERROR_ACCESS_DENIED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/files/check/wrong-destinations-are-refused", test_refused);
  g_test_add_func ("/files/check/too-long-a-name-is-refused", test_name_too_long);
  g_test_add_func ("/files/check/keys-are-checked", test_missing_destination);
  g_test_add_func ("/files/check/folder-must-be-writable", test_folder_not_writable);
  g_test_add_func ("/files/result/what-has-arrived-can-be-read", test_open_result);
  g_test_add_func ("/files/discard/removes-the-partial-file-only", test_discard);
  g_test_add_func ("/files/descriptor/must-be-a-writable-regular-file", test_descriptor_check);
  g_test_add_func ("/files/descriptor/is-written-in-place", test_descriptor_in_place);
  g_test_add_func ("/files/descriptor/another-file-is-left-alone", test_descriptor_of_another_file);
  g_test_add_func ("/files/descriptor/write-only-stays-so", test_descriptor_for_writing_only);

  return g_test_run ();
}
