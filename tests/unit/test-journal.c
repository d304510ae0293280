/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/object-path.h"
#include "store/atomic-file.h"
#include "store/journal.h"

#include "tests/unit/fakes/disk-fake.h"
#include "tests/unit/fakes/test-folder.h"

#define N_NAMES 6

typedef struct
{
  TestFolder *folder; /* (owned) */
  int fd;             /* (owned) */
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  /* In memory where that can be: what a sync is worth here is up to the fake. */
  fixture->folder = test_folder_new ("/dev/shm");
  if (fixture->folder == NULL)
    fixture->folder = test_folder_new (g_get_tmp_dir ());
  fixture->fd = open (fixture->folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_assert_cmpint (fixture->fd, >=, 0);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  close (fixture->fd);
  test_folder_free (fixture->folder);
}

static const char *
get_name (guint number)
{
  static const char *const names[N_NAMES] = {
    "00000000_0000_4000_8000_000000000000", "00000000_0000_4000_8000_000000000001",
    "00000000_0000_4000_8000_000000000002", "00000000_0000_4000_8000_000000000003",
    "00000000_0000_4000_8000_000000000004", "00000000_0000_4000_8000_000000000005",
  };

  return names[number];
}

/* What a service that starts finds: of each name the text, "" where there is none. */
typedef struct
{
  char *texts[N_NAMES]; /* (owned) */
} State;

static void
state_clear (State *state)
{
  for (guint i = 0; i < N_NAMES; i++)
    g_clear_pointer (&state->texts[i], g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (State, state_clear)

static void
read_state (Fixture *fixture, State *state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, &error);
  g_autoptr (GHashTable) changes = NULL;

  g_assert_no_error (error);
  changes = bts_journal_dup_changes (journal);
  for (guint i = 0; i < N_NAMES; i++)
    {
      g_autofree char *path = test_folder_get_path (fixture->folder, get_name (i));
      gpointer text;

      if (g_hash_table_lookup_extended (changes, get_name (i), NULL, &text))
        state->texts[i] = text != NULL
                              ? g_strndup (g_bytes_get_data (text, NULL), g_bytes_get_size (text))
                              : g_strdup ("");
      else if (!g_file_get_contents (path, &state->texts[i], NULL, NULL))
        state->texts[i] = g_strdup ("");
    }
}

static void
add_job (GPtrArray *jobs, guint number, const char *text)
{
  g_ptr_array_add (jobs,
                   bts_file_job_new (get_name (number),
                                     text != NULL ? g_bytes_new (text, strlen (text)) : NULL, 0));
}

static GPtrArray *
jobs_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) bts_file_job_free);
}

/* A text that is not in one block, and says which it is. */
static char *
make_text (guint number, guint step)
{
  g_autofree char *line = g_strdup_printf ("%u at step %u\n", number, step);
  GString *text = g_string_new (NULL);

  while (text->len < 700)
    g_string_append (text, line);

  return g_string_free (text, FALSE);
}

/* What the steps do: each changes some names, as a group; upper case is a new text, lower case a
 * removal; "!" is a checkpoint. */
static const char *const steps[] = {
  "ABC", "Ab", "!", "CDE", "B", "a", "!", "!", "F", "cF", "AE", "f", "!", "Cd",
};

/* The state after the first @n_steps. */
static void
make_state (guint n_steps, State *state)
{
  for (guint i = 0; i < N_NAMES; i++)
    state->texts[i] = g_strdup ("");
  for (guint i = 0; i < n_steps; i++)
    for (const char *letter = steps[i]; *letter != '\0'; letter++)
      if (*letter != '!')
        {
          guint number = (guint) (g_ascii_tolower (*letter) - 'a');

          g_free (state->texts[number]);
          state->texts[number] = g_ascii_isupper (*letter) ? make_text (number, i) : g_strdup ("");
        }
}

static gboolean
are_equal (const State *a, const State *b)
{
  for (guint i = 0; i < N_NAMES; i++)
    if (!g_str_equal (a->texts[i], b->texts[i]))
      return FALSE;

  return TRUE;
}

static gboolean
do_step (BtsJournal *journal, guint step)
{
  g_autoptr (GPtrArray) jobs = jobs_new ();

  if (g_str_equal (steps[step], "!"))
    {
      /* Nothing hangs on it. */
      bts_journal_checkpoint (journal, NULL);
      return TRUE;
    }

  for (const char *letter = steps[step]; *letter != '\0'; letter++)
    {
      guint number = (guint) (g_ascii_tolower (*letter) - 'a');
      g_autofree char *text = make_text (number, step);

      add_job (jobs, number, g_ascii_isupper (*letter) ? text : NULL);
    }
  return bts_journal_append (journal, jobs, NULL);
}

