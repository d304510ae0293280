/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "store/journal.h"
#include "store/store.h"

typedef struct
{
  char *folder;    /* (owned) */
  BtsStore *store; /* (owned) (nullable) */
  guint n_pending;
  guint n_failed;
} Fixture;

static void
open_store (Fixture *fixture)
{
  g_autoptr (GError) error = NULL;

  fixture->store = bts_store_open (fixture->folder, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *parent = g_dir_make_tmp ("test-store-XXXXXX", &error);

  g_assert_no_error (error);
  fixture->folder = g_build_filename (parent, "state", "operations", NULL);
  open_store (fixture);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_no_errno (g_remove (path));
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autofree char *state = g_path_get_dirname (fixture->folder);
  g_autofree char *parent = g_path_get_dirname (state);

  if (fixture->store != NULL)
    g_assert_finalize_object (fixture->store);
  remove_tree (parent);
  g_free (fixture->folder);
}

static BtsOperation *
operation_new (gint64 created)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *guid = bts_guid_new ();
  g_autoptr (BtsOwner) owner = bts_owner_new (1000, "org.example.App", FALSE);
  g_autoptr (BtsRequest) request = NULL;

  g_variant_dict_insert (&dict, "uri", "s", "https://example.org/some/path/file.iso");
  g_variant_dict_insert (&dict, "destination", "s", "/home/user/Downloads/file.iso");
  request = bts_request_new (BGT_OPERATION_KIND_DOWNLOAD, g_variant_dict_end (&dict), NULL);

  return bts_operation_new (guid, owner, request, created);
}

static void
on_saved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GError) error = NULL;

  if (!bts_store_save_finish (BTS_STORE (source), result, &error))
    {
      g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
      fixture->n_failed++;
    }
  fixture->n_pending--;
}

static void
save (Fixture *fixture, BtsOperation *operation)
{
  fixture->n_pending++;
  bts_store_save_async (fixture->store, operation, NULL, on_saved, fixture);
}

static void delete (Fixture *fixture, BtsOperation *operation)
{
  fixture->n_pending++;
  bts_store_delete_async (fixture->store, operation, NULL, on_saved, fixture);
}

static void
wait_for_all (Fixture *fixture)
{
  while (fixture->n_pending > 0)
    g_main_context_iteration (NULL, TRUE);
}

static GPtrArray *
reload (Fixture *fixture)
{
  g_assert_finalize_object (fixture->store);
  open_store (fixture);

  return bts_store_load (fixture->store);
}

static gboolean
file_exists (Fixture *fixture, const char *name, const char *suffix)
{
  g_autofree char *file_name = g_strconcat (name, suffix, NULL);
  g_autofree char *path = g_build_filename (fixture->folder, file_name, NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static void
write_file (Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
unref_text (gpointer text)
{
  g_clear_pointer ((GBytes **) &text, g_bytes_unref);
}

/* What the journal says now, as a service that starts would read it. */
static GHashTable *
read_journal (Fixture *fixture)
{
  g_autofree char *path = g_build_filename (fixture->folder, BTS_JOURNAL_NAME, NULL);
  g_autofree char *text = NULL;
  GHashTable *changes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, unref_text);
  gsize length = 0;

  g_file_get_contents (path, &text, &length, NULL);
  bts_journal_parse ((const guint8 *) text, length, changes);
  return changes;
}

/* How many files there are, and what is only in the journal, without what that says is removed. */
static guint
count_files (Fixture *fixture)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  g_autoptr (GHashTable) changes = read_journal (fixture);
  guint n_files = 0;
  const char *name;
  GHashTableIter iter;
  gpointer text;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (!g_str_equal (name, BTS_JOURNAL_NAME) && !g_hash_table_contains (changes, name))
      n_files++;
  g_hash_table_iter_init (&iter, changes);
  while (g_hash_table_iter_next (&iter, NULL, &text))
    if (text != NULL)
      n_files++;

  return n_files;
}

static void
test_saved_operations_come_back (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (GPtrArray) loaded = NULL;

  save (fixture, operation);
  wait_for_all (fixture);
  g_assert_true (bts_operation_start (operation, 6, NULL));
  save (fixture, operation);
  wait_for_all (fixture);
  /* Its file, and where the file system can exchange them the one of its next save. */
  g_assert_cmpuint (count_files (fixture), <=, 2);

  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, 1);
  g_assert_cmpstr (bts_operation_get_guid (loaded->pdata[0]), ==,
                   bts_operation_get_guid (operation));
  g_assert_cmpint (bts_operation_get_started (loaded->pdata[0]), ==, 6);
}

