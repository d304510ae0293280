/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <poll.h>
#include <unistd.h>

#include "common/closing.h"

#define MAX_WAIT_MS (30 * 1000)
#define N_PIPES 100

/* All that is given away is closed, and nothing else. */
static void
test_all_are_closed (void)
{
  int ends[N_PIPES][2];

  for (guint i = 0; i < N_PIPES; i++)
    g_assert_cmpint (pipe (ends[i]), ==, 0);
  for (guint i = 0; i < N_PIPES; i++)
    bts_close_elsewhere (ends[i][1]);
  for (guint i = 0; i < N_PIPES; i++)
    {
      struct pollfd end = { ends[i][0], POLLIN, 0 };

      g_assert_cmpint (poll (&end, 1, MAX_WAIT_MS), ==, 1);
      g_assert_cmpint (end.revents, ==, POLLHUP);
      g_assert_cmpint (close (ends[i][0]), ==, 0);
    }
}

static void
test_list (void)
{
  GUnixFDList *fds = g_unix_fd_list_new ();
  int ends[2];
  struct pollfd end;

  g_assert_cmpint (pipe (ends), ==, 0);
  g_assert_cmpint (g_unix_fd_list_append (fds, ends[1], NULL), ==, 0);
  g_assert_cmpint (close (ends[1]), ==, 0);
  bts_fd_list_close_elsewhere (fds);
  end = (struct pollfd){ ends[0], POLLIN, 0 };
  g_assert_cmpint (poll (&end, 1, 0), ==, 0);

  g_object_unref (fds);
  g_assert_cmpint (poll (&end, 1, MAX_WAIT_MS), ==, 1);
  g_assert_cmpint (close (ends[0]), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/closing/all-are-closed", test_all_are_closed);
  g_test_add_func ("/closing/list", test_list);

  return g_test_run ();
}
