/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process-info.h"

#define N_ANCESTORS 20
/* Nobody stays where the test itself dies. */
#define MAX_SECONDS 60
#define N_ROUNDS 100
#define DELAY_STEP_US 2

/* A process within others, which all end when that says so. */
typedef struct
{
  pid_t pid;
  int keep; /* (owned): until it is closed */
} Family;

/* The first of a family; does not return. */
static void
live (int pid_pipe, int keep_pipe)
{
  pid_t pid;
  char byte;

  for (guint i = 0; i < N_ANCESTORS; i++)
    {
      if (fork () == 0)
        continue;
      alarm (MAX_SECONDS);
      (void) !read (keep_pipe, &byte, 1);
      _exit (0);
    }
  alarm (MAX_SECONDS);
  pid = getpid ();
  (void) !write (pid_pipe, &pid, sizeof pid);
  for (;;)
    pause ();
}

static Family
family_new (void)
{
  int pid_pipe[2], keep_pipe[2];
  Family self;

  g_assert_no_errno (pipe (pid_pipe));
  g_assert_no_errno (pipe (keep_pipe));
  if (fork () == 0)
    {
      close (keep_pipe[1]);
      live (pid_pipe[1], keep_pipe[0]);
    }
  close (keep_pipe[0]);
  close (pid_pipe[1]);
  g_assert_cmpint (read (pid_pipe[0], &self.pid, sizeof self.pid), ==, sizeof self.pid);
  close (pid_pipe[0]);
  self.keep = keep_pipe[1];
  return self;
}

static void
family_end (Family *self)
{
  g_assert_no_errno (kill (self->pid, SIGKILL));
  while (waitpid (-1, NULL, 0) > 0)
    ;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  *(GVariant **) user_data = bts_process_info_read_finish (result, &error);
  g_assert_no_error (error);
}

/* Of itself, or of that of @family (nullable), whose others end @delay_us before. */
static gboolean
is_unseen (Family *family, guint delay_us)
{
  g_autoptr (GVariant) info = NULL;
  gboolean is_unseen = FALSE;

  if (family != NULL)
    {
      close (family->keep);
      g_usleep (delay_us);
    }
  bts_process_info_read_async ((guint32) (family != NULL ? family->pid : getpid ()), on_read,
                               &info);
  while (info == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (g_variant_lookup (info, "is-unseen", "b", &is_unseen));
  return is_unseen;
}

/* Of a program that was left by who had started it, just when it was looked at. */
static void
test_ancestors_that_end_hide_nothing (void)
{
  if (is_unseen (NULL, 0))
    {
      g_test_skip ("what this runs in does not show itself");
      return;
    }
  g_assert_no_errno (prctl (PR_SET_CHILD_SUBREAPER, 1));
  /* Nothing stays of those that have ended. */
  signal (SIGCHLD, SIG_IGN);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      Family family = family_new ();
      gboolean is_hidden = is_unseen (&family, i * DELAY_STEP_US);

      family_end (&family);
      g_assert_false (is_hidden);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process-info/ancestors-that-end-hide-nothing",
                   test_ancestors_that_end_hide_nothing);

  return g_test_run ();
}
