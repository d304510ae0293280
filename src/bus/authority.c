/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/authority.h"

#include "common/bgt-error.h"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE POLKIT_NAME ".Authority"
#define ALLOW_USER_INTERACTION 1

/* Long enough for somebody to find the password. */
#define CHECK_TIMEOUT_MS (5 * 60 * 1000)

static GError *
make_denial (const char *action)
{
  return g_error_new (BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                      "The caller is not authorised for the polkit action %s", action);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  const char *action = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  gboolean is_authorized = FALSE;

  if (reply != NULL)
    g_variant_get (reply, "((bb@a{ss}))", &is_authorized, NULL, NULL);
  else
    g_message ("polkit cannot be asked, so that only root may: %s", error->message);

  if (is_authorized)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, make_denial (action));
}

/* TRUE where nobody has to be asked. */
static gboolean
is_known (BtsInvocation *call, gboolean *may)
{
  const BtsOwner *owner = call->caller->owner;

  /* What its user may do without a password is not for a sandbox to do. */
  *may = (call->bus->service.is_session || bts_owner_get_uid (owner) == 0) &&
         !bts_owner_is_sandboxed (owner);
  return *may || call->bus->service.is_session || bts_owner_is_sandboxed (owner);
}

void
bts_authority_check_async (BtsInvocation *call,
                           const char *action,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  GDBusMessage *message = g_dbus_method_invocation_get_message (call->invocation);
  gboolean is_interactive = (g_dbus_message_get_flags (message) &
                             G_DBUS_MESSAGE_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION) != 0;
  GVariantBuilder subject = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  gboolean may;

  g_task_set_source_tag (task, bts_authority_check_async);
  g_task_set_task_data (task, g_strdup (action), g_free);
  if (is_known (call, &may))
    {
      if (may)
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, make_denial (action));
      return;
    }

  g_variant_builder_add (&subject, "{sv}", "name",
                         g_variant_new_string (bts_invocation_get_sender (call)));
  g_dbus_connection_call (call->bus->service.connection, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
                          "CheckAuthorization",
                          g_variant_new ("((sa{sv})s@a{ss}us)", "system-bus-name", &subject, action,
                                         g_variant_new_array (G_VARIANT_TYPE ("{ss}"), NULL, 0),
                                         is_interactive ? ALLOW_USER_INTERACTION : 0, ""),
                          G_VARIANT_TYPE ("((bba{ss}))"), G_DBUS_CALL_FLAGS_NONE, CHECK_TIMEOUT_MS,
                          NULL, on_checked, g_steal_pointer (&task));
}

gboolean
bts_authority_check_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
