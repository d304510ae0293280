/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/destination.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "tests/unit/fakes/destination-fixture.h"
#include "worker/files/file-identity.h"

/* What may go wrong around a file: processes that die, folders that vanish, disks that fill up,
 * checkpoints that lie. */

#define TOTAL (MIB + 7)
#define FIRST_PART (300 * 1024 + 3)

/* Where the process dies. */
typedef enum
{
  STEP_OPEN,
  STEP_WRITE,
  STEP_SYNC,
  STEP_CHECKPOINT,
  STEP_REST,
  STEP_PUBLISH,
  N_STEPS,
} Step;

static void
save (TestFolder *folder, GVariant *checkpoint)
{
  g_autofree char *path = test_folder_get_path (folder, "store");
  g_autoptr (GError) error = NULL;

  g_file_set_contents (path, g_variant_get_data (checkpoint),
                       (gssize) g_variant_get_size (checkpoint), &error);
  g_assert_no_error (error);
}

static GVariant *
load (TestFolder *folder)
{
  g_autofree char *path = test_folder_get_path (folder, "store");
  char *contents = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &contents, &length, NULL))
    return NULL;

  return g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE_VARDICT, contents, length, FALSE, g_free, contents));
}

/* A download as the job does it, from what has been saved, to its end or to @last. */
static char *
run_until (TestFolder *folder, GVariant *request, Step last)
{
  g_autoptr (GVariant) old = load (folder);
  g_autoptr (BtsDestination) destination = open_destination (request, old);
  g_autoptr (GVariant) checkpoint = NULL;
  guint64 held = get_held_from_start (destination);

  if (bts_destination_is_published (destination))
    return publish (destination, TOTAL);
  if (last == STEP_OPEN)
    return NULL;
  put (destination, held, MAX (held, FIRST_PART));
  if (last == STEP_WRITE)
    return NULL;
  sync_now (destination);
  if (last == STEP_SYNC)
    return NULL;
  checkpoint = bts_destination_to_checkpoint (destination);
  save (folder, checkpoint);
  if (last == STEP_CHECKPOINT)
    return NULL;
  put (destination, MAX (held, FIRST_PART), TOTAL);
  if (last == STEP_REST)
    return NULL;

  return publish (destination, TOTAL);
}

static void
die_after (TestFolder *folder, GVariant *request, Step last)
{
  pid_t pid = fork ();
  int status = 0;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      g_autofree char *path = run_until (folder, request, last);

      _exit (path != NULL || last != STEP_PUBLISH ? 0 : 1);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

static void
test_death (gconstpointer user_data)
{
  static const char *const modes[] = { "fail", "replace", "unique" };

  for (int i = 0; i < N_STEPS * N_STEPS * (int) G_N_ELEMENTS (modes); i++)
    {
      const char *mode = modes[i / (N_STEPS * N_STEPS)];
      g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
      g_autoptr (GVariant) request = make_request_in (folder, "f.bin", mode);
      g_autofree char *path = NULL;
      g_autofree char *name = NULL;

      if (strcmp (mode, "unique") == 0)
        test_folder_write (folder, "f.bin", "old");
      die_after (folder, request, (Step) (i / N_STEPS % N_STEPS));
      die_after (folder, request, (Step) (i % N_STEPS));
      path = run_until (folder, request, N_STEPS);
      name = g_path_get_basename (path);
      test_folder_assert_pattern (folder, name, TOTAL);
      g_assert_cmpstr (name, ==, strcmp (mode, "unique") == 0 ? "f (1).bin" : "f.bin");
      g_assert_cmpuint (test_folder_count (folder), ==, strcmp (mode, "unique") == 0 ? 3 : 2);
    }
}

/* The name may have been given by a link where a file system cannot rename without replacing. */
static void
test_death_between_link_and_unlink (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", "fail");
  g_autofree char *partial = test_folder_get_path (folder, ".f.bin.0f1e2d3c4b5a6978.part");
  g_autofree char *whole = test_folder_get_path (folder, "f.bin");
  g_autofree char *path = NULL;

  die_after (folder, request, STEP_REST);
  g_assert_cmpint (truncate (partial, TOTAL), ==, 0);
  g_assert_cmpint (link (partial, whole), ==, 0);
  path = run_until (folder, request, N_STEPS);
  g_assert_cmpstr (path, ==, whole);
  g_assert_false (g_file_test (partial, G_FILE_TEST_EXISTS));
}

/* The partial file has gone and the destination has a file, but not ours. */
static void
test_foreign_file_is_not_ours (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", "replace");
  g_autofree char *partial = test_folder_get_path (folder, ".f.bin.0f1e2d3c4b5a6978.part");
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) destination = NULL;

  die_after (folder, request, STEP_CHECKPOINT);
  g_assert_cmpint (g_unlink (partial), ==, 0);
  test_folder_write (folder, "f.bin", "another file, maybe of the same inode number");
  checkpoint = load (folder);
  destination = open_destination (request, checkpoint);
  g_assert_false (bts_destination_is_published (destination));
  g_assert_cmpuint (get_held_from_start (destination), ==, 0);
}