/* Says how many steps are done after each, and dies when the disk does. */
static void
run_victim (Fixture *fixture, int out)
{
  g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, NULL);

  for (guint step = 0; step < G_N_ELEMENTS (steps); step++)
    {
      guint8 n_done = (guint8) (step + 1);

      /* As the store does: until it is saved. */
      while (!do_step (journal, step))
        ;
      if (disk_fake_say (out, &n_done, 1) != 1)
        _exit (1);
    }
}

/* TRUE where the trouble came before the end. */
static gboolean
hurt (Fixture *fixture, DiskTrouble trouble, guint at)
{
  g_auto (State) found = { { NULL } };
  g_auto (State) before = { { NULL } };
  g_auto (State) after = { { NULL } };
  guint8 n_done = 0;
  guint8 said;
  int status;
  int out[2];
  pid_t pid;

  g_assert_no_errno (pipe2 (out, O_CLOEXEC));
  pid = fork ();
  g_assert_no_errno (pid);
  if (pid == 0)
    {
      disk_fake_start (fixture->fd, trouble, at);
      run_victim (fixture, out[1]);
      disk_fake_end ();
    }
  close (out[1]);
  while (read (out[0], &said, 1) == 1)
    n_done = said;
  close (out[0]);
  g_assert_no_errno (waitpid (pid, &status, 0));

  read_state (fixture, &found);
  make_state (n_done, &before);
  make_state (MIN (n_done + 1u, G_N_ELEMENTS (steps)), &after);
  if (!are_equal (&found, &before) && !are_equal (&found, &after))
    g_error ("Trouble %u at call %u: not the state after %u steps, nor the next", trouble, at,
             n_done);

  /* And it goes on from there. */
  if (n_done < G_N_ELEMENTS (steps))
    {
      g_auto (State) end = { { NULL } };
      g_auto (State) expected = { { NULL } };
      g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, NULL);

      for (guint step = n_done; step < G_N_ELEMENTS (steps); step++)
        g_assert_true (do_step (journal, step));
      read_state (fixture, &end);
      make_state (G_N_ELEMENTS (steps), &expected);
      g_assert_true (are_equal (&end, &expected));
    }

  return WIFEXITED (status) && WEXITSTATUS (status) == DISK_FAKE_HAD_TROUBLE;
}

static void
test_trouble_at_every_call (gconstpointer data)
{
  DiskTrouble trouble = GPOINTER_TO_INT (data);
  gboolean is_reached = TRUE;
  guint at;

  for (at = 1; is_reached; at++)
    {
      Fixture fixture;

      set_up (&fixture, NULL);
      is_reached = hurt (&fixture, trouble, at);
      tear_down (&fixture, NULL);
    }
  g_test_message ("%u calls", at - 2);
  g_assert_cmpuint (at, >, 40);
}

static void
test_a_group_is_one_write (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, NULL);
  g_autoptr (GPtrArray) jobs = jobs_new ();
  g_autoptr (GError) error = NULL;

  g_assert_true (bts_journal_is_empty (journal));
  for (guint i = 0; i < N_NAMES; i++)
    add_job (jobs, i, i % 2 == 0 ? "text" : NULL);
  g_assert_true (bts_journal_append (journal, jobs, &error));
  g_assert_no_error (error);
  g_assert_false (bts_journal_is_empty (journal));
  g_assert_cmpuint (test_folder_count (fixture->folder), ==, 1);

  g_assert_true (bts_journal_checkpoint (journal, &error));
  g_assert_no_error (error);
  g_assert_true (bts_journal_is_empty (journal));
  test_folder_assert_text (fixture->folder, BTS_JOURNAL_NAME, "");
  test_folder_assert_text (fixture->folder, get_name (0), "text");
  g_assert_cmpuint (test_folder_count (fixture->folder), ==, 4);
}

static gsize
get_journal_size (Fixture *fixture)
{
  g_autofree char *path = test_folder_get_path (fixture->folder, BTS_JOURNAL_NAME);
  struct stat status;

  g_assert_no_errno (stat (path, &status));
  return (gsize) status.st_size;
}

