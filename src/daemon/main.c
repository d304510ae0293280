/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <gio/gio.h>
#include <glib-unix.h>

#include "common/closing.h"
#include "common/descriptor.h"
#include "daemon/configuration.h"
#include "daemon/daemon.h"

#define EXIT_USAGE 2

/* A list of ten thousand transfers goes back to the system once it is sent. */
#define MIN_MAPPED_BYTES (256 * 1024)

typedef struct
{
  gboolean is_session;
  char *config_path;  /* (owned) (nullable) */
  char *state_folder; /* (owned) (nullable) */
  char *idle_exit;    /* (owned) (nullable) */
  gboolean is_verbose;
  gboolean shows_version;
  gboolean checks_config;
} CommandLine;

static void
command_line_clear (CommandLine *line)
{
  g_clear_pointer (&line->config_path, g_free);
  g_clear_pointer (&line->state_folder, g_free);
  g_clear_pointer (&line->idle_exit, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CommandLine, command_line_clear)

typedef struct
{
  BtsDaemon *daemon; /* (unowned) */
  GMainLoop *loop;   /* (unowned) */
  int exit_status;
} Run;

static gboolean
parse_idle_exit (const char *text, int *seconds, GError **error)
{
  guint64 value;

  if (g_str_equal (text, "never"))
    {
      *seconds = BTS_IDLE_EXIT_NEVER;
      return TRUE;
    }
  if (!g_ascii_string_to_unsigned (text, 10, 0, 24 * 60 * 60, &value, NULL))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--idle-exit=%s is neither a number of seconds up to a day nor never", text);
      return FALSE;
    }
  *seconds = (int) value;
  return TRUE;
}

static gboolean
parse_command_line (CommandLine *line, int *argc, char ***argv, GError **error)
{
  const GOptionEntry entries[] = {
    { "session", 0, 0, G_OPTION_ARG_NONE, &line->is_session, "Serve the session bus, for one user",
      NULL },
    { "config", 0, 0, G_OPTION_ARG_FILENAME, &line->config_path, "Read this configuration",
      "FILE" },
    { "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &line->state_folder, "Keep the transfers here",
      "DIR" },
    { "idle-exit", 0, 0, G_OPTION_ARG_STRING, &line->idle_exit, "Exit after so long without work",
      "SECONDS|never" },
    { "verbose", 0, 0, G_OPTION_ARG_NONE, &line->is_verbose, "Log everything", NULL },
    { "version", 0, 0, G_OPTION_ARG_NONE, &line->shows_version, "Show the version and exit", NULL },
    { "check-config", 0, 0, G_OPTION_ARG_NONE, &line->checks_config,
      "Say what is wrong in the configuration and exit", NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- transfers files in the background");

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (*argc > 1)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                   "“%s” is not an option; there are no other arguments", (*argv)[1]);
      return FALSE;
    }
  return TRUE;
}

static char *
dup_config_path (const CommandLine *line)
{
  if (line->config_path != NULL)
    return g_canonicalize_filename (line->config_path, NULL);
  if (line->is_session)
    return g_build_filename (g_get_user_config_dir (), "background-transfer.conf", NULL);
  return g_build_filename (BTS_SYSCONFDIR, "background-transfer.conf", NULL);
}

static char *
dup_state_folder (const CommandLine *line)
{
  const char *from_systemd = g_getenv ("STATE_DIRECTORY");

  if (line->state_folder != NULL)
    return g_canonicalize_filename (line->state_folder, NULL);
  if (from_systemd != NULL && *from_systemd != '\0')
    {
      /* systemd separates several folders by colons; ours is the first. */
      return g_strndup (from_systemd, strcspn (from_systemd, ":"));
    }
  if (line->is_session)
    return g_build_filename (g_get_user_state_dir (), "background-transfer", NULL);
  return g_build_filename (BTS_LOCALSTATEDIR, "lib", "background-transfer", NULL);
}