static void
test_replaced_partial_is_not_published (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *partial = test_folder_get_path (folder, ".f.bin.0f1e2d3c4b5a6978.part");
  g_autofree char *moved = test_folder_get_path (folder, "moved");

  put (destination, 0, 100);
  g_assert_cmpint (g_rename (partial, moved), ==, 0);
  test_folder_write (folder, ".f.bin.0f1e2d3c4b5a6978.part", "not what was downloaded");
  g_assert_null (bts_destination_publish (destination, 100, NULL, NULL, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED);
}

static void
test_folder_is_followed (void)
{
  g_autoptr (TestFolder) outer = test_folder_new (g_get_tmp_dir ());
  g_autofree char *before = test_folder_get_path (outer, "before");
  g_autofree char *after = test_folder_get_path (outer, "after");
  g_autofree char *asked = g_build_filename (before, "f.bin", NULL);
  g_autofree char *expected = g_build_filename (after, "f.bin", NULL);
  g_autoptr (GVariant) request = make_request (asked, NULL);
  g_autoptr (BtsDestination) destination = NULL;
  g_autofree char *path = NULL;

  g_assert_cmpint (g_mkdir (before, 0700), ==, 0);
  destination = open_destination (request, NULL);
  put (destination, 0, 100);
  g_assert_cmpint (g_rename (before, after), ==, 0);
  path = publish (destination, 100);
  g_assert_cmpstr (path, ==, expected);
  g_assert_true (g_file_test (expected, G_FILE_TEST_IS_REGULAR));
}

typedef struct
{
  TestFolder *outer; /* (owned) */
  char *before;      /* (owned) */
  char *after;       /* (owned) */
  GVariant *request; /* (owned) */
} Renaming;

static void
renaming_init (Renaming *self)
{
  g_autofree char *asked = NULL;

  self->outer = test_folder_new (g_get_tmp_dir ());
  self->before = test_folder_get_path (self->outer, "before");
  self->after = test_folder_get_path (self->outer, "after");
  asked = g_build_filename (self->before, "f.bin", NULL);
  self->request = make_request (asked, NULL);
}

static void
renaming_clear (Renaming *self)
{
  test_folder_free (self->outer);
  g_free (self->before);
  g_free (self->after);
  g_variant_unref (self->request);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Renaming, renaming_clear)

/* The checkpoint of a job that has written 100 bytes, with the folder renamed while it ran, and
 * another one in its place. */
static GVariant *
write_and_rename (Renaming *self)
{
  g_autoptr (BtsDestination) destination = NULL;

  g_assert_cmpint (g_mkdir (self->before, 0700), ==, 0);
  destination = open_destination (self->request, NULL);
  put (destination, 0, 100);
  g_assert_cmpint (g_rename (self->before, self->after), ==, 0);
  g_assert_cmpint (g_mkdir (self->before, 0700), ==, 0);
  sync_now (destination);
  return bts_destination_to_checkpoint (destination);
}

static void
test_folder_is_followed_by_the_next (void)
{
  g_auto (Renaming) renaming = { NULL };
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) destination = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *path = NULL;

  renaming_init (&renaming);
  checkpoint = write_and_rename (&renaming);
  /* The second one knows only what the first one has found. */
  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&destination);
      destination = open_destination (renaming.request, checkpoint);
      g_assert_cmpuint (get_held_from_start (destination), ==, 100);
      g_clear_pointer (&checkpoint, g_variant_unref);
      checkpoint = bts_destination_to_checkpoint (destination);
    }
  path = publish (destination, 100);
  expected = g_build_filename (renaming.after, "f.bin", NULL);
  g_assert_cmpstr (path, ==, expected);
}

