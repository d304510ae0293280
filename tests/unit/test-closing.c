/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
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

/* A connection that is closed only when the other side has taken everything, which it does not. */
static int
connect_lingering (int *other)
{
  const struct linger linger = { .l_onoff = 1, .l_linger = 2 * MAX_WAIT_MS / 1000 };
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = { htonl (INADDR_LOOPBACK) } };
  socklen_t size = sizeof address;
  int listening = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const char bytes[4096] = { 0 };

  g_assert_no_errno (bind (listening, (struct sockaddr *) &address, size));
  g_assert_no_errno (listen (listening, 1));
  g_assert_no_errno (getsockname (listening, (struct sockaddr *) &address, &size));
  g_assert_no_errno (connect (fd, (struct sockaddr *) &address, size));
  *other = accept (listening, NULL, NULL);
  g_assert_cmpint (*other, >=, 0);
  g_assert_no_errno (close (listening));
  while (send (fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    ;
  g_assert_no_errno (setsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
  return fd;
}

/* All sockets are of one file system. */
static void
test_socket_that_lingers_keeps_no_other_open (void)
{
  int other;
  int pair[2];
  struct pollfd end;

  bts_close_elsewhere (connect_lingering (&other));
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
  bts_close_elsewhere (pair[1]);
  end = (struct pollfd){ pair[0], POLLIN, 0 };
  g_assert_cmpint (poll (&end, 1, MAX_WAIT_MS), ==, 1);
  g_assert_no_errno (close (pair[0]));
  g_assert_no_errno (close (other));
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
  g_test_add_func ("/closing/socket-that-lingers-keeps-no-other-open",
                   test_socket_that_lingers_keeps_no_other_open);

  return g_test_run ();
}
