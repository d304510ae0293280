/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/object-path.h"
#include "store/writer.h"

#include "tests/unit/fakes/test-folder.h"

#define LARGE_BYTES (50 * 1024)
#define MAX_BYTES_BEFORE (512 * 1024)
#define ALICE 1
#define BOB 2

typedef struct
{
  TestFolder *folder; /* (owned) */
  int fd;             /* (owned) */
  BtsWriter *writer;  /* (owned) */
  GString *done;      /* (owned): the first letters of what is done */
} Fixture;

/* A disk that stands still at each sync until it is let through: the linker takes the call from
 * the code under test. */
static GMutex disk_mutex;
static GCond disk_cond;
static guint n_syncs_begun;
static guint n_syncs_allowed;

int __real_fdatasync (int file);
int __wrap_fdatasync (int file);

int
__wrap_fdatasync (int file)
{
  g_mutex_lock (&disk_mutex);
  n_syncs_begun++;
  g_cond_broadcast (&disk_cond);
  while (n_syncs_allowed < n_syncs_begun)
    g_cond_wait (&disk_cond, &disk_mutex);
  g_mutex_unlock (&disk_mutex);

  return __real_fdatasync (file);
}

static void
allow_syncs (guint number)
{
  g_mutex_lock (&disk_mutex);
  n_syncs_allowed = number == G_MAXUINT ? number : n_syncs_allowed + number;
  g_cond_broadcast (&disk_cond);
  g_mutex_unlock (&disk_mutex);
}

/* Until the disk stands still at the next sync. */
static void
wait_for_sync (void)
{
  g_mutex_lock (&disk_mutex);
  while (n_syncs_begun <= n_syncs_allowed)
    g_cond_wait (&disk_cond, &disk_mutex);
  g_mutex_unlock (&disk_mutex);
}

static void
on_done (GPtrArray *jobs, gpointer user_data)
{
  Fixture *fixture = user_data;

  for (guint i = 0; i < jobs->len; i++)
    {
      const BtsFileJob *job = jobs->pdata[i];

      g_assert_no_error (job->error);
      g_string_append_c (fixture->done, *(const char *) g_bytes_get_data (job->text, NULL));
    }
}

static BtsFileJob *
job_new (uid_t uid, char letter, gsize length, gboolean is_joined)
{
  g_autofree char *name = bts_guid_new ();
  g_autofree char *text = g_strnfill (length, letter);
  BtsFileJob *job = bts_file_job_new (name, g_bytes_new (text, length), 1);

  job->uid = uid;
  job->is_joined = is_joined;

  return job;
}

static void
push (Fixture *fixture, uid_t uid, char letter, gsize length)
{
  bts_writer_push (fixture->writer, job_new (uid, letter, length, FALSE));
}

static void
push_joined (Fixture *fixture, uid_t uid, char letter, guint n)
{
  g_autoptr (GPtrArray) jobs = g_ptr_array_new_with_free_func ((GDestroyNotify) bts_file_job_free);

  for (guint i = 0; i < n; i++)
    g_ptr_array_add (jobs, job_new (uid, letter, LARGE_BYTES, i + 1 < n));
  bts_writer_push_all (fixture->writer, jobs);
}

/* The writer is at a sync already, so that what is pushed now waits. */
static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  BtsJournal *journal;

  n_syncs_begun = n_syncs_allowed = 0;
  fixture->folder = test_folder_new (g_get_tmp_dir ());
  fixture->fd = open (fixture->folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fixture->fd, >=, 0);
  fixture->done = g_string_new (NULL);
  journal = bts_journal_open (fixture->fd, &error);
  g_assert_no_error (error);
  fixture->writer = bts_writer_new (fixture->fd, journal, on_done, fixture);
  push (fixture, BOB, '-', 1);
  wait_for_sync ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  allow_syncs (G_MAXUINT);
  bts_writer_free (fixture->writer);
  close (fixture->fd);
  g_string_free (fixture->done, TRUE);
  test_folder_free (fixture->folder);
}

/* Lets the disk finish one sync, and returns what has been done at the next one. */
static const char *
let_one_through (Fixture *fixture)
{
  allow_syncs (1);
  wait_for_sync ();
  while (g_main_context_iteration (NULL, FALSE))
    ;

  return fixture->done->str;
}

static gsize
get_journal_size (Fixture *fixture)
{
  g_autofree char *path = test_folder_get_path (fixture->folder, BTS_JOURNAL_NAME);
  g_autofree char *text = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  return length;
}

static void
test_a_small_change_is_not_behind_anothers_large_ones (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < 100; i++)
    push (fixture, BOB, 'b', LARGE_BYTES);
  push (fixture, ALICE, 'a', 10);
  while (strchr (let_one_through (fixture), 'a') == NULL)
    ;
  /* Without the group that is at its sync now. */
  g_assert_cmpuint (get_journal_size (fixture), <, 2 * MAX_BYTES_BEFORE);
  g_assert_cmpuint (fixture->done->len, <, 20);
}

static void
test_a_small_change_is_behind_no_more_than_one_large_batch (Fixture *fixture, gconstpointer data)
{
  for (char letter = 'b'; letter <= 'e'; letter++)
    push_joined (fixture, BOB, letter, 20);
  push (fixture, ALICE, 'a', 10);
  while (strchr (let_one_through (fixture), 'a') == NULL)
    ;
  g_assert_null (strchr (fixture->done->str, 'c'));
}

static void
test_what_is_joined_comes_together (Fixture *fixture, gconstpointer data)
{
  push (fixture, BOB, 'b', LARGE_BYTES);
  push_joined (fixture, BOB, 'c', 20);
  push (fixture, ALICE, 'a', LARGE_BYTES);
  push_joined (fixture, BOB, 'd', 20);
  push (fixture, BOB, 'e', 10);
  while (strchr (let_one_through (fixture), 'd') == NULL)
    {
      const char *first = strchr (fixture->done->str, 'c');

      g_assert_true (first == NULL || strspn (first, "c") == 20);
    }
  g_assert_cmpuint (strspn (strchr (fixture->done->str, 'd'), "d"), ==, 20);
}

static void
test_each_users_order_is_kept (Fixture *fixture, gconstpointer data)
{
  for (char letter = 'a'; letter <= 'z'; letter++)
    push (fixture, letter % 2 != 0 ? ALICE : BOB, letter, LARGE_BYTES);
  allow_syncs (G_MAXUINT);
  g_assert_true (bts_writer_wait (fixture->writer, G_MAXINT64));
  g_assert_cmpuint (fixture->done->len, ==, 27);
  for (guint i = 0; i + 1 < fixture->done->len; i++)
    for (guint j = i + 1; j < fixture->done->len; j++)
      if (fixture->done->str[i] % 2 == fixture->done->str[j] % 2)
        g_assert_cmpint (fixture->done->str[i], <, fixture->done->str[j]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, test) g_test_add ("/store/writer/" name, Fixture, NULL, set_up, test, tear_down)
  ADD ("a-small-change-is-not-behind-anothers-large-ones",
       test_a_small_change_is_not_behind_anothers_large_ones);
  ADD ("a-small-change-is-behind-no-more-than-one-large-batch",
       test_a_small_change_is_behind_no_more_than_one_large_batch);
  ADD ("what-is-joined-comes-together", test_what_is_joined_comes_together);
  ADD ("each-users-order-is-kept", test_each_users_order_is_kept);
#undef ADD
  return g_test_run ();
}