static void
test_only_the_owner_reads (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autofree char *path =
      g_build_filename (fixture->folder, bts_operation_get_guid (operation), NULL);
  g_autofree char *journal = g_build_filename (fixture->folder, BTS_JOURNAL_NAME, NULL);
  struct stat status;

  save (fixture, operation);
  wait_for_all (fixture);
  g_assert_no_errno (stat (journal, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0600);
  g_assert_finalize_object (fixture->store);
  open_store (fixture);
  g_assert_no_errno (stat (path, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0600);
  g_assert_no_errno (stat (fixture->folder, &status));
  g_assert_cmphex (status.st_mode & 07777, ==, 0700);
}

static void
test_what_is_durable_is_not_written_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (GPtrArray) loaded = NULL;
  g_autofree char *path = NULL;

  save (fixture, operation);
  wait_for_all (fixture);
  loaded = reload (fixture);
  path = g_build_filename (fixture->folder, bts_operation_get_guid (operation), NULL);
  g_assert_no_errno (g_unlink (path));

  save (fixture, loaded->pdata[0]);
  g_assert_cmpuint (fixture->n_pending, ==, 1);
  wait_for_all (fixture);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

static void
test_many_saves_are_one_file (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (GPtrArray) loaded = NULL;

  for (guint64 i = 1; i <= 500; i++)
    {
      bts_operation_take_progress (operation, i, i, 0, 0);
      save (fixture, operation);
      if (i % 7 == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  wait_for_all (fixture);
  g_assert_cmpuint (fixture->n_failed, ==, 0);

  loaded = reload (fixture);
  g_assert_cmpuint (bts_operation_get_total_to_receive (loaded->pdata[0]), ==, 500);
}

static void
test_deleted_operations_stay_away (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (BtsOperation) never_saved = operation_new (5);

  save (fixture, operation);
  delete (fixture, operation);
  save (fixture, operation);
  delete (fixture, never_saved);
  wait_for_all (fixture);
  g_assert_cmpuint (count_files (fixture), ==, 0);

  g_assert_true (bts_operation_start (operation, 6, NULL));
  save (fixture, operation);
  delete (fixture, operation);
  wait_for_all (fixture);
  g_assert_cmpuint (count_files (fixture), ==, 0);
  g_assert_cmpuint (fixture->n_failed, ==, 0);
}

static void
test_unreadable_files_are_set_aside (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = { "", "nonsense", "[Operation]\nVersion=99\n", "\377\376" };
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (GPtrArray) loaded = NULL;
  g_autofree char *link =
      g_build_filename (fixture->folder, "00000000_0000_4000_8000_00000000000f", NULL);

  save (fixture, operation);
  wait_for_all (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *name = g_strdup_printf ("00000000_0000_4000_8000_00000000000%u", i);

      write_file (fixture, name, texts[i]);
    }
  g_assert_no_errno (symlink (bts_operation_get_guid (operation), link));
  write_file (fixture, ".tmp-00000000_0000_4000_8000_000000000005", "half");
  write_file (fixture, "README", "not ours");

  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *name = g_strdup_printf ("00000000_0000_4000_8000_00000000000%u", i);

      g_assert_false (file_exists (fixture, name, ""));
      g_assert_true (file_exists (fixture, name, ".unreadable"));
    }
  g_assert_false (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  g_assert_false (file_exists (fixture, ".tmp-00000000_0000_4000_8000_000000000005", ""));
  g_assert_true (file_exists (fixture, "README", ""));
}

static void
test_one_folder_has_one_store (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (bts_store_open (fixture->folder, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
}

static void
test_a_folder_is_needed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (bts_store_open ("/dev/null/folder", &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
}

static void
test_flush_waits_for_the_disk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) loaded = NULL;

  for (guint i = 0; i < 50; i++)
    {
      g_autoptr (BtsOperation) operation = operation_new (i);

      save (fixture, operation);
    }
  bts_store_flush (fixture->store, 60 * 1000);
  g_assert_cmpuint (count_files (fixture), ==, 50);
  wait_for_all (fixture);
  g_assert_cmpuint (fixture->n_failed, ==, 0);
}

/* A limit on the size of files stands for a full disk: every write fails with EFBIG. */
static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_FSIZE, &limit));
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_no_errno (setrlimit (RLIMIT_FSIZE, &limit));
}

static void
test_a_full_disk_is_reported_and_tried_again (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (BtsOperation) other = operation_new (6);
  g_autoptr (GPtrArray) loaded = NULL;

  save (fixture, operation);
  wait_for_all (fixture);

  limit_files (10);
  g_assert_true (bts_operation_start (operation, 6, NULL));
  save (fixture, operation);
  save (fixture, other);
  wait_for_all (fixture);
  limit_files (RLIM_INFINITY);
  g_assert_cmpuint (fixture->n_failed, ==, 2);

  /* The old state is whole, nothing half is left. */
  g_assert_cmpuint (count_files (fixture), ==, 1);

  /* Nobody asks again, it is saved all the same. */
  while (count_files (fixture) < 2)
    g_main_context_iteration (NULL, TRUE);
  save (fixture, operation);
  save (fixture, other);
  wait_for_all (fixture);
  g_assert_cmpuint (fixture->n_failed, ==, 2);

  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, 2);
}

static void
test_a_failed_delete_is_reported (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);

  save (fixture, operation);
  wait_for_all (fixture);

  limit_files (10);
  delete (fixture, operation);
  wait_for_all (fixture);
  g_assert_cmpuint (fixture->n_failed, ==, 1);
  g_assert_cmpuint (count_files (fixture), ==, 1);

  limit_files (RLIM_INFINITY);
  delete (fixture, operation);
  wait_for_all (fixture);
  g_assert_cmpuint (fixture->n_failed, ==, 1);
  g_assert_cmpuint (count_files (fixture), ==, 0);
}