static int
check_configuration (const CommandLine *line)
{
  g_autofree char *path = dup_config_path (line);
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;
  g_autoptr (BtsConfiguration) configuration =
                 bts_configuration_load (path, line->config_path != NULL, problems, &error);

  if (configuration == NULL)
    {
      g_printerr ("background-transferd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  for (guint i = 0; i < problems->len; i++)
    g_printerr ("%s\n", (const char *) problems->pdata[i]);
  return problems->len == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static gboolean
on_stop_asked (gpointer user_data)
{
  Run *run = user_data;

  g_message ("Asked to stop");
  bts_daemon_stop (run->daemon, EXIT_SUCCESS);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_reload_asked (gpointer user_data)
{
  Run *run = user_data;

  bts_daemon_reload (run->daemon);
  return G_SOURCE_CONTINUE;
}

static void
on_stopped (BtsDaemon *daemon, int exit_status, gpointer user_data)
{
  Run *run = user_data;

  run->exit_status = exit_status;
  g_main_loop_quit (run->loop);
}

static GDBusConnection *
connect_to_bus (const CommandLine *line, GError **error)
{
  GBusType type = line->is_session ? G_BUS_TYPE_SESSION : G_BUS_TYPE_SYSTEM;
  GDBusConnection *connection = g_bus_get_sync (type, NULL, error);

  if (connection == NULL)
    {
      g_prefix_error (error,
                      "The %s bus cannot be reached: ", line->is_session ? "session" : "system");
      return NULL;
    }
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  bts_connection_close_elsewhere (connection);
  return connection;
}

static int
serve (const CommandLine *line, BtsDaemonOptions *options)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = connect_to_bus (line, &error);
  g_autoptr (BtsDaemon) daemon =
                 connection != NULL ? bts_daemon_new (options, connection, &error) : NULL;
  Run run = { .daemon = daemon, .loop = loop };
  guint sources[3];

  if (daemon == NULL)
    {
      g_printerr ("background-transferd: %s\n", error->message);
      return EXIT_FAILURE;
    }
  sources[0] = g_unix_signal_add (SIGTERM, on_stop_asked, &run);
  sources[1] = g_unix_signal_add (SIGINT, on_stop_asked, &run);
  sources[2] = g_unix_signal_add (SIGHUP, on_reload_asked, &run);
  g_signal_connect (daemon, "stopped", G_CALLBACK (on_stopped), &run);
  g_main_loop_run (loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);

  /* The answers to the last calls. */
  g_dbus_connection_flush_sync (connection, NULL, NULL);
  return run.exit_status;
}

/* What it knows of its users, credentials among it, is in no core dump and for no debugger. */
static void
hide_memory (void)
{
  /* LeakSanitizer is such a debugger. */
#ifndef __SANITIZE_ADDRESS__
  /* It fails only for values that the kernel does not know. */
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int
main (int argc, char *argv[])
{
  g_auto (CommandLine) line = { 0 };
  g_autoptr (GError) error = NULL;
  g_autofree char *config_path = NULL;
  g_autofree char *state_folder = NULL;
  BtsDaemonOptions options = { 0 };

  mallopt (M_MMAP_THRESHOLD, MIN_MAPPED_BYTES);
  hide_memory ();
  bts_descriptor_raise_limit ();
  /* For file names in messages; numbers stay as the files have them. */
  setlocale (LC_CTYPE, "");
  g_set_prgname ("background-transferd");
  g_log_writer_default_set_use_stderr (TRUE);
  if (!parse_command_line (&line, &argc, &argv, &error) ||
      (line.idle_exit != NULL &&
       !parse_idle_exit (line.idle_exit, &options.idle_exit_seconds, &error)))
    {
      g_printerr ("background-transferd: %s; see background-transferd --help\n", error->message);
      return EXIT_USAGE;
    }
  if (line.shows_version)
    {
      g_print ("background-transferd %s\n", BTS_VERSION);
      return EXIT_SUCCESS;
    }
  if (line.checks_config)
    return check_configuration (&line);

  g_log_set_debug_enabled (line.is_verbose);
  config_path = dup_config_path (&line);
  state_folder = dup_state_folder (&line);
  options.is_session = line.is_session;
  options.config_path = config_path;
  options.config_must_exist = line.config_path != NULL;
  options.state_folder = state_folder;
  options.has_idle_exit = line.idle_exit != NULL;
  return serve (&line, &options);
}
