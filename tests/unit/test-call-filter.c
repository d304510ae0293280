/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-filter.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "bus/call-size.h"
#include "common/bgt-error.h"
#include "common/names.h"
#include "fakes/connection-pair.h"

#define MAX_DESCRIPTORS 4

/* Calls that have reached the object, none of which is answered yet. */
typedef struct
{
  GDBusConnection *service;
  GDBusConnection *client;
  BtsCallFilter *filter;
  GPtrArray *calls; /* (element-type GDBusMethodInvocation) */
  guint n_called;
  guint n_introspected;
} Fixture;

static const char xml[] = "<node><interface name='a.b'><method name='C'/></interface></node>";

static void
on_call (GDBusMethodInvocation *invocation, gpointer user_data)
{
  g_ptr_array_add (((Fixture *) user_data)->calls, invocation);
}

static void
on_introspected (GDBusMessage *message, gpointer user_data)
{
  ((Fixture *) user_data)->n_introspected++;
}

static void
on_called (const char *name, guint n_calls, gpointer user_data)
{
  if (g_str_equal (name, ":1.1"))
    ((Fixture *) user_data)->n_called += n_calls;
}

static const BtsCallFilterHooks hooks = { on_introspected, on_called };

static void
with_filter (gconstpointer data)
{
  void (*test) (Fixture * fixture) = data;
  Fixture fixture = { 0 };

  connection_pair_new (&fixture.service, &fixture.client);
  fixture.calls = g_ptr_array_new_with_free_func (g_object_unref);
  fixture.filter = bts_call_filter_new (fixture.service, MAX_DESCRIPTORS, &hooks, &fixture);
  connection_pair_serve (fixture.service, BGT_OBJECT_PATH, xml, on_call, &fixture);
  test (&fixture);
  g_ptr_array_unref (fixture.calls);
  bts_call_filter_free (fixture.filter);
  connection_pair_free (fixture.service, fixture.client);
}

static void
call_from (Fixture *fixture,
           const char *sender,
           const char *interface,
           const char *method,
           guint n_descriptors)
{
  g_autoptr (GDBusMessage) message =
                 g_dbus_message_new_method_call (NULL, BGT_OBJECT_PATH, interface, method);
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  for (guint i = 0; i < n_descriptors; i++)
    g_assert_cmpint (g_unix_fd_list_append (fds, STDERR_FILENO, NULL), >=, 0);
  if (n_descriptors > 0)
    g_dbus_message_set_unix_fd_list (message, fds);
  g_dbus_message_set_sender (message, sender);
  g_assert_true (g_dbus_connection_send_message (fixture->client, message,
                                                 G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
}

static void
call (Fixture *fixture, const char *interface, const char *method, guint n_descriptors)
{
  call_from (fixture, ":1.1", interface, method, n_descriptors);
}

static void
wait_for_calls (Fixture *fixture, guint n)
{
  while (fixture->calls->len < n)
    g_main_context_iteration (NULL, TRUE);
}

static guint
count_descriptors (Fixture *fixture, guint i)
{
  GDBusMessage *message = g_dbus_method_invocation_get_message (fixture->calls->pdata[i]);

  return g_unix_fd_list_get_length (g_dbus_message_get_unix_fd_list (message));
}

static void
test_of_too_many_descriptors_none_is_kept (Fixture *fixture)
{
  call (fixture, "a.b", "C", 3);
  call (fixture, "a.b", "C", 2);
  call (fixture, "a.b", "C", 1);
  wait_for_calls (fixture, 3);
  g_assert_cmpuint (count_descriptors (fixture, 0), ==, 3);
  g_assert_cmpuint (count_descriptors (fixture, 1), ==, 0);
  g_assert_cmpuint (count_descriptors (fixture, 2), ==, 1);

  g_ptr_array_set_size (fixture->calls, 0);
  call (fixture, "a.b", "C", MAX_DESCRIPTORS);
  wait_for_calls (fixture, 1);
  g_assert_cmpuint (count_descriptors (fixture, 0), ==, MAX_DESCRIPTORS);
}

static void
test_the_ignored_reach_nobody (Fixture *fixture)
{
  call (fixture, "a.b", "C", 0);
  wait_for_calls (fixture, 1);
  g_assert_cmpuint (fixture->n_called, ==, 1);
  bts_call_filter_ignore (fixture->filter, ":1.1", TRUE);
  call (fixture, "a.b", "C", 0);
  call (fixture, "org.freedesktop.DBus.Introspectable", "Introspect", 0);
  /* What has come after those shows that they have been looked at. */
  call_from (fixture, ":1.2", "a.b", "C", 0);
  wait_for_calls (fixture, 2);
  g_assert_cmpstr (g_dbus_method_invocation_get_sender (fixture->calls->pdata[1]), ==, ":1.2");
  g_assert_cmpuint (fixture->n_called, ==, 1);
  g_assert_cmpuint (fixture->n_introspected, ==, 0);
  bts_call_filter_ignore (fixture->filter, ":1.1", FALSE);
  call (fixture, "org.freedesktop.DBus.Introspectable", "Introspect", 0);
  while (fixture->n_introspected == 0)
    g_main_context_iteration (NULL, TRUE);
}

static void
test_many_calls_are_counted_together (Fixture *fixture)
{
  for (guint i = 0; i < 200; i++)
    call (fixture, "a.b", "C", 0);
  wait_for_calls (fixture, 200);
  g_assert_cmpuint (fixture->n_called, >=, 129);
  g_assert_cmpuint (fixture->n_called, <=, 200);
}

static GVariant *
new_texts (guint n)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  for (guint i = 0; i < n; i++)
    g_variant_builder_add (&builder, "s", "x");

  return g_variant_ref_sink (g_variant_new ("(as)", &builder));
}

static void
test_values_are_counted (Fixture *fixture)
{
  g_autoptr (GVariant) texts = new_texts (1000);
  g_autoptr (GVariant) nested =
                 g_variant_ref_sink (g_variant_new_parsed ("({'a': <@aau [[1], []]>},)"));
  g_autoptr (GVariant) bytes = g_variant_ref_sink (
      g_variant_new ("(v)", g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, xml, sizeof xml, 1)));

  g_assert_false (bts_call_has_more_values (NULL, 0));
  g_assert_false (bts_call_has_more_values (texts, 1002));
  g_assert_true (bts_call_has_more_values (texts, 1001));
  g_assert_false (bts_call_has_more_values (nested, 9));
  g_assert_true (bts_call_has_more_values (nested, 8));
  g_assert_false (bts_call_has_more_values (bytes, 3));
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GDBusMessage **) user_data =
      g_dbus_connection_send_message_with_reply_finish (G_DBUS_CONNECTION (source), result, NULL);
}

