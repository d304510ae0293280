/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/launcher-systemd.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "daemon/worker-socket.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define MAX_CANDIDATES 16

/* Known since its launch was finished. */
typedef struct
{
  BtsLauncherSystemd *launcher; /* (unowned) */
  guint id;
  char *unit; /* (owned) */
  int pidfd;  /* (owned) */
  guint source_id;
} Worker;

/* Asked for, and not yet connected. */
typedef struct
{
  char *unit;                /* (owned) */
  BtsWorkerSocket *socket;   /* (owned) (nullable): as long as it is awaited */
  GSocketConnection *stream; /* (owned) (nullable): once it has come */
  int pidfd;                 /* (owned) */
  uid_t uid;
  guint n_candidates;
  gulong cancelled_id;
} Launch;

struct _BtsLauncherSystemd
{
  GObject parent;

  GDBusConnection *bus; /* (owned) */
  char *folder;         /* (owned): of the sockets of workers that are awaited */
  guint job_subscription_id;
  GHashTable *launches; /* (owned) (element-type uid_t GTask) */
  GHashTable *workers;  /* (owned) (element-type guint Worker) */
  guint last_id;
};

/* A connection whose process is being compared with the unit's. */
typedef struct
{
  GTask *task;     /* (owned): the launch */
  GSocket *socket; /* (owned) */
  pid_t pid;
  int pidfd; /* (owned) */
} Candidate;

static void bts_launcher_systemd_launcher_init (BtsWorkerLauncherInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsLauncherSystemd,
                               bts_launcher_systemd,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_WORKER_LAUNCHER,
                                                      bts_launcher_systemd_launcher_init))

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
launch_free (Launch *launch)
{
  g_free (launch->unit);
  g_clear_pointer (&launch->socket, bts_worker_socket_free);
  g_clear_object (&launch->stream);
  close_fd (&launch->pidfd);
  g_free (launch);
}

static void
worker_free (Worker *worker)
{
  g_clear_handle_id (&worker->source_id, g_source_remove);
  close_fd (&worker->pidfd);
  g_free (worker->unit);
  g_free (worker);
}

static void
candidate_free (Candidate *candidate)
{
  g_object_unref (candidate->task);
  g_object_unref (candidate->socket);
  close_fd (&candidate->pidfd);
  g_free (candidate);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Candidate, candidate_free)

/* Talking to systemd */

static void
on_unit_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree char *unit = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  /* It ends by itself when its socket is closed. */
  if (reply == NULL)
    g_message ("%s could not be stopped: %s", unit, error->message);
}

static void
call_manager (BtsLauncherSystemd *self,
              const char *method,
              GVariant *arguments,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  g_dbus_connection_call (self->bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, method, arguments,
                          NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, callback, user_data);
}

static void
stop_unit (BtsLauncherSystemd *self, const char *unit)
{
  call_manager (self, "StopUnit", g_variant_new ("(ss)", unit, "replace"), on_unit_stopped,
                g_strdup (unit));
}

/* systemd's own escaping of object paths. */
static char *
build_unit_path (const char *unit)
{
  g_autoptr (GString) path = g_string_new (SYSTEMD_PATH "/unit/");

  for (const char *p = unit; *p != '\0'; p++)
    {
      if (g_ascii_isalnum (*p))
        g_string_append_c (path, *p);
      else
        g_string_append_printf (path, "_%02x", (unsigned char) *p);
    }
  return g_string_free (g_steal_pointer (&path), FALSE);
}

/* Launches that are under way */

/* Takes the launch out of the table; the caller returns its result. NULL where it is not awaited
 * any more. */
static GTask *
steal_launch (BtsLauncherSystemd *self, GTask *task)
{
  Launch *launch = g_task_get_task_data (task);
  gpointer stolen = NULL;

  if (g_hash_table_lookup (self->launches, GUINT_TO_POINTER (launch->uid)) != task)
    return NULL;
  g_hash_table_steal_extended (self->launches, GUINT_TO_POINTER (launch->uid), NULL, &stolen);
  if (launch->cancelled_id != 0)
    g_signal_handler_disconnect (g_task_get_cancellable (task), launch->cancelled_id);
  launch->cancelled_id = 0;
  g_clear_pointer (&launch->socket, bts_worker_socket_free);
  return stolen;
}

/* Takes @error. */
static void
fail_launch (BtsLauncherSystemd *self, GTask *task, GError *error)
{
  g_autoptr (GTask) stolen = steal_launch (self, task);

  if (stolen != NULL)
    g_task_return_error (stolen, error);
  else
    g_error_free (error);
}

static void
return_cancelled (gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Launch *launch = g_task_get_task_data (task);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s has not come in time",
                           launch->unit);
}