static void
test_folder_is_followed_to_be_removed (void)
{
  g_auto (Renaming) renaming = { NULL };
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  renaming_init (&renaming);
  checkpoint = write_and_rename (&renaming);
  fd = bts_destination_open_result (renaming.request, TEST_GUID, checkpoint, 50, &error);
  g_assert_no_error (error);
  g_close (fd, NULL);
  g_assert_true (bts_destination_discard (renaming.request, TEST_GUID, checkpoint, &error));
  g_assert_no_error (error);
  g_assert_cmpint (g_rmdir (renaming.after), ==, 0);
}

/* What is not the file of the checkpoint stays. */
static void
test_folder_of_others_is_not_followed (void)
{
  g_auto (Renaming) renaming = { NULL };
  g_autofree char *partial = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (GError) error = NULL;

  renaming_init (&renaming);
  checkpoint = write_and_rename (&renaming);
  partial = g_build_filename (renaming.after, ".f.bin.0f1e2d3c4b5a6978.part", NULL);
  g_assert_true (g_file_test (partial, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_set_contents (partial, "another", -1, NULL));
  g_assert_true (bts_destination_discard (renaming.request, TEST_GUID, checkpoint, &error));
  g_assert_no_error (error);
  g_assert_true (g_file_test (partial, G_FILE_TEST_EXISTS));
}

static void
test_folder_vanishes (void)
{
  g_autoptr (TestFolder) outer = test_folder_new (g_get_tmp_dir ());
  g_autofree char *inner = test_folder_get_path (outer, "inner");
  g_autofree char *asked = g_build_filename (inner, "f.bin", NULL);
  g_autoptr (GVariant) request = make_request (asked, NULL);
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) destination = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir (inner, 0700), ==, 0);
  destination = open_destination (request, NULL);
  put (destination, 0, 100);
  test_folder_remove_all (inner);
  g_assert_false (bts_destination_sync (destination, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (bts_destination_publish (destination, 100, NULL, NULL, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND);
  g_clear_error (&error);

  checkpoint = bts_destination_to_checkpoint (destination);
  g_assert_null (bts_destination_open (request, TEST_GUID, checkpoint, -1, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_NOT_FOUND);
  g_clear_error (&error);
  g_assert_true (bts_destination_discard (request, TEST_GUID, checkpoint, &error));
  g_assert_no_error (error);
}

static void
test_short_file_holds_less (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autofree char *partial = test_folder_get_path (folder, ".f.bin.0f1e2d3c4b5a6978.part");
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (BtsDestination) destination = NULL;

  die_after (folder, request, STEP_CHECKPOINT);
  g_assert_cmpint (truncate (partial, 4000), ==, 0);
  checkpoint = load (folder);
  destination = open_destination (request, checkpoint);
  g_assert_cmpuint (get_held_from_start (destination), ==, 4000);
}

static void
test_cut_file_is_not_published (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autofree char *partial = test_folder_get_path (folder, ".f.bin.0f1e2d3c4b5a6978.part");
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (GError) error = NULL;

  put (destination, 0, 3 * MIB);
  g_assert_cmpint (truncate (partial, 2 * MIB), ==, 0);
  g_assert_null (bts_destination_publish (destination, 3 * MIB, NULL, NULL, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED);
}

/* Whoever has given it up while the disk took its time sees no file come. */
static void
test_stopped_one_gets_no_name (void)
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autofree char *path = test_folder_get_path (folder, "f.bin");
  g_autofree char *published = NULL;
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (GCancellable) stopped = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  put (destination, 0, 100);
  g_cancellable_cancel (stopped);
  g_assert_null (bts_destination_publish (destination, 100, NULL, stopped, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));

  published = publish (destination, 100);
  g_assert_cmpstr (published, ==, path);
}

typedef struct
{
  BtsFileIdentity a;
  BtsFileIdentity b;
  gboolean is_equal;
} IdentityRow;

static const IdentityRow identity_rows[] = {
  { { 1, 2, 3 }, { 1, 2, 3 }, TRUE },  { { 1, 2, 3 }, { 9, 2, 3 }, TRUE },
  { { 1, 2, 3 }, { 1, 2, 4 }, FALSE }, { { 1, 2, 3 }, { 1, 3, 3 }, FALSE },
  { { 1, 2, 0 }, { 1, 2, 0 }, TRUE },  { { 1, 2, 0 }, { 9, 2, 0 }, FALSE },
  { { 1, 2, 3 }, { 1, 2, 0 }, TRUE },  { { 1, 0, 3 }, { 1, 0, 3 }, TRUE },
  { { 1, 0, 3 }, { 1, 0, 4 }, FALSE }, { { 0, 0, 0 }, { 0, 0, 0 }, FALSE },
  { { 1, 0, 3 }, { 1, 0, 0 }, FALSE },
};

static void
test_identities (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (identity_rows); i++)
    {
      const IdentityRow *row = &identity_rows[i];

      g_assert_cmpint (bts_file_identity_equal (&row->a, &row->b), ==, row->is_equal);
      g_assert_cmpint (bts_file_identity_equal (&row->b, &row->a), ==, row->is_equal);
    }
}

/* Whatever stands in a checkpoint: at worst everything comes again. */
static void
test_garbage_checkpoints (void)
{
  static const char *const texts[] = {
    "@a{sv} {}",
    "{'partial-name': <'text'>, 'inode': <'x'>, 'file-ranges': <1>, 'file-total': <-1>}",
    "{'partial-name': <b'../../etc/passwd'>, 'inode': <uint64 1>}",
    "{'partial-name': <b''>, 'published-name': <b'..'>, 'inode': <uint64 2>}",
    "{'published-name': <b'/etc/passwd'>, 'inode': <uint64 2>}",
    "{'file-ranges': <[(uint64 0, uint64 18446744073709551615), (5, 5)]>}",
  };
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GVariant) checkpoint = g_variant_ref_sink (g_variant_new_parsed (texts[i], NULL));
      g_autoptr (BtsDestination) destination = open_destination (request, checkpoint);

      g_assert_cmpuint (get_held_from_start (destination), ==, 0);
      g_assert_false (bts_destination_is_published (destination));
      g_assert_cmpuint (test_folder_count (folder), ==, 1);
    }
}

