/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/context.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stdio.h>

#include "transferctl/commands.h"
#include "transferctl/text.h"

#define SERVICE "org.example.BackgroundTransfer"
#define MANAGER_PATH "/org/example/BackgroundTransfer"

void
bts_context_clear (BtsContext *self)
{
  g_clear_object (&self->manager);
  g_clear_object (&self->bus);
  g_clear_pointer (&self->arguments, g_strfreev);
}

static void
complain (const char *format, va_list values)
{
  g_autofree char *message = g_strdup_vprintf (format, values);
  g_autofree char *line = bts_text_make_printable (message);

  fprintf (stderr, "transferctl: %s\n", line);
}

void
bts_context_complain (const char *format, ...)
{
  va_list values;

  va_start (values, format);
  complain (format, values);
  va_end (values);
}

BtsExitStatus
bts_context_usage_error (BtsContext *self, const char *format, ...)
{
  va_list values;

  va_start (values, format);
  complain (format, values);
  va_end (values);
  if (self->command != NULL)
    fprintf (stderr, _ ("See “transferctl %s --help”\n"), self->command->name);
  return BTS_EXIT_USAGE;
}

gboolean
bts_context_is_unreachable (const GError *error)
{
  static const GDBusError codes[] = {
    G_DBUS_ERROR_SERVICE_UNKNOWN,
    G_DBUS_ERROR_NAME_HAS_NO_OWNER,
    G_DBUS_ERROR_NO_REPLY,
    G_DBUS_ERROR_DISCONNECTED,
    G_DBUS_ERROR_NO_SERVER,
    G_DBUS_ERROR_TIMED_OUT,
    G_DBUS_ERROR_SPAWN_EXEC_FAILED,
    G_DBUS_ERROR_SPAWN_FORK_FAILED,
    G_DBUS_ERROR_SPAWN_CHILD_EXITED,
    G_DBUS_ERROR_SPAWN_CHILD_SIGNALED,
    G_DBUS_ERROR_SPAWN_FAILED,
    G_DBUS_ERROR_SPAWN_SETUP_FAILED,
    G_DBUS_ERROR_SPAWN_CONFIG_INVALID,
    G_DBUS_ERROR_SPAWN_SERVICE_INVALID,
  };

  if (error->domain == G_IO_ERROR)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_error_matches (error, G_DBUS_ERROR, (int) codes[i]))
      return TRUE;
  return FALSE;
}

BtsExitStatus
bts_context_report (BtsContext *self, const char *what, const GError *error)
{
  if (bts_context_is_unreachable (error))
    {
      bts_context_complain (_ ("The service cannot be reached: %s"), error->message);
      return BTS_EXIT_UNREACHABLE;
    }
  if (what != NULL)
    bts_context_complain ("%s: %s", what, error->message);
  else
    bts_context_complain ("%s", error->message);
  return g_error_matches (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT) ? BTS_EXIT_USAGE
                                                                        : BTS_EXIT_FAILED;
}

BtsExitStatus
bts_context_report_lost (BtsContext *self)
{
  bts_context_complain (_ ("The service has stopped and cannot be started again"));
  return BTS_EXIT_UNREACHABLE;
}

