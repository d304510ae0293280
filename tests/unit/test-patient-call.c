/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/patient-call.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/names.h"

#define TIMEOUT_MS 500
#define STANDSTILL_US (2 * TIMEOUT_MS * G_TIME_SPAN_MILLISECOND)

static const char xml[] = "<node><interface name='" BTS_INTERFACE_WORKER "'>"
                          "<method name='Reconnect'/><method name='Stop'/></interface></node>";

/* The worker answers Reconnect after whoever has called has stood still, and Stop never. */
static void
on_method_call (GDBusConnection *connection,
                const char *sender,
                const char *path,
                const char *interface,
                const char *method,
                GVariant *parameters,
                GDBusMethodInvocation *invocation,
                gpointer user_data)
{
  if (g_str_equal (method, "Stop"))
    return;
  kill (getppid (), SIGSTOP);
  g_usleep (STANDSTILL_US);
  kill (getppid (), SIGCONT);
  g_usleep (TIMEOUT_MS * G_TIME_SPAN_MILLISECOND / 10);
  g_dbus_method_invocation_return_value (invocation, NULL);
}

static GDBusConnection *
connect_end (int fd, GDBusConnectionFlags flags, const char *guid)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, &error);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  GDBusConnection *connection =
      g_dbus_connection_new_sync (G_IO_STREAM (stream), guid, flags, NULL, NULL, &error);

  g_assert_no_error (error);
  return connection;
}

static void
be_worker (int fd)
{
  static const GDBusInterfaceVTable vtable = { on_method_call, NULL, NULL, { NULL } };
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GDBusNodeInfo) node = g_dbus_node_info_new_for_xml (xml, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GDBusConnection) connection =
                 connect_end (fd,
                              G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                  G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                              guid);

  g_dbus_connection_register_object (connection, BTS_WORKER_PATH, node->interfaces[0], &vtable,
                                     NULL, NULL, NULL);
  g_signal_connect_swapped (connection, "closed", G_CALLBACK (g_main_loop_quit), loop);
  g_dbus_connection_start_message_processing (connection);
  g_main_loop_run (loop);
  _exit (0);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **kept = user_data;

  *kept = g_object_ref (result);
}

/* How a call of @method ends. It is made in a process of its own, which may be stopped. */
static void
call (const char *method, GCancellable *cancellable, GError **error)
{
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GVariant) reply = NULL;
  pid_t worker;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  worker = fork ();
  if (worker == 0)
    {
      close (pair[0]);
      be_worker (pair[1]);
    }
  close (pair[1]);
  connection = connect_end (pair[0], G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL);
  bts_patient_call_async (connection, method, NULL, "()", TIMEOUT_MS, NULL, cancellable, on_called,
                          &result);
  if (cancellable != NULL)
    g_cancellable_cancel (cancellable);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  reply = bts_patient_call_finish (connection, result, NULL, error);
  g_assert_true ((reply == NULL) == (*error != NULL));
  g_dbus_connection_close_sync (connection, NULL, NULL);
  waitpid (worker, NULL, 0);
}

static void
test_standstill (void)
{
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      return;
    }
  call ("Reconnect", NULL, &error);
  g_assert_no_error (error);
}

static void
test_no_answer (void)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      return;
    }
  call ("Stop", NULL, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, TIMEOUT_MS * G_TIME_SPAN_MILLISECOND);
}

static void
test_cancelled (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, 0);
      g_test_trap_assert_passed ();
      return;
    }
  call ("Stop", cancellable, &error);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/patient-call/standstill", test_standstill);
  g_test_add_func ("/patient-call/no-answer", test_no_answer);
  g_test_add_func ("/patient-call/cancelled", test_cancelled);

  return g_test_run ();
}
