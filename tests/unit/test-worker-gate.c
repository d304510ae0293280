/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-gate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixfdmessage.h>

#define GREETING "\0AUTH ANONYMOUS\r\nBEGIN\r\n"
#define MESSAGE_BYTES (100 * 1024)

typedef struct
{
  GSocket *worker; /* (owned): the worker's end */
  GSocket *daemon; /* (owned): what GDBus would have */
} Fixture;

/* What the daemon has of @worker. */
static GSocketConnection *
connect_worker (GSocket **worker)
{
  g_autoptr (GSocket) other = NULL;
  g_autoptr (GError) error = NULL;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  *worker = g_socket_new_from_fd (pair[0], &error);
  g_assert_no_error (error);
  other = g_socket_new_from_fd (pair[1], &error);
  g_assert_no_error (error);
  return g_socket_connection_factory_create_connection (other);
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketConnection) connection = connect_worker (&fixture->worker);
  g_autoptr (GSocketConnection) gated = NULL;
  g_autoptr (GError) error = NULL;

  gated = bts_worker_gate_new (connection, geteuid (), &error);
  g_assert_no_error (error);
  fixture->daemon = g_object_ref (g_socket_connection_get_socket (gated));
  g_socket_set_blocking (fixture->worker, TRUE);
  g_socket_set_blocking (fixture->daemon, TRUE);
  g_socket_set_timeout (fixture->worker, 30);
  g_socket_set_timeout (fixture->daemon, 30);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->worker);
  g_clear_object (&fixture->daemon);
}

/* Sends @bytes with so many descriptors; FALSE where nobody takes them any more. */
static gboolean
send_bytes (GSocket *socket, const char *bytes, gsize size, guint n_descriptors)
{
  GOutputVector vector = { bytes, size };
  g_autoptr (GSocketControlMessage) descriptors = g_unix_fd_message_new ();

  for (guint i = 0; i < n_descriptors; i++)
    g_assert_true (
        g_unix_fd_message_append_fd (G_UNIX_FD_MESSAGE (descriptors), STDERR_FILENO, NULL));
  while (vector.size > 0)
    {
      gssize n = g_socket_send_message (socket, NULL, &vector, 1, &descriptors,
                                        n_descriptors > 0 ? 1 : 0, G_SOCKET_MSG_NONE, NULL, NULL);

      if (n < 0)
        return FALSE;
      n_descriptors = 0;
      vector.buffer = (const char *) vector.buffer + n;
      vector.size -= (gsize) n;
    }
  return TRUE;
}

/* How many descriptors came along with the @size bytes that are expected next; -1 where they do not
 * come. */
static int
receive_bytes (GSocket *socket, const char *expected, gsize size)
{
  g_autofree char *bytes = g_malloc (size);
  gsize done = 0;
  int n_descriptors = 0;

  while (done < size)
    {
      GInputVector vector = { bytes + done, size - done };
      GSocketControlMessage **messages = NULL;
      int n_messages = 0;
      gssize n = g_socket_receive_message (socket, NULL, &vector, 1, &messages, &n_messages, NULL,
                                           NULL, NULL);

      for (int i = 0; i < n_messages; i++)
        {
          if (G_IS_UNIX_FD_MESSAGE (messages[i]))
            n_descriptors += g_unix_fd_list_get_length (
                g_unix_fd_message_get_fd_list (G_UNIX_FD_MESSAGE (messages[i])));
          g_object_unref (messages[i]);
        }
      g_free (messages);
      if (n <= 0)
        return -1;
      done += (gsize) n;
    }
  g_assert_cmpmem (bytes, size, expected, size);
  return n_descriptors;
}

/* (transfer full): A message that holds @n_bytes of @fill, and how long it is. */
static char *
pack_bytes (gsize n_bytes, char fill, gsize *size)
{
  g_autoptr (GDBusMessage) message = g_dbus_message_new_signal ("/a", "a.b", "c");
  g_autofree char *bytes = g_strnfill (n_bytes, fill);
  GVariant *array = g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, bytes, n_bytes, 1);
  g_autoptr (GError) error = NULL;
  guchar *packed;

  g_dbus_message_set_serial (message, 1);
  g_dbus_message_set_body (message, g_variant_new_tuple (&array, 1));
  packed = g_dbus_message_to_blob (message, size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
  g_assert_no_error (error);
  return (char *) packed;
}