static void
on_cancelled (GCancellable *cancellable, GTask *task)
{
  BtsLauncherSystemd *self = g_task_get_source_object (task);
  Launch *launch = g_task_get_task_data (task);
  GTask *stolen = steal_launch (self, task);

  if (stolen == NULL)
    return;
  stop_unit (self, launch->unit);
  /* Not from within the cancelling. */
  g_idle_add_once (return_cancelled, stolen);
}

static void
on_unit_asked_for (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = G_TASK (user_data);
  Launch *launch = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply != NULL)
    return;
  g_dbus_error_strip_remote_error (error);
  g_prefix_error (&error, "systemd does not start %s: ", launch->unit);
  fail_launch (g_task_get_source_object (task), task, error);
}

static void
on_job_removed (GDBusConnection *bus,
                const char *sender,
                const char *object_path,
                const char *interface_name,
                const char *signal_name,
                GVariant *parameters,
                gpointer user_data)
{
  BtsLauncherSystemd *self = user_data;
  GHashTableIter iter;
  GTask *task;
  const char *unit, *outcome;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(uoss)")))
    return;
  g_variant_get (parameters, "(u&o&s&s)", NULL, NULL, &unit, &outcome);
  /* A canceled job is one that ours has replaced. */
  if (g_str_equal (outcome, "done") || g_str_equal (outcome, "canceled"))
    return;
  g_hash_table_iter_init (&iter, self->launches);
  while (g_hash_table_iter_next (&iter, NULL, (gpointer *) &task))
    {
      Launch *launch = g_task_get_task_data (task);

      if (!g_str_equal (launch->unit, unit))
        continue;
      fail_launch (
          self, task,
          g_error_new (BGT_ERROR, BGT_ERROR_FAILED, "%s could not be started (%s)", unit, outcome));
      return;
    }
}

/* Who connects */

static void
take_candidate (BtsLauncherSystemd *self, Candidate *candidate)
{
  Launch *launch = g_task_get_task_data (candidate->task);
  g_autoptr (GTask) stolen = steal_launch (self, candidate->task);

  if (stolen == NULL)
    return;
  launch->stream = g_socket_connection_factory_create_connection (candidate->socket);
  launch->pidfd = candidate->pidfd;
  candidate->pidfd = -1;
  g_task_return_boolean (stolen, TRUE);
}

static void
on_main_pid (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (Candidate) candidate = user_data;
  Launch *launch = g_task_get_task_data (candidate->task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) value = NULL;

  launch->n_candidates--;
  if (reply == NULL)
    {
      fail_launch (g_task_get_source_object (candidate->task), candidate->task,
                   g_steal_pointer (&error));
      return;
    }
  g_variant_get (reply, "(v)", &value);
  /* The descriptor is older than the answer, so both mean the same process. */
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) &&
      (pid_t) g_variant_get_uint32 (value) == candidate->pid)
    take_candidate (g_task_get_source_object (candidate->task), candidate);
  else
    g_message ("Process %d is not that of %s and is sent away", (int) candidate->pid, launch->unit);
}

static void
on_connected (GSocket *socket, pid_t pid, gpointer user_data)
{
  GTask *task = user_data;
  BtsLauncherSystemd *self = g_task_get_source_object (task);
  Launch *launch = g_task_get_task_data (task);
  g_autofree char *path = build_unit_path (launch->unit);
  Candidate *candidate;
  int pidfd;

  if (launch->n_candidates >= MAX_CANDIDATES)
    {
      g_debug ("Too many connect in the place of %s, process %d is sent away", launch->unit,
               (int) pid);
      return;
    }
  pidfd = (int) syscall (SYS_pidfd_open, pid, 0);
  if (pidfd < 0)
    {
      g_message ("Process %d has gone, or cannot be watched: %s", (int) pid, g_strerror (errno));
      return;
    }
  candidate = g_new0 (Candidate, 1);
  candidate->task = g_object_ref (task);
  candidate->socket = g_object_ref (socket);
  candidate->pid = pid;
  candidate->pidfd = pidfd;
  launch->n_candidates++;
  g_dbus_connection_call (self->bus, SYSTEMD_NAME, path, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", "org.freedesktop.systemd1.Service", "MainPID"),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_main_pid,
                          candidate);
}

/* Without the signals a failed start shows only by its time. */
static void
subscribe_to_jobs (BtsLauncherSystemd *self)
{
  if (self->job_subscription_id != 0)
    return;
  self->job_subscription_id = g_dbus_connection_signal_subscribe (
      self->bus, SYSTEMD_NAME, SYSTEMD_MANAGER, "JobRemoved", SYSTEMD_PATH, NULL,
      G_DBUS_SIGNAL_FLAGS_NONE, on_job_removed, self, NULL);
  call_manager (self, "Subscribe", NULL, NULL, NULL);
}