/* Runs @body with a small file system of its own at the folder. */
static void
run_on_small_disk (void (*body) (TestFolder *folder))
{
  g_autoptr (TestFolder) folder = test_folder_new (g_get_tmp_dir ());
  pid_t pid;
  int status = 0;

  if (geteuid () != 0)
    {
      g_test_skip ("mounting needs root");
      return;
    }

  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      if (unshare (CLONE_NEWNS) != 0 || mount ("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
          mount ("tmpfs", folder->path, "tmpfs", 0, "size=8m") != 0)
        _exit (77);
      body (folder);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  if (WIFEXITED (status) && WEXITSTATUS (status) == 77)
    g_test_skip ("nothing may be mounted here");
  else
    g_assert_cmpint (status, ==, 0);
}

static void
fill_disk (TestFolder *folder)
{
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autoptr (BtsDestination) destination = open_destination (request, NULL);
  g_autoptr (BtsDestination) again = NULL;
  g_autoptr (GVariant) checkpoint = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  g_assert_false (bts_destination_expect (destination, 9 * MIB, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_false (bts_destination_expect (destination, G_MAXUINT64, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR);
  g_clear_error (&error);

  g_assert_false (try_put (destination, 0, 9 * MIB, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE);
  g_clear_error (&error);
  g_assert_cmpuint (get_held_from_start (destination), ==, 0);
  sync_now (destination);
  g_assert_cmpuint (get_held_from_start (destination), >=, 7 * MIB);
  checkpoint = bts_destination_to_checkpoint (destination);

  again = open_destination (request, checkpoint);
  g_assert_cmpuint (get_held_from_start (again), ==, get_held_from_start (destination));
  path = publish (again, 7 * MIB);
  test_folder_assert_pattern (folder, "f.bin", 7 * MIB);
}

static void
use_read_only_disk (TestFolder *folder)
{
  g_autoptr (GVariant) request = make_request_in (folder, "f.bin", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (mount (NULL, folder->path, NULL, MS_REMOUNT | MS_RDONLY, NULL), ==, 0);
  g_assert_null (bts_destination_check (request, -1, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED);
  g_clear_error (&error);
  g_assert_null (bts_destination_open (request, TEST_GUID, NULL, -1, &error));
  g_assert_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ACCESS_DENIED);
}

static void
test_full_disk (void)
{
  run_on_small_disk (fill_disk);
}

static void
test_read_only_disk (void)
{
  run_on_small_disk (use_read_only_disk);
}

static void
test_nothing_is_left_open (void)
{
  g_autoptr (GDir) before = g_dir_open ("/proc/self/fd", 0, NULL);
  g_autoptr (GDir) after = NULL;
  int n_open = 0;

  while (g_dir_read_name (before) != NULL)
    n_open++;
  test_folder_is_followed ();
  test_folder_vanishes ();
  test_garbage_checkpoints ();
  test_replaced_partial_is_not_published ();

  /* One more than before: the folder that is being read first. */
  after = g_dir_open ("/proc/self/fd", 0, NULL);
  while (g_dir_read_name (after) != NULL)
    n_open--;
  g_assert_cmpint (n_open, ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_data_func ("/files/faults/death-at-any-step-leaves-a-transfer-that-goes-on", NULL,
                        test_death);
  g_test_add_func ("/files/faults/death-between-link-and-unlink",
                   test_death_between_link_and_unlink);
  g_test_add_func ("/files/faults/foreign-file-is-not-ours", test_foreign_file_is_not_ours);
  g_test_add_func ("/files/faults/replaced-partial-is-not-published",
                   test_replaced_partial_is_not_published);
  g_test_add_func ("/files/faults/renamed-folder-is-followed", test_folder_is_followed);
  g_test_add_func ("/files/faults/renamed-folder-is-followed-by-the-next",
                   test_folder_is_followed_by_the_next);
  g_test_add_func ("/files/faults/renamed-folder-is-followed-to-be-removed",
                   test_folder_is_followed_to_be_removed);
  g_test_add_func ("/files/faults/folder-of-others-is-not-followed",
                   test_folder_of_others_is_not_followed);
  g_test_add_func ("/files/faults/folder-that-vanishes-is-not-found", test_folder_vanishes);
  g_test_add_func ("/files/faults/short-file-holds-less", test_short_file_holds_less);
  g_test_add_func ("/files/faults/cut-file-is-not-published", test_cut_file_is_not_published);
  g_test_add_func ("/files/faults/stopped-one-gets-no-name", test_stopped_one_gets_no_name);
  g_test_add_func ("/files/faults/identity-is-more-than-a-number", test_identities);
  g_test_add_func ("/files/faults/garbage-checkpoints-claim-nothing", test_garbage_checkpoints);
  g_test_add_func ("/files/faults/full-disk-keeps-what-was-written", test_full_disk);
  g_test_add_func ("/files/faults/read-only-disk-is-refused", test_read_only_disk);
  g_test_add_func ("/files/faults/nothing-is-left-open", test_nothing_is_left_open);

  return g_test_run ();
}