/* One of @size bytes. */
static char *
new_message (gsize size, char fill)
{
  gsize rest;
  g_autofree char *empty = pack_bytes (0, fill, &rest);
  char *message = pack_bytes (size - rest, fill, &rest);

  g_assert_cmpuint (rest, ==, size);
  return message;
}

static void
greet (Fixture *fixture)
{
  g_assert_true (send_bytes (fixture->worker, GREETING, sizeof GREETING - 1, 0));
  g_assert_cmpint (receive_bytes (fixture->daemon, GREETING, sizeof GREETING - 1), ==, 0);
  g_assert_true (send_bytes (fixture->daemon, "OK 1\r\n", 6, 0));
  g_assert_cmpint (receive_bytes (fixture->worker, "OK 1\r\n", 6), ==, 0);
}

static void
assert_closed (Fixture *fixture)
{
  const char byte = 0;

  g_assert_cmpint (receive_bytes (fixture->daemon, &byte, 1), ==, -1);
  g_assert_cmpint (receive_bytes (fixture->worker, &byte, 1), ==, -1);
}

/* Each descriptor arrives with the message that it was sent with, however much is under way. */
static void
test_messages_pass (Fixture *fixture, gconstpointer data)
{
  g_autofree char *small = new_message (100, 's');
  g_autofree char *large = new_message (MESSAGE_BYTES, 'L');

  greet (fixture);
  for (guint i = 0; i < 3; i++)
    {
      g_assert_true (send_bytes (fixture->worker, small, 100, 0));
      g_assert_true (send_bytes (fixture->worker, small, 100, 1));
      g_assert_true (send_bytes (fixture->worker, large, MESSAGE_BYTES, 0));
      g_assert_cmpint (receive_bytes (fixture->daemon, small, 100), ==, 0);
      g_assert_cmpint (receive_bytes (fixture->daemon, small, 100), ==, 1);
      g_assert_cmpint (receive_bytes (fixture->daemon, large, MESSAGE_BYTES), ==, 0);

      g_assert_true (send_bytes (fixture->daemon, small, 100, 0));
      g_assert_true (send_bytes (fixture->daemon, large, MESSAGE_BYTES, 200));
      g_assert_cmpint (receive_bytes (fixture->worker, small, 100), ==, 0);
      g_assert_cmpint (receive_bytes (fixture->worker, large, MESSAGE_BYTES), ==, 200);
    }
}

static void
test_one_end_closes_the_other (Fixture *fixture, gconstpointer data)
{
  g_autofree char *small = new_message (100, 's');
  const char byte = 0;

  greet (fixture);
  g_assert_true (send_bytes (fixture->worker, small, 100, 0));
  g_assert_true (g_socket_close (fixture->worker, NULL));
  /* What was said before is heard. */
  g_assert_cmpint (receive_bytes (fixture->daemon, small, 100), ==, 0);
  g_assert_cmpint (receive_bytes (fixture->daemon, &byte, 1), ==, -1);

  tear_down (fixture, data);
  set_up (fixture, data);
  greet (fixture);
  g_assert_true (g_socket_close (fixture->daemon, NULL));
  g_assert_cmpint (receive_bytes (fixture->worker, &byte, 1), ==, -1);
}

static void
test_too_long (Fixture *fixture, gconstpointer data)
{
  g_autofree char *message = new_message (3 * 1024 * 1024, 'x');

  greet (fixture);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "*nobody asked for*");
  g_assert_true (send_bytes (fixture->worker, message, 16, 0));
  assert_closed (fixture);
  g_test_assert_expected_messages ();
}

static void
test_many_descriptors (Fixture *fixture, gconstpointer data)
{
  g_autofree char *message = new_message (MESSAGE_BYTES, 'x');

  greet (fixture);
  g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "*nobody asked for*");
  /* With two bytes of a message whose end does not come. */
  g_assert_true (send_bytes (fixture->worker, message, 1, 1));
  g_assert_true (send_bytes (fixture->worker, message + 1, 1, 1));
  assert_closed (fixture);
  g_test_assert_expected_messages ();
}

