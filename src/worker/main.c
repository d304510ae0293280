/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <gio/gunixconnection.h>
#include <gio/gunixsocketaddress.h>
#include <locale.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "common/closing.h"
#include "common/descriptor.h"
#include "worker/privileges.h"
#include "worker/worker.h"

/* Each thread would otherwise keep for itself what it needed for a moment, 8 MiB after the look at
 * a certificate; and large buffers go back to the system when they are freed. */
#define MAX_ARENAS 2
#define MIN_MAPPED_BYTES (256 * 1024)

enum
{
  EXIT_STATUS_FAILED = 1,
  EXIT_STATUS_USAGE = 2,
};

static int option_fd = -1;
static char *option_socket;
static gint64 option_uid = -1;
static gboolean option_allow_root;
static gboolean option_version;

static const GOptionEntry options[] = {
  { "fd", 0, 0, G_OPTION_ARG_INT, &option_fd, "The daemon's socket", "N" },
  { "socket", 0, 0, G_OPTION_ARG_FILENAME, &option_socket, "Where the daemon listens", "PATH" },
  { "uid", 0, 0, G_OPTION_ARG_INT64, &option_uid, "Become this user first", "N" },
  { "allow-root", 0, 0, G_OPTION_ARG_NONE, &option_allow_root, "Run as root", NULL },
  { "version", 0, 0, G_OPTION_ARG_NONE, &option_version, "Print the version", NULL },
  { NULL }
};

static gboolean
parse_options (int *argc, char ***argv, GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_set_summary (context, "Transfers files for one user; started by "
                                         "background-transferd.");
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, argc, argv, error))
    return FALSE;
  if (option_version)
    return TRUE;
  if (*argc > 1 || (option_fd < 0) == (option_socket == NULL) || option_uid < -1 ||
      option_uid >= G_MAXUINT32)
    {
      g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                           "either --fd=N is needed, the socket that the daemon has passed on, or "
                           "--socket=PATH; this program is not started by hand");
      return FALSE;
    }
  return TRUE;
}

#ifdef __SANITIZE_ADDRESS__
/* As at an ordinary exit. LeakSanitizer is a debugger, and may outlive the daemon. */
static void
find_leaks (void)
{
  prctl (PR_SET_PDEATHSIG, 0);
  prctl (PR_SET_DUMPABLE, 1, 0, 0, 0);
  __lsan_do_leak_check ();
}
#endif

/* What has not been saved comes again; threads in the middle of something cannot harm that. */
static void
on_closed (GDBusConnection *connection, gboolean remote_peer_vanished, GError *error, gpointer data)
{
#ifdef __SANITIZE_ADDRESS__
  find_leaks ();
#endif
  _exit (EXIT_SUCCESS);
}

/* The descriptor that the daemon has passed on. */
static GSocketConnection *
take_stream (int fd, GError **error)
{
  g_autoptr (GSocket) socket = NULL;

  if (fcntl (fd, F_SETFD, FD_CLOEXEC) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "%d is not a descriptor", fd);
      return NULL;
    }
  socket = g_socket_new_from_fd (fd, error);
  return socket != NULL ? g_socket_connection_factory_create_connection (socket) : NULL;
}

static GSocketConnection *
open_stream (const char *path, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);

  return g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, error);
}

static GDBusConnection *
connect_to_daemon (GError **error)
{
  g_autoptr (GSocketConnection) stream = option_socket != NULL ? open_stream (option_socket, error)
                                                               : take_stream (option_fd, error);
  GDBusConnection *connection;

  if (stream == NULL)
    return NULL;
#ifdef __SANITIZE_ADDRESS__
  /* GDBus leaks the first mechanism, EXTERNAL, where the daemon is another user. */
  __lsan_disable ();
#endif
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
                                               G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                           NULL, NULL, error);
#ifdef __SANITIZE_ADDRESS__
  __lsan_enable ();
#endif
  return connection;
}

/* Before GIO looks, and before there are threads. A service that is not of the user's session has
 * no settings of that user, and no proxy of its own. */
static void
prepare_environment (void)
{
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  if (option_socket == NULL)
    return;
  g_setenv ("GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
}

static gboolean
prepare_process (GError **error)
{
  if (option_uid >= 0 && !bts_privileges_become ((uid_t) option_uid, error))
    return FALSE;
  if (geteuid () == 0 && !option_allow_root)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                           "Files are transferred as a user, not as root");
      return FALSE;
    }
  /* The closed socket ends a worker that runs; this ends one that hangs or is stopped, before it
   * wakes up beside its successor. After the change of user, which would undo it. */
  if (option_fd >= 0)
    prctl (PR_SET_PDEATHSIG, SIGKILL);
  return bts_privileges_lock (error);
}

static gboolean
run (GError **error)
{
  g_autoptr (GDBusConnection) connection = NULL;
  g_autoptr (BtsWorker) worker = NULL;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  mallopt (M_ARENA_MAX, MAX_ARENAS);
  mallopt (M_MMAP_THRESHOLD, MIN_MAPPED_BYTES);
  if (!prepare_process (error))
    return FALSE;
  connection = connect_to_daemon (error);
  if (connection == NULL)
    return FALSE;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  bts_connection_close_elsewhere (connection);
  g_signal_connect (connection, "closed", G_CALLBACK (on_closed), NULL);
  worker = bts_worker_new (connection, error);
  if (worker == NULL)
    return FALSE;
  g_dbus_connection_start_message_processing (connection);
  g_main_loop_run (loop);
  return TRUE;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  /* A file beyond the user's limit is an error of that file (EFBIG), not the end of all jobs. */
  signal (SIGXFSZ, SIG_IGN);
  bts_descriptor_raise_limit ();
  g_set_prgname ("background-transfer-worker");
  if (!parse_options (&argc, &argv, &error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return EXIT_STATUS_USAGE;
    }
  if (option_version)
    {
      g_print ("background-transfer-worker %s\n", BTS_VERSION);
      return EXIT_SUCCESS;
    }
  prepare_environment ();
  if (!run (&error))
    {
      g_printerr ("%s: %s\n", g_get_prgname (), error->message);
      return EXIT_STATUS_FAILED;
    }
  return EXIT_SUCCESS;
}
