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

/* Of one user. A bus lets a connection have some hundred calls unanswered, and the service has
 * others to make, while polkit may wait for a password that never comes. */
#define MAX_CHECKS_PER_USER 8

typedef struct
{
  BtsBus *bus; /* (unowned): the call that waits holds it */
  uid_t uid;
  char *action; /* (owned) */
} Check;

static void
check_free (Check *check)
{
  g_free (check->action);
  g_free (check);
}

/* Counts one more, or less, that is under way. FALSE where it would be too many. */
static gboolean
count_check (const Check *check, int change)
{
  GHashTable *checks = check->bus->authority_checks;
  gpointer key = GUINT_TO_POINTER (check->uid);
  int n_checks = GPOINTER_TO_INT (g_hash_table_lookup (checks, key)) + change;

  if (n_checks > MAX_CHECKS_PER_USER)
    return FALSE;
  if (n_checks == 0)
    g_hash_table_remove (checks, key);
  else
    g_hash_table_insert (checks, key, GINT_TO_POINTER (n_checks));

  return TRUE;
}

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
  const Check *check = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  gboolean is_authorized = FALSE;

  count_check (check, -1);
  if (reply != NULL)
    g_variant_get (reply, "((bb@a{ss}))", &is_authorized, NULL, NULL);
  else
    g_message ("polkit cannot be asked, so that only root may: %s", error->message);

  if (is_authorized)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, make_denial (check->action));
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
  Check *check = g_new0 (Check, 1);
  gboolean may;

  check->bus = call->bus;
  check->uid = bts_owner_get_uid (call->caller->owner);
  check->action = g_strdup (action);
  g_task_set_source_tag (task, bts_authority_check_async);
  g_task_set_task_data (task, check, (GDestroyNotify) check_free);
  if (is_known (call, &may))
    {
      if (may)
        g_task_return_boolean (task, TRUE);
      else
        g_task_return_error (task, make_denial (action));
      return;
    }
  if (!count_check (check, 1))
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                               "polkit is being asked about %d calls of this user already",
                               MAX_CHECKS_PER_USER);
      return;
    }

  /* Somebody may have to find the password first, and their other programs do not wait for it. */
  g_clear_pointer (&call->turn, bts_call_turn_end);
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