/* What GDBus could not read, or could have read only in part when the connection is closed. */
static void
test_what_passes_with_a_descriptor (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    gsize size;
    gboolean is_broken;
    guint n_descriptors;
  } rows[] = { { 100, TRUE, 1 }, { MESSAGE_BYTES, TRUE, 0 }, { MESSAGE_BYTES, FALSE, 1 } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *message = new_message (rows[i].size, 'x');

      greet (fixture);
      /* The length stays as it is. */
      if (rows[i].is_broken)
        message[3] = 0x7f;
      g_test_expect_message ("background-transferd", G_LOG_LEVEL_WARNING, "*nobody asked for*");
      send_bytes (fixture->worker, message, rows[i].size, rows[i].n_descriptors);
      assert_closed (fixture);
      g_test_assert_expected_messages ();
      tear_down (fixture, data);
      set_up (fixture, data);
    }
}

/* The rest of what it says is left in its socket, and so it can say no more. */
static void
test_who_reads_nothing_is_not_heard (Fixture *fixture, gconstpointer data)
{
  g_autofree char *small = new_message (100, 's');
  g_autofree char *large = new_message (MESSAGE_BYTES, 'L');
  guint n_heard = 0;

  greet (fixture);
  g_assert_true (send_bytes (fixture->daemon, large, MESSAGE_BYTES, 0));
  while (g_socket_get_available_bytes (fixture->worker) < MESSAGE_BYTES)
    g_thread_yield ();
  g_socket_set_blocking (fixture->worker, FALSE);
  while (send_bytes (fixture->worker, small, 100, 0))
    n_heard++;
  /* One may have been under way when the daemon said too much. */
  g_assert_cmpint (receive_bytes (fixture->daemon, small, 100), ==, 0);
  g_assert_cmpint (g_socket_condition_check (fixture->daemon, G_IO_IN), ==, 0);

  g_socket_set_blocking (fixture->worker, TRUE);
  g_assert_cmpint (receive_bytes (fixture->worker, large, MESSAGE_BYTES), ==, 0);
  for (guint i = 1; i < n_heard; i++)
    g_assert_cmpint (receive_bytes (fixture->daemon, small, 100), ==, 0);
}

static void
test_endless_greeting (Fixture *fixture, gconstpointer data)
{
  g_autofree char *greeting = g_strnfill (5000, 'x');

  send_bytes (fixture->worker, greeting, 5000, 0);
  g_assert_cmpint (receive_bytes (fixture->daemon, greeting, 4096), ==, 0);
  assert_closed (fixture);
}

static int
get_next_descriptor (void)
{
  int next = dup (STDERR_FILENO);

  close (next);
  return next;
}

/* It takes three. */
static void
test_without_descriptors_is_an_error (void)
{
  g_autoptr (GSocket) worker = NULL;
  g_autoptr (GSocketConnection) connection = connect_worker (&worker);
  int next = get_next_descriptor ();
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  for (rlim_t n = 0; n < 3; n++)
    {
      const struct rlimit low = { .rlim_cur = (rlim_t) next + n, .rlim_max = limit.rlim_max };
      g_autoptr (GSocketConnection) gated = NULL;
      g_autoptr (GError) error = NULL;

      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
      gated = bts_worker_gate_new (connection, geteuid (), &error);
      g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
      g_assert_null (gated);
      g_assert_nonnull (error);
      g_assert_cmpint (get_next_descriptor (), ==, next);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* First, while no thread of another one closes anything. */
  g_test_add_func ("/daemon/worker-gate/without-descriptors-is-an-error",
                   test_without_descriptors_is_an_error);

#define ADD(name, function)                                                                        \
  g_test_add ("/daemon/worker-gate/" name, Fixture, NULL, set_up, function, tear_down)

  ADD ("messages-pass", test_messages_pass);
  ADD ("one-end-closes-the-other", test_one_end_closes_the_other);
  ADD ("too-long-a-message-closes-it", test_too_long);
  ADD ("many-descriptors-close-it", test_many_descriptors);
  ADD ("what-passes-with-a-descriptor", test_what_passes_with_a_descriptor);
  ADD ("who-reads-nothing-is-not-heard", test_who_reads_nothing_is_not_heard);
  ADD ("an-endless-greeting-closes-it", test_endless_greeting);
#undef ADD

  return g_test_run ();
}
