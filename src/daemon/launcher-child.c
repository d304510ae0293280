/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/launcher-child.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixconnection.h>

#include "common/bgt-error.h"

#define WORKER_NAME "background-transfer-worker"
#define WORKER_FD 3

struct _BtsLauncherChild
{
  GObject parent;

  char *program; /* (owned) */
  gboolean is_session;
  guint last_id;
  GHashTable *children; /* (owned) (element-type guint GSubprocess) */
};

static void bts_launcher_child_launcher_init (BtsWorkerLauncherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsLauncherChild,
                               bts_launcher_child,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_WORKER_LAUNCHER,
                                                      bts_launcher_child_launcher_init))

typedef struct
{
  const char *name; /* with a `*` at its end: all that begin so */
  gboolean in_session_only;
} EnvironmentRow;

/* What a worker inherits; everything else stays here. */
static const EnvironmentRow environment_rows[] = {
  { "PATH", FALSE },
  { "LANG*", FALSE },
  { "LC_*", FALSE },
  { "TZ", FALSE },
  { "G_MESSAGES_DEBUG", FALSE },
  { "G_DEBUG", FALSE },
  { "G_SLICE", FALSE },
  { "ASAN_OPTIONS", FALSE },
  { "UBSAN_OPTIONS", FALSE },
  { "LSAN_OPTIONS", FALSE },
  { "HOME", TRUE },
  { "USER", TRUE },
  { "LOGNAME", TRUE },
  { "XDG_*", TRUE },
  { "http_proxy", TRUE },
  { "https_proxy", TRUE },
  { "ftp_proxy", TRUE },
  { "all_proxy", TRUE },
  { "no_proxy", TRUE },
  { "HTTP_PROXY", TRUE },
  { "HTTPS_PROXY", TRUE },
  { "FTP_PROXY", TRUE },
  { "ALL_PROXY", TRUE },
  { "NO_PROXY", TRUE },
  { "GSETTINGS_BACKEND", TRUE },
  { "KRB5CCNAME", TRUE },
  { "KRB5_CONFIG", TRUE },
};

typedef struct
{
  GSubprocess *process;          /* (owned) */
  GSocketConnection *connection; /* (owned) */
} Launch;

static void
launch_free (Launch *launch)
{
  g_clear_object (&launch->process);
  g_clear_object (&launch->connection);
  g_free (launch);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Launch, launch_free)

static gboolean
matches (const char *pattern, const char *name)
{
  if (g_str_has_suffix (pattern, "*"))
    return strncmp (pattern, name, strlen (pattern) - 1) == 0;
  return g_str_equal (pattern, name);
}

static gboolean
is_inherited (const char *name, gboolean is_session)
{
  for (gsize i = 0; i < G_N_ELEMENTS (environment_rows); i++)
    {
      if (matches (environment_rows[i].name, name))
        return is_session || !environment_rows[i].in_session_only;
    }
  return FALSE;
}

static char **
build_environment (gboolean is_session)
{
  g_auto (GStrv) names = g_listenv ();
  char **environment = NULL;

  for (char **name = names; *name != NULL; name++)
    {
      if (is_inherited (*name, is_session))
        environment = g_environ_setenv (environment, *name, g_getenv (*name), TRUE);
    }
  /* A user who is not logged in has no settings service, and need not have a home. */
  if (!is_session)
    {
      environment = g_environ_setenv (environment, "GSETTINGS_BACKEND", "memory", TRUE);
      environment = g_environ_setenv (environment, "GIO_USE_PROXY_RESOLVER", "dummy", TRUE);
    }
  return g_environ_setenv (environment, "GIO_USE_VFS", "local", TRUE);
}

static char **
build_arguments (BtsLauncherChild *self, uid_t uid)
{
  g_autoptr (GStrvBuilder) arguments = g_strv_builder_new ();
  g_autofree char *fd_option = g_strdup_printf ("--fd=%d", WORKER_FD);
  g_autofree char *uid_option = g_strdup_printf ("--uid=%u", uid);

  g_strv_builder_add_many (arguments, self->program, fd_option, NULL);
  if (geteuid () == 0)
    g_strv_builder_add (arguments, uid_option);
  if (uid == 0)
    g_strv_builder_add (arguments, "--allow-root");
  return g_strv_builder_end (arguments);
}

/* Our end of the pair; @their_fd is set to the worker's. */
static GSocketConnection *
create_connection (int *their_fd, GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_FAILED, "No socket for a worker: %s",
                   g_strerror (errno));
      return NULL;
    }
  socket = g_socket_new_from_fd (fds[0], error);
  if (socket == NULL)
    {
      close (fds[0]);
      close (fds[1]);
      return NULL;
    }
  *their_fd = fds[1];
  return g_socket_connection_factory_create_connection (socket);
}

static Launch *
launch (BtsLauncherChild *self, uid_t uid, GError **error)
{
  g_autoptr (Launch) result = g_new0 (Launch, 1);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_auto (GStrv) arguments = build_arguments (self, uid);
  g_auto (GStrv) environment = build_environment (self->is_session);
  int their_fd = -1;

  if (geteuid () != 0 && uid != geteuid ())
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                   "A service of user %u cannot run a worker of user %u; that takes the system "
                   "service",
                   geteuid (), uid);
      return NULL;
    }
  result->connection = create_connection (&their_fd, error);
  if (result->connection == NULL)
    return NULL;

  g_subprocess_launcher_set_environ (launcher, environment);
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_take_fd (launcher, their_fd, WORKER_FD);
  result->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, error);
  if (result->process == NULL)
    {
      g_prefix_error (error, "The worker cannot be started: ");
      return NULL;
    }
  return g_steal_pointer (&result);
}

