/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/caller.h"

#include <gio/gunixfdlist.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/process-info.h"
#include "fakes/connection-pair.h"

/* A bus that says what the test wants. */
typedef struct
{
  GDBusConnection *service; /* the service's end */
  GDBusConnection *bus;
  pid_t pid;      /* what it says of the caller */
  int process_fd; /* likewise; -1 where it says nothing */
  guint64 connected_by;
} FakeBus;

static const char xml[] = "<node><interface name='org.freedesktop.DBus'>"
                          "<method name='GetConnectionCredentials'>"
                          "<arg type='s' direction='in'/><arg type='a{sv}' direction='out'/>"
                          "</method>"
                          "<method name='NameHasOwner'>"
                          "<arg type='s' direction='in'/><arg type='b' direction='out'/>"
                          "</method></interface></node>";

static void
on_call (GDBusMethodInvocation *invocation, gpointer user_data)
{
  FakeBus *self = user_data;
  GVariantBuilder credentials = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  if (g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "NameHasOwner"))
    {
      g_dbus_method_invocation_return_value (invocation, g_variant_new ("(b)", TRUE));
      return;
    }
  g_variant_builder_add (&credentials, "{sv}", "UnixUserID", g_variant_new_uint32 (geteuid ()));
  g_variant_builder_add (&credentials, "{sv}", "ProcessID", g_variant_new_uint32 (self->pid));
  if (self->process_fd >= 0)
    {
      g_variant_builder_add (&credentials, "{sv}", "ProcessFD", g_variant_new_handle (0));
      g_assert_cmpint (g_unix_fd_list_append (fds, self->process_fd, NULL), ==, 0);
    }
  g_dbus_method_invocation_return_value_with_unix_fd_list (
      invocation, g_variant_new ("(a{sv})", &credentials), fds);
}

static void
fake_bus_init (FakeBus *self)
{
  connection_pair_new (&self->bus, &self->service);
  connection_pair_serve (self->bus, "/org/freedesktop/DBus", xml, on_call, self);
  self->process_fd = -1;
  self->connected_by = G_MAXUINT64;
}

static void
fake_bus_clear (FakeBus *self)
{
  connection_pair_free (self->bus, self->service);
}

static void
on_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static BtsCaller *
look_up (FakeBus *bus, GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  bts_caller_look_up_async (bus->service, NULL, ":1.1", bus->connected_by, on_result, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);

  return bts_caller_look_up_finish (result, error);
}

static void
assert_known (FakeBus *bus, gboolean is_known)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsCaller) caller = look_up (bus, &error);

  g_assert_true ((caller != NULL) == is_known);
  if (is_known)
    g_assert_no_error (error);
  else
    g_assert_error (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED);
}

/* A process that does nothing. */
static pid_t
start_process (void)
{
  pid_t pid = fork ();

  if (pid == 0)
    {
      pause ();
      _exit (0);
    }
  g_assert_cmpint (pid, >, 0);

  return pid;
}

static void
end_process (pid_t pid)
{
  kill (pid, SIGKILL);
  waitpid (pid, NULL, 0);
}

static void
test_who_has_exited_is_nobody (void)
{
  FakeBus bus = { 0 };

  fake_bus_init (&bus);
  bus.pid = start_process ();
  assert_known (&bus, TRUE);
  end_process (bus.pid);
  assert_known (&bus, FALSE);
  fake_bus_clear (&bus);
}

/* The caller's ID has been given to another process, which is not taken for it. */
static void
test_the_process_of_the_bus_counts (void)
{
  FakeBus bus = { 0 };
  pid_t caller = start_process ();

  fake_bus_init (&bus);
  bus.process_fd = syscall (SYS_pidfd_open, caller, 0);
  if (bus.process_fd < 0)
    {
      g_test_skip ("The kernel has no pidfds");
    }
  else
    {
      bus.pid = caller;
      assert_known (&bus, TRUE);
      bus.pid = start_process ();
      end_process (caller);
      assert_known (&bus, FALSE);
      caller = bus.pid;
      close (bus.process_fd);
    }
  end_process (caller);
  fake_bus_clear (&bus);
}

/* The connection is older than the process that is said to have made it. */
static void
test_who_began_later_is_nobody (void)
{
  FakeBus bus = { 0 };

  fake_bus_init (&bus);
  bus.pid = start_process ();
  bus.connected_by = bts_process_info_get_time ();
  assert_known (&bus, TRUE);
  bus.connected_by = 0;
  assert_known (&bus, FALSE);
  end_process (bus.pid);
  fake_bus_clear (&bus);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/caller/who-has-exited-is-nobody", test_who_has_exited_is_nobody);
  g_test_add_func ("/bus/caller/the-process-of-the-bus-counts", test_the_process_of_the_bus_counts);
  g_test_add_func ("/bus/caller/who-began-later-is-nobody", test_who_began_later_is_nobody);

  return g_test_run ();
}
