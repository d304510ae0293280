/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gio.h>

#include "daemon/worker-gate.h"

#define GREETING "\0AUTH ANONYMOUS\r\nBEGIN\r\n"
#define GREETING_BYTES (sizeof GREETING - 1)

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* (transfer full): one of a new pair; the other is @fd. */
static GSocketConnection *
new_connection (int *fd)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GError) error = NULL;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  *fd = pair[0];
  socket = g_socket_new_from_fd (pair[1], &error);
  g_assert_no_error (error);
  return g_socket_connection_factory_create_connection (socket);
}

/* All that comes until it is closed. */
static GByteArray *
read_all (GSocket *socket)
{
  GByteArray *all = g_byte_array_new ();
  char bytes[4096];
  gssize n;

  g_socket_set_blocking (socket, TRUE);
  while ((n = g_socket_receive (socket, bytes, sizeof bytes, NULL, NULL)) > 0)
    g_byte_array_append (all, (guint8 *) bytes, (guint) n);
  return all;
}

/* With a descriptor, where the last byte is an odd one. */
static void
send_all (int fd, const guint8 *data, gsize size)
{
  union
  {
    struct cmsghdr header;
    char room[CMSG_SPACE (sizeof (int))];
  } control = { .room = { 0 } };
  struct iovec bytes = { (gpointer) data, size };
  struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };

  if (size > 0 && data[size - 1] % 2 == 1)
    {
      message.msg_control = &control;
      message.msg_controllen = sizeof control.room;
      control.header.cmsg_level = SOL_SOCKET;
      control.header.cmsg_type = SCM_RIGHTS;
      control.header.cmsg_len = CMSG_LEN (sizeof (int));
      memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
    }
  /* All of it fits, and whoever is not heard any more is closed. */
  sendmsg (fd, &message, MSG_NOSIGNAL);
}

static void
ignore_log (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
}

/* What a worker says after it has greeted: some of the messages that it begins with pass as they
 * are, and nothing else. */
int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GSocketConnection) worker = NULL;
  g_autoptr (GSocketConnection) gated = NULL;
  g_autoptr (GByteArray) passed = NULL;
  g_autoptr (GError) error = NULL;
  int fd;

  /* It says whom it ends. */
  g_log_set_always_fatal (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
  g_log_set_default_handler (ignore_log, NULL);
  worker = new_connection (&fd);
  gated = bts_worker_gate_new (worker, geteuid (), &error);
  g_assert_no_error (error);
  g_assert_true (g_io_stream_close (G_IO_STREAM (worker), NULL, NULL));

  g_assert_cmpint (write (fd, GREETING, GREETING_BYTES), ==, GREETING_BYTES);
  send_all (fd, data, MIN (size, 64 * 1024));
  shutdown (fd, SHUT_WR);
  passed = read_all (g_socket_connection_get_socket (gated));
  close (fd);

  g_assert_cmpuint (passed->len, >=, GREETING_BYTES);
  g_assert_cmpuint (passed->len, <=, GREETING_BYTES + size);
  g_assert_cmpmem (passed->data, GREETING_BYTES, GREETING, GREETING_BYTES);
  g_assert_cmpmem (passed->data + GREETING_BYTES, passed->len - GREETING_BYTES, data,
                   passed->len - GREETING_BYTES);
  return 0;
}