static void
test_it_stays_small (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, NULL);
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');
  guint n_large = 0;

  for (guint i = 0; i < 40; i++)
    {
      g_autoptr (GPtrArray) jobs = jobs_new ();

      /* Two mebibytes are needed, whatever was before. */
      add_job (jobs, i % 2, text);
      g_assert_true (bts_journal_append (journal, jobs, NULL));
      n_large += bts_journal_is_large (journal);
      g_assert_cmpuint (get_journal_size (fixture), <, 26 * 1024 * 1024);
    }
  g_assert_cmpuint (n_large, >, 0);
}

static void
test_a_checkpoint_of_much_is_several (Fixture *fixture, gconstpointer data)
{
  g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, NULL);
  g_autoptr (GPtrArray) jobs = jobs_new ();
  g_autofree char *text = g_strnfill (1024 * 1024, 'x');

  for (guint i = 0; i < N_NAMES; i++)
    add_job (jobs, i, text);
  g_assert_true (bts_journal_append (journal, jobs, NULL));
  for (guint i = 0; i < N_NAMES; i++)
    {
      g_assert_false (bts_journal_is_empty (journal));
      g_assert_true (bts_journal_checkpoint (journal, NULL));
    }
  g_assert_true (bts_journal_is_empty (journal));
}

/* @flip counts bytes from the end. */
static void
damage (Fixture *fixture, gsize flip)
{
  g_autofree char *path = test_folder_get_path (fixture->folder, BTS_JOURNAL_NAME);
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));
  text[length - flip] ^= 1;
  g_assert_true (g_file_set_contents (path, text, (gssize) length, NULL));
}

static void
test_a_damaged_group_takes_no_other_with_it (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = { "first", "second", "third" };
  g_auto (State) state = { { NULL } };
  gsize last_size = 0;

  {
    g_autoptr (BtsJournal) journal = bts_journal_open (fixture->fd, NULL);

    for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
      {
        g_autoptr (GPtrArray) jobs = jobs_new ();

        if (i == 2)
          last_size = get_journal_size (fixture);
        add_job (jobs, i, texts[i]);
        g_assert_true (bts_journal_append (journal, jobs, NULL));
      }
    last_size = get_journal_size (fixture) - last_size;
  }
  damage (fixture, last_size + 3);
  g_test_expect_message (G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "*are not whole*");
  read_state (fixture, &state);
  g_test_assert_expected_messages ();
  g_assert_cmpstr (state.texts[0], ==, "first");
  g_assert_cmpstr (state.texts[1], ==, "");
  g_assert_cmpstr (state.texts[2], ==, "third");
}

static void
test_one_that_cannot_be_read_is_an_error (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = test_folder_get_path (fixture->folder, BTS_JOURNAL_NAME);
  g_autoptr (GError) error = NULL;

  g_assert_no_errno (symlink ("/etc/passwd", path));
  g_assert_null (bts_journal_open (fixture->fd, &error));
  g_assert_error (error, BGT_ERROR, BGT_ERROR_FAILED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

#define ADD(name, function)                                                                        \
  g_test_add ("/store/journal/" name, Fixture, NULL, set_up, function, tear_down)
#define ADD_TROUBLE(name, trouble)                                                                 \
  g_test_add_data_func ("/store/journal/" name, GINT_TO_POINTER (trouble),                         \
                        test_trouble_at_every_call)

  ADD ("a-group-is-one-write", test_a_group_is_one_write);
  ADD ("it-stays-small", test_it_stays_small);
  ADD ("a-checkpoint-of-much-is-several", test_a_checkpoint_of_much_is_several);
  ADD ("a-damaged-group-takes-no-other-with-it", test_a_damaged_group_takes_no_other_with_it);
  ADD ("one-that-cannot-be-read-is-an-error", test_one_that_cannot_be_read_is_an_error);
  ADD_TROUBLE ("killed-before-every-call", DISK_TROUBLE_KILL);
  ADD_TROUBLE ("power-cut-before-every-call", DISK_TROUBLE_POWER_CUT);
  ADD_TROUBLE ("every-call-fails-once", DISK_TROUBLE_FAIL_ONCE);
  ADD_TROUBLE ("every-call-fails-before-a-power-cut", DISK_TROUBLE_FAIL_CUT);
  ADD_TROUBLE ("every-call-fails-and-four-after-it", DISK_TROUBLE_FAIL_LONG);
  ADD_TROUBLE ("every-write-is-short-on-a-full-disk", DISK_TROUBLE_FULL);

  return g_test_run ();
}