static void
test_what_cannot_be_deleted_is_saved (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (GPtrArray) loaded = NULL;

  save (fixture, operation);
  wait_for_all (fixture);
  limit_files (10);
  delete (fixture, operation);
  wait_for_all (fixture);
  limit_files (RLIM_INFINITY);
  g_assert_cmpuint (fixture->n_failed, ==, 1);

  g_assert_true (bts_operation_start (operation, 6, NULL));
  save (fixture, operation);
  wait_for_all (fixture);
  bts_store_flush (fixture->store, 60 * 1000);
  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, 1);
  g_assert_cmpint (bts_operation_get_started (loaded->pdata[0]), ==, 6);
}

static void
test_what_was_never_created_goes_in_the_end (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsOperation) operation = operation_new (5);
  g_autoptr (BtsOperation) other = operation_new (5);

  save (fixture, operation);
  wait_for_all (fixture);
  limit_files (10);
  bts_store_drop (fixture->store, operation);
  save (fixture, other);
  wait_for_all (fixture);
  limit_files (RLIM_INFINITY);
  g_assert_cmpuint (fixture->n_failed, ==, 1);
  while (file_exists (fixture, bts_operation_get_guid (operation), "") ||
         count_files (fixture) != 1)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_what_cannot_be_brought_into_its_file_stays_in_the_journal (Fixture *fixture,
                                                                gconstpointer data)
{
  g_autoptr (BtsOperation) removed = operation_new (5);
  g_autoptr (BtsOperation) kept = operation_new (6);
  g_autoptr (GPtrArray) loaded = NULL;
  g_autoptr (GHashTable) changes = NULL;
  g_autofree char *path =
      g_build_filename (fixture->folder, bts_operation_get_guid (removed), NULL);

  /* A folder in its place cannot be unlinked, not even by root. */
  g_assert_no_errno (g_mkdir (path, 0700));
  delete (fixture, removed);
  save (fixture, kept);
  wait_for_all (fixture);
  g_assert_cmpuint (fixture->n_failed, ==, 0);

  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, 1);
  g_assert_cmpstr (bts_operation_get_guid (loaded->pdata[0]), ==, bts_operation_get_guid (kept));

  g_assert_no_errno (g_rmdir (path));
  g_clear_pointer (&loaded, g_ptr_array_unref);
  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, 1);
  g_assert_true (file_exists (fixture, bts_operation_get_guid (kept), ""));
  changes = read_journal (fixture);
  g_assert_cmpuint (g_hash_table_size (changes), ==, 0);
}