static void
bts_launcher_child_launch_async (BtsWorkerLauncher *launcher,
                                 uid_t uid,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  BtsLauncherChild *self = BTS_LAUNCHER_CHILD (launcher);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;
  Launch *result;

  g_task_set_source_tag (task, bts_launcher_child_launch_async);
  g_task_set_check_cancellable (task, FALSE);
  result = launch (self, uid, &error);
  if (result == NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_pointer (task, result, (GDestroyNotify) launch_free);
}

typedef struct
{
  BtsLauncherChild *launcher; /* (owned) */
  guint worker_id;
} Wait;

static void
log_exit (GSubprocess *process, guint worker_id)
{
  if (g_subprocess_get_if_signaled (process))
    g_message ("Worker %u was ended by signal %d", worker_id, g_subprocess_get_term_sig (process));
  else if (g_subprocess_get_exit_status (process) != 0)
    g_message ("Worker %u ended with status %d", worker_id, g_subprocess_get_exit_status (process));
  else
    g_debug ("Worker %u has ended", worker_id);
}

static void
on_exited (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GSubprocess *process = G_SUBPROCESS (source);
  g_autofree Wait *wait = user_data;
  g_autoptr (BtsLauncherChild) self = wait->launcher;

  /* Without a cancellable this cannot fail. */
  g_subprocess_wait_finish (process, result, NULL);
  log_exit (process, wait->worker_id);
  g_hash_table_remove (self->children, GUINT_TO_POINTER (wait->worker_id));
  bts_worker_launcher_emit_exited (BTS_WORKER_LAUNCHER (self), wait->worker_id);
}

static GSocketConnection *
bts_launcher_child_launch_finish (BtsWorkerLauncher *launcher,
                                  GAsyncResult *result,
                                  guint *worker_id,
                                  GError **error)
{
  BtsLauncherChild *self = BTS_LAUNCHER_CHILD (launcher);
  g_autoptr (Launch) launched = g_task_propagate_pointer (G_TASK (result), error);
  Wait *wait;

  if (launched == NULL)
    return NULL;

  *worker_id = ++self->last_id;
  g_debug ("Worker %u is process %s", *worker_id, g_subprocess_get_identifier (launched->process));
  g_hash_table_insert (self->children, GUINT_TO_POINTER (*worker_id),
                       g_object_ref (launched->process));
  wait = g_new0 (Wait, 1);
  wait->launcher = g_object_ref (self);
  wait->worker_id = *worker_id;
  g_subprocess_wait_async (launched->process, NULL, on_exited, wait);
  return g_steal_pointer (&launched->connection);
}

static void
bts_launcher_child_stop (BtsWorkerLauncher *launcher, guint worker_id)
{
  BtsLauncherChild *self = BTS_LAUNCHER_CHILD (launcher);
  GSubprocess *process = g_hash_table_lookup (self->children, GUINT_TO_POINTER (worker_id));

  if (process != NULL)
    g_subprocess_force_exit (process);
}

static void
bts_launcher_child_launcher_init (BtsWorkerLauncherInterface *iface)
{
  iface->launch_async = bts_launcher_child_launch_async;
  iface->launch_finish = bts_launcher_child_launch_finish;
  iface->stop = bts_launcher_child_stop;
}

static void
bts_launcher_child_finalize (GObject *object)
{
  BtsLauncherChild *self = BTS_LAUNCHER_CHILD (object);

  g_clear_pointer (&self->children, g_hash_table_unref);
  g_clear_pointer (&self->program, g_free);
  G_OBJECT_CLASS (bts_launcher_child_parent_class)->finalize (object);
}

static void
bts_launcher_child_class_init (BtsLauncherChildClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_launcher_child_finalize;
}

static void
bts_launcher_child_init (BtsLauncherChild *self)
{
  self->children = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
}

/* The worker that belongs to the daemon whose executable is @daemon_path (nullable): that of the
 * same build tree, or of the same installation. */
static char *
find_worker (const char *daemon_path)
{
  g_autofree char *folder = NULL;
  g_autofree char *in_build_tree = NULL;

  if (daemon_path == NULL)
    return g_build_filename (BTS_LIBEXECDIR, WORKER_NAME, NULL);

  folder = g_path_get_dirname (daemon_path);
  in_build_tree = g_build_filename (folder, "..", "worker", WORKER_NAME, NULL);
  if (g_file_test (in_build_tree, G_FILE_TEST_IS_EXECUTABLE))
    return g_steal_pointer (&in_build_tree);
  if (g_str_has_suffix (folder, BTS_BINDIR))
    {
      /* Installed below another root than the one that was configured. */
      folder[strlen (folder) - strlen (BTS_BINDIR)] = '\0';
      return g_build_filename (folder, BTS_LIBEXECDIR, WORKER_NAME, NULL);
    }
  return g_build_filename (BTS_LIBEXECDIR, WORKER_NAME, NULL);
}

BtsWorkerLauncher *
bts_launcher_child_new (const char *program, gboolean is_session)
{
  BtsLauncherChild *self = g_object_new (BTS_TYPE_LAUNCHER_CHILD, NULL);
  g_autofree char *daemon_path = g_file_read_link ("/proc/self/exe", NULL);

  self->is_session = is_session;
  self->program = program != NULL ? g_strdup (program) : find_worker (daemon_path);
  return BTS_WORKER_LAUNCHER (self);
}
