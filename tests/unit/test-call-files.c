/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/call-files.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/fakes/connection-pair.h"

/* A call that brings two descriptors. */
typedef struct
{
  GDBusConnection *service;
  GDBusConnection *client;
  GDBusMethodInvocation *invocation;
} Fixture;

static const char xml[] = "<node><interface name='a.b'><method name='C'/></interface></node>";

static void
on_call (GDBusMethodInvocation *invocation, gpointer user_data)
{
  ((Fixture *) user_data)->invocation = invocation;
}

static void
with_call (gconstpointer data)
{
  void (*test) (GDBusMethodInvocation * invocation) = data;
  g_autoptr (GDBusMessage) message = g_dbus_message_new_method_call (NULL, "/o", "a.b", "C");
  g_autoptr (GUnixFDList) list = g_unix_fd_list_new ();
  Fixture fixture = { 0 };

  connection_pair_new (&fixture.service, &fixture.client);
  connection_pair_serve (fixture.service, "/o", xml, on_call, &fixture);
  g_assert_cmpint (g_unix_fd_list_append (list, STDIN_FILENO, NULL), ==, 0);
  g_assert_cmpint (g_unix_fd_list_append (list, STDERR_FILENO, NULL), ==, 1);
  g_dbus_message_set_unix_fd_list (message, list);
  g_assert_true (g_dbus_connection_send_message (fixture.client, message,
                                                 G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
  while (fixture.invocation == NULL)
    g_main_context_iteration (NULL, TRUE);

  test (fixture.invocation);
  g_object_unref (fixture.invocation);
  connection_pair_free (fixture.service, fixture.client);
}

static GArray *
get (GDBusMethodInvocation *invocation, const char *handles, GError **error)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (g_variant_new_parsed (handles));

  return bts_call_files_get (invocation, value, error);
}

static void
test_all_are_had (GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) files = get (invocation, "[handle 1, 0]", &error);
  g_autoptr (GArray) none = get (invocation, "@ah []", NULL);

  g_assert_no_error (error);
  g_assert_cmpuint (files->len, ==, 2);
  g_assert_cmpuint (none->len, ==, 0);
}

static void
test_a_lost_one_is_an_error (GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (get (invocation, "[handle 0, 2]", &error));
  g_assert_nonnull (error);
}

/* What has been got before is closed by another thread. */
static void
wait_until_free (int fd)
{
  gint64 deadline = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;

  while (fcntl (fd, F_GETFD) >= 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      g_thread_yield ();
    }
}

/* The second of two must not be taken for the first. */
static void
test_of_too_few_none_is_had (GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  struct rlimit limit;
  struct rlimit low;
  int next = dup (STDIN_FILENO);

  close (next);
  g_assert_cmpint (getrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  low = (struct rlimit){ .rlim_cur = next + 1, .rlim_max = limit.rlim_max };
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &low), ==, 0);
  g_assert_null (get (invocation, "[handle 0, 1]", &error));
  g_assert_cmpint (setrlimit (RLIMIT_NOFILE, &limit), ==, 0);
  g_assert_nonnull (error);
  wait_until_free (next);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* First, while nothing else is being closed. */
  g_test_add_data_func ("/worker/call-files/of-too-few-none-is-had", test_of_too_few_none_is_had,
                        with_call);
  g_test_add_data_func ("/worker/call-files/all-are-had", test_all_are_had, with_call);
  g_test_add_data_func ("/worker/call-files/a-lost-one-is-an-error", test_a_lost_one_is_an_error,
                        with_call);

  return g_test_run ();
}