static void
bts_launcher_systemd_launch_async (BtsWorkerLauncher *launcher,
                                   uid_t uid,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  BtsLauncherSystemd *self = BTS_LAUNCHER_SYSTEMD (launcher);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Launch *launch = g_new0 (Launch, 1);
  GError *error = NULL;

  g_task_set_source_tag (task, bts_launcher_systemd_launch_async);
  g_task_set_check_cancellable (task, FALSE);
  launch->uid = uid;
  launch->pidfd = -1;
  launch->unit = g_strdup_printf ("background-transfer-worker@%u.service", uid);
  g_task_set_task_data (task, launch, (GDestroyNotify) launch_free);
  if (uid == 0)
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                               "Files are transferred as a user, not as root");
      return;
    }
  if (g_hash_table_contains (self->launches, GUINT_TO_POINTER (uid)))
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_FAILED, "%s is being started already",
                               launch->unit);
      return;
    }
  launch->socket = bts_worker_socket_new (self->folder, uid, on_connected, task, &error);
  if (launch->socket == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  subscribe_to_jobs (self);
  g_hash_table_insert (self->launches, GUINT_TO_POINTER (uid), g_object_ref (task));
  if (cancellable != NULL)
    launch->cancelled_id =
        g_signal_connect (cancellable, "cancelled", G_CALLBACK (on_cancelled), task);
  /* Not StartUnit: the worker of a daemon that was killed may still be about to exit. */
  call_manager (self, "RestartUnit", g_variant_new ("(ss)", launch->unit, "replace"),
                on_unit_asked_for, g_object_ref (task));
}

static gboolean
on_exited (int pidfd, GIOCondition condition, gpointer user_data)
{
  Worker *worker = user_data;
  g_autoptr (BtsLauncherSystemd) self = g_object_ref (worker->launcher);
  guint id = worker->id;

  worker->source_id = 0;
  g_hash_table_remove (self->workers, GUINT_TO_POINTER (id));
  bts_worker_launcher_emit_exited (BTS_WORKER_LAUNCHER (self), id);
  return G_SOURCE_REMOVE;
}

static GSocketConnection *
bts_launcher_systemd_launch_finish (BtsWorkerLauncher *launcher,
                                    GAsyncResult *result,
                                    guint *worker_id,
                                    GError **error)
{
  BtsLauncherSystemd *self = BTS_LAUNCHER_SYSTEMD (launcher);
  Launch *launch = g_task_get_task_data (G_TASK (result));
  Worker *worker;

  if (!g_task_propagate_boolean (G_TASK (result), error))
    return NULL;
  worker = g_new0 (Worker, 1);
  worker->launcher = self;
  worker->id = ++self->last_id;
  worker->unit = g_strdup (launch->unit);
  worker->pidfd = launch->pidfd;
  launch->pidfd = -1;
  worker->source_id = g_unix_fd_add (worker->pidfd, G_IO_IN, on_exited, worker);
  g_hash_table_insert (self->workers, GUINT_TO_POINTER (worker->id), worker);
  g_debug ("Worker %u is %s", worker->id, worker->unit);
  *worker_id = worker->id;
  return g_steal_pointer (&launch->stream);
}

static void
bts_launcher_systemd_stop (BtsWorkerLauncher *launcher, guint worker_id)
{
  BtsLauncherSystemd *self = BTS_LAUNCHER_SYSTEMD (launcher);
  Worker *worker = g_hash_table_lookup (self->workers, GUINT_TO_POINTER (worker_id));

  if (worker != NULL)
    stop_unit (self, worker->unit);
}

static void
bts_launcher_systemd_launcher_init (BtsWorkerLauncherInterface *iface)
{
  iface->launch_async = bts_launcher_systemd_launch_async;
  iface->launch_finish = bts_launcher_systemd_launch_finish;
  iface->stop = bts_launcher_systemd_stop;
}

/* Tasks own their launcher, so by now nobody is awaited. */
static void
bts_launcher_systemd_finalize (GObject *object)
{
  BtsLauncherSystemd *self = BTS_LAUNCHER_SYSTEMD (object);

  g_free (self->folder);
  if (self->job_subscription_id != 0)
    g_dbus_connection_signal_unsubscribe (self->bus, self->job_subscription_id);
  g_clear_pointer (&self->launches, g_hash_table_unref);
  g_clear_pointer (&self->workers, g_hash_table_unref);
  g_clear_object (&self->bus);
  G_OBJECT_CLASS (bts_launcher_systemd_parent_class)->finalize (object);
}

static void
bts_launcher_systemd_class_init (BtsLauncherSystemdClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_launcher_systemd_finalize;
}

static void
bts_launcher_systemd_init (BtsLauncherSystemd *self)
{
  self->launches = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
  self->workers = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) worker_free);
}

BtsWorkerLauncher *
bts_launcher_systemd_new (GDBusConnection *bus, const char *folder)
{
  BtsLauncherSystemd *self = g_object_new (BTS_TYPE_LAUNCHER_SYSTEMD, NULL);

  self->bus = g_object_ref (bus);
  self->folder = g_strdup (folder);
  return BTS_WORKER_LAUNCHER (self);
}