static void
save_all (Fixture *fixture, GPtrArray *operations)
{
  fixture->n_pending++;
  bts_store_save_all_async (fixture->store, operations, NULL, on_saved, fixture);
}

static void
test_all_or_none (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) loaded = NULL;
  g_autoptr (BtsOperation) other = operation_new (1);
  guint n_before;

  for (guint i = 0; i < 300; i++)
    g_ptr_array_add (operations, operation_new (i));
  save (fixture, other);
  wait_for_all (fixture);
  n_before = count_files (fixture);

  /* Whenever one looks, which is when a crash could come. */
  save_all (fixture, operations);
  save (fixture, other);
  while (fixture->n_pending > 0)
    {
      guint n_files = count_files (fixture);

      g_assert_true (n_files == n_before || n_files == n_before + operations->len);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpuint (fixture->n_failed, ==, 0);
  g_assert_cmpuint (count_files (fixture), ==, n_before + operations->len);

  loaded = reload (fixture);
  g_assert_cmpuint (loaded->len, ==, n_before + operations->len);
}

static void
test_none_where_all_cannot_be_saved (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < 40; i++)
    g_ptr_array_add (operations, operation_new (i));
  limit_files (2 * 1024);
  save_all (fixture, operations);
  wait_for_all (fixture);
  limit_files (RLIM_INFINITY);

  g_assert_cmpuint (fixture->n_failed, ==, 1);
  g_assert_cmpuint (count_files (fixture), ==, 0);
}

/* Saves and deletes without end, until it is killed. */
static void
run_victim (const char *folder, int pipe)
{
  Fixture fixture = { NULL };
  GPtrArray *operations = g_ptr_array_new ();

  fixture.folder = g_strdup (folder);
  open_store (&fixture);
  for (guint i = 0; i < 20; i++)
    g_ptr_array_add (operations, operation_new (i));

  for (guint64 round = 1;; round++)
    {
      for (guint i = 0; i < operations->len; i++)
        {
          bts_operation_take_progress (operations->pdata[i], round, round, 0, 0);
          save (&fixture, operations->pdata[i]);
        }
      wait_for_all (&fixture);
      if (write (pipe, &round, sizeof round) != sizeof round)
        _exit (1);
    }
}

static guint64
kill_victim (Fixture *fixture, const char *program)
{
  const char *argv[] = { program, "--victim", fixture->folder, NULL };
  g_autoptr (GError) error = NULL;
  guint64 saved = 0;
  guint64 round;
  GPid pid;
  int out;

  g_assert_true (g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD,
                                           NULL, NULL, &pid, NULL, &out, NULL, &error));
  g_assert_no_error (error);

  g_assert_cmpint (read (out, &saved, sizeof saved), ==, sizeof saved);
  g_usleep ((gulong) g_test_rand_int_range (0, 20000));
  g_assert_no_errno (kill (pid, SIGKILL));
  while (read (out, &round, sizeof round) == sizeof round)
    saved = round;
  close (out);
  waitpid (pid, NULL, 0);
  g_spawn_close_pid (pid);

  return saved;
}