static GDBusMessage *
new_large_call (void)
{
  g_autoptr (GVariant) texts = new_texts (BTS_MAX_CALL_VALUES);
  GDBusMessage *message = g_dbus_message_new_method_call (NULL, BGT_OBJECT_PATH, "a.b", "C");

  g_dbus_message_set_sender (message, ":1.1");
  g_dbus_message_set_body (message, texts);
  return message;
}

static void
test_of_too_many_values_are_refused (Fixture *fixture)
{
  g_autoptr (GDBusMessage) message = new_large_call ();
  g_autoptr (GDBusMessage) answer = NULL;

  g_dbus_connection_send_message_with_reply (
      fixture->client, message, G_DBUS_SEND_MESSAGE_FLAGS_NONE, -1, NULL, NULL, on_answer, &answer);
  while (answer == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpstr (g_dbus_message_get_error_name (answer), ==,
                   "org.example.BackgroundTransfer.Error.LimitExceeded");
  g_assert_cmpuint (fixture->calls->len, ==, 0);
}

static GDBusMessage *
count_message (GDBusConnection *connection,
               GDBusMessage *message,
               gboolean is_incoming,
               gpointer user_data)
{
  if (is_incoming)
    g_atomic_int_inc ((int *) user_data);

  return message;
}

static void
send_unanswered (Fixture *fixture, GDBusMessage *message)
{
  g_dbus_message_set_sender (message, ":1.1");
  g_dbus_message_set_flags (message, G_DBUS_MESSAGE_FLAGS_NO_REPLY_EXPECTED);
  g_assert_true (g_dbus_connection_send_message (fixture->client, message,
                                                 G_DBUS_SEND_MESSAGE_FLAGS_NONE, NULL, NULL));
}

static void
test_nobody_is_answered_who_does_not_wait (Fixture *fixture)
{
  g_autoptr (GDBusMessage) large = new_large_call ();
  g_autoptr (GDBusMessage) introspect = g_dbus_message_new_method_call (
      NULL, BGT_OBJECT_PATH, "org.freedesktop.DBus.Introspectable", "Introspect");
  g_autoptr (GDBusMessage) last = new_large_call ();
  g_autoptr (GDBusMessage) answer = NULL;
  int n_messages = 0;

  g_dbus_connection_add_filter (fixture->client, count_message, &n_messages, NULL);
  send_unanswered (fixture, large);
  send_unanswered (fixture, introspect);
  g_dbus_connection_send_message_with_reply (fixture->client, last, G_DBUS_SEND_MESSAGE_FLAGS_NONE,
                                             -1, NULL, NULL, on_answer, &answer);
  while (answer == NULL)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (g_atomic_int_get (&n_messages), ==, 1);
  g_assert_cmpuint (fixture->n_introspected, ==, 0);
}

static const struct
{
  const char *path;
  void (*test) (Fixture *fixture);
} tests[] = {
  { "of-too-many-descriptors-none-is-kept", test_of_too_many_descriptors_none_is_kept },
  { "the-ignored-reach-nobody", test_the_ignored_reach_nobody },
  { "many-calls-are-counted-together", test_many_calls_are_counted_together },
  { "values-are-counted", test_values_are_counted },
  { "of-too-many-values-are-refused", test_of_too_many_values_are_refused },
  { "nobody-is-answered-who-does-not-wait", test_nobody_is_answered_who_does_not_wait },
};

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strconcat ("/bus/call-filter/", tests[i].path, NULL);

      g_test_add_data_func (path, tests[i].test, with_filter);
    }

  return g_test_run ();
}