gboolean
bts_context_parse (
    BtsContext *self, const GOptionEntry *entries, char **arguments, guint min, guint max)
{
  const GOptionEntry global_entries[] = {
    { "system", 0, 0, G_OPTION_ARG_NONE, &self->use_system,
      N_ ("Talk to the service of the system (default if it is there)"), NULL },
    { "session", 0, 0, G_OPTION_ARG_NONE, &self->use_session,
      N_ ("Talk to the service of the session"), NULL },
    { "all-users", 0, 0, G_OPTION_ARG_NONE, &self->wants_all_users,
      N_ ("See and control the operations of all users, if you may"), NULL },
    { "json", 0, 0, G_OPTION_ARG_NONE, &self->is_json, N_ ("Print JSON"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &self->is_quiet, N_ ("Print no progress and no remarks"),
      NULL },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->arguments, NULL, NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) options = g_option_context_new (self->command->parameters);
  g_auto (GStrv) copy = g_strdupv (arguments);
  g_autofree char *name = g_strconcat ("transferctl ", self->command->name, NULL);
  g_autoptr (GError) error = NULL;
  guint count;

  g_set_prgname (name);
  g_option_context_set_summary (options, _ (self->command->summary));
  g_option_context_set_translation_domain (options, GETTEXT_PACKAGE);
  if (entries != NULL)
    g_option_context_add_main_entries (options, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (options, global_entries, GETTEXT_PACKAGE);

  if (!g_option_context_parse_strv (options, &copy, &error))
    {
      bts_context_usage_error (self, "%s", error->message);
      return FALSE;
    }
  if (self->use_system && self->use_session)
    {
      bts_context_usage_error (self, _ ("--system and --session exclude each other"));
      return FALSE;
    }
  count = self->arguments != NULL ? g_strv_length (self->arguments) : 0;
  if (count < min)
    bts_context_usage_error (self, _ ("Something is missing: %s needs %s"), self->command->name,
                             self->command->parameters);
  else if (count > max)
    bts_context_usage_error (self, _ ("“%s” is too much: %s takes %s"), self->arguments[max],
                             self->command->name,
                             max > 0 ? self->command->parameters : _ ("options only"));
  return count >= min && count <= max;
}

static gboolean
has_service (GDBusConnection *connection, const char *method)
{
  g_autoptr (GVariant) reply = NULL;
  g_autofree const char **names = NULL;

  reply = g_dbus_connection_call_sync (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
      NULL, G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(^a&s)", &names);
  return g_strv_contains (names, SERVICE);
}

/* The system's bus where the service is there or can be started, else the session's. */
static GBusType
choose_bus (BtsContext *self)
{
  g_autoptr (GDBusConnection) system_bus = NULL;

  if (self->use_system)
    return G_BUS_TYPE_SYSTEM;
  if (self->use_session)
    return G_BUS_TYPE_SESSION;
  system_bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  if (system_bus == NULL)
    return G_BUS_TYPE_SESSION;
  g_dbus_connection_set_exit_on_close (system_bus, FALSE);
  return has_service (system_bus, "ListNames") || has_service (system_bus, "ListActivatableNames")
             ? G_BUS_TYPE_SYSTEM
             : G_BUS_TYPE_SESSION;
}

static BtsExitStatus
ask_for_all_users (BtsContext *self, GBusType bus_type)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = NULL;

  /* Registers the names of the service's errors: a refusal is not a service that is not there. */
  (void) BGT_ERROR;
  self->bus = g_bus_get_sync (bus_type, NULL, &error);
  if (self->bus != NULL)
    {
      g_dbus_connection_set_exit_on_close (self->bus, FALSE);
      reply = g_dbus_connection_call_sync (
          self->bus, SERVICE, MANAGER_PATH, SERVICE ".Manager", "ManageAll", NULL, NULL,
          G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, G_MAXINT, NULL, &error);
    }
  if (reply != NULL)
    return BTS_EXIT_DONE;
  g_dbus_error_strip_remote_error (error);
  return bts_context_report (self, "--all-users", error);
}

BtsExitStatus
bts_context_connect (BtsContext *self)
{
  const GBusType bus_type = choose_bus (self);
  g_autoptr (GError) error = NULL;

  if (self->wants_all_users)
    {
      BtsExitStatus status = ask_for_all_users (self, bus_type);

      if (status != BTS_EXIT_DONE)
        return status;
    }

  self->manager = bgt_manager_new_for_bus_sync (bus_type, NULL, &error);
  /* A service that is there and says no: too much is asked of it, for instance. */
  if (self->manager == NULL && error->domain == BGT_ERROR)
    return bts_context_report (self, NULL, error);
  if (self->manager == NULL)
    {
      bts_context_complain (_ ("The service cannot be reached: %s"), error->message);
      if (bus_type == G_BUS_TYPE_SYSTEM)
        fputs (_ ("Is it installed? Its log: journalctl -u background-transferd\n"), stderr);
      else
        fputs (_ ("To start one for this session: background-transferd --session\n"), stderr);
      return BTS_EXIT_UNREACHABLE;
    }
  /* A bus that goes away is an error with a message, not the end of the process. */
  g_dbus_connection_set_exit_on_close (bgt_manager_get_connection (self->manager), FALSE);
  return BTS_EXIT_DONE;
}