static void
test_a_kill_loses_nothing_that_was_saved (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (GPtrArray) loaded = NULL;
      guint64 saved;

      g_assert_finalize_object (fixture->store);
      saved = kill_victim (fixture, data);
      open_store (fixture);
      loaded = bts_store_load (fixture->store);

      g_assert_cmpuint (loaded->len, ==, 20);
      g_assert_cmpuint (count_files (fixture), ==, 20);
      for (guint j = 0; j < loaded->len; j++)
        {
          BtsOperation *operation = loaded->pdata[j];

          g_assert_cmpuint (bts_operation_get_total_to_receive (operation), >=, saved);
          delete (fixture, operation);
        }
      wait_for_all (fixture);
    }
}

/* Prints how long things take; a bound that only a broken algorithm exceeds. */
static void
test_a_thousand_saves_are_a_few_batches (Fixture *fixture, gconstpointer data)
{
  gint64 begin = g_get_monotonic_time ();
  gint64 queued;
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) loaded = NULL;

  for (guint i = 0; i < 1000; i++)
    {
      BtsOperation *operation = operation_new (i);

      g_ptr_array_add (operations, operation);
      save (fixture, operation);
    }
  queued = g_get_monotonic_time ();
  wait_for_all (fixture);
  g_test_message ("made and queued in %" G_GINT64_FORMAT " µs, durable after %" G_GINT64_FORMAT
                  " µs",
                  queued - begin, g_get_monotonic_time () - begin);

  begin = g_get_monotonic_time ();
  loaded = reload (fixture);
  g_test_message ("loaded in %" G_GINT64_FORMAT " µs", g_get_monotonic_time () - begin);
  g_assert_cmpuint (loaded->len, ==, 1000);
  g_assert_cmpuint (fixture->n_failed, ==, 0);
}

int
main (int argc, char *argv[])
{
  if (argc == 3 && g_str_equal (argv[1], "--victim"))
    run_victim (argv[2], STDOUT_FILENO);

  g_test_init (&argc, &argv, NULL);
  signal (SIGXFSZ, SIG_IGN);

#define ADD(name, function)                                                                        \
  g_test_add ("/store/store/" name, Fixture, argv[0], set_up, function, tear_down)

  ADD ("saved-operations-come-back", test_saved_operations_come_back);
  ADD ("only-the-owner-reads", test_only_the_owner_reads);
  ADD ("what-is-durable-is-not-written-again", test_what_is_durable_is_not_written_again);
  ADD ("many-saves-are-one-file", test_many_saves_are_one_file);
  ADD ("deleted-operations-stay-away", test_deleted_operations_stay_away);
  ADD ("unreadable-files-are-set-aside", test_unreadable_files_are_set_aside);
  ADD ("one-folder-has-one-store", test_one_folder_has_one_store);
  ADD ("a-folder-is-needed", test_a_folder_is_needed);
  ADD ("flush-waits-for-the-disk", test_flush_waits_for_the_disk);
  ADD ("a-full-disk-is-reported-and-tried-again", test_a_full_disk_is_reported_and_tried_again);
  ADD ("a-failed-delete-is-reported", test_a_failed_delete_is_reported);
  ADD ("what-cannot-be-deleted-is-saved", test_what_cannot_be_deleted_is_saved);
  ADD ("what-was-never-created-goes-in-the-end", test_what_was_never_created_goes_in_the_end);
  ADD ("what-cannot-be-brought-into-its-file-stays-in-the-journal",
       test_what_cannot_be_brought_into_its_file_stays_in_the_journal);
  ADD ("all-or-none", test_all_or_none);
  ADD ("none-where-all-cannot-be-saved", test_none_where_all_cannot_be_saved);
  ADD ("a-kill-loses-nothing-that-was-saved", test_a_kill_loses_nothing_that_was_saved);
  ADD ("a-thousand-saves-are-a-few-batches", test_a_thousand_saves_are_a_few_batches);

  return g_test_run ();
}
