/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/caller.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/app-id.h"
#include "common/bgt-error.h"

#define MAX_INFO_SIZE (64 * 1024)

/* A look-up under way; the thread reads and fills it while nobody else does. */
typedef struct
{
  GDBusConnection *connection; /* (owned) */
  char *name;                  /* (owned) */
  guint32 uid;
  guint32 pid;
  char *application; /* (owned) (nullable) */
  gboolean is_sandboxed;
  gboolean has_network;
} LookUp;

static void
look_up_free (LookUp *self)
{
  g_clear_object (&self->connection);
  g_free (self->name);
  g_free (self->application);
  g_free (self);
}

BtsCaller *
bts_caller_new (BtsOwner *owner, gboolean has_network)
{
  BtsCaller *self = g_atomic_rc_box_new0 (BtsCaller);

  self->owner = bts_owner_ref (owner);
  self->has_network = has_network;

  return self;
}

BtsCaller *
bts_caller_ref (BtsCaller *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
caller_clear (BtsCaller *self)
{
  bts_owner_unref (self->owner);
}

void
bts_caller_unref (BtsCaller *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) caller_clear);
}

static char *
read_proc_file (guint32 pid, const char *name)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/%s", pid, name);
  g_autofree char *content = NULL;

  if (!g_file_get_contents (path, &content, NULL, NULL))
    return NULL;

  return g_steal_pointer (&content);
}

static char *
read_executable (guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/exe", pid);

  return g_file_read_link (path, NULL);
}

/* The application of a process outside any sandbox: its unit's, else its program's name. */
static char *
find_application (guint32 pid)
{
  g_autofree char *cgroup = read_proc_file (pid, "cgroup");
  g_autofree char *executable = NULL;
  g_autofree char *comm = NULL;
  char *application = cgroup != NULL ? bts_app_id_from_cgroup (cgroup) : NULL;

  if (application != NULL)
    return application;

  executable = read_executable (pid);
  application = executable != NULL ? bts_app_id_from_executable (executable) : NULL;
  if (application != NULL)
    return application;

  /* Another user's link cannot be read, its name can. */
  comm = read_proc_file (pid, "comm");
  if (comm == NULL)
    return NULL;

  return bts_app_id_from_executable (g_strchomp (comm));
}

/* Whether a caller whose file system we may not look into counts as free of a sandbox. Asking
 * that user's own worker would tell; without it, what cannot be seen is taken for free. */
static gboolean
may_take_unseen_as_free (const LookUp *look_up)
{
  return TRUE;
}

/* Opens the caller's own /.flatpak-info. Returns -1 and errno. */
static int
open_flatpak_info (guint32 pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%u/root", pid);
  int root, fd, saved_errno;

  root = open (path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (root < 0)
    return -1;

  fd = openat (root, ".flatpak-info", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  saved_errno = errno;
  close (root);
  errno = saved_errno;

  return fd;
}

/* Reads what there is of @fd up to a sensible size; NULL where it is no regular file or too big. */
static char *
read_info (int fd, gsize *length)
{
  g_autofree char *content = g_malloc (MAX_INFO_SIZE + 1);
  struct stat status;
  gsize have = 0;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode) || status.st_size > MAX_INFO_SIZE)
    return NULL;

  while (have < MAX_INFO_SIZE)
    {
      gssize n = read (fd, content + have, MAX_INFO_SIZE - have);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return NULL;
      if (n == 0)
        break;
      have += (gsize) n;
    }
  content[have] = '\0';
  *length = have;

  return g_steal_pointer (&content);
}

/* In a thread. TRUE where the process is in a Flatpak sandbox, whose ID is then filled in; FALSE
 * and no error where it is in none. */
static gboolean
look_into_sandbox (LookUp *look_up, GError **error)
{
  g_autofree char *info = NULL;
  gsize length = 0;
  int fd = open_flatpak_info (look_up->pid);

  if (fd < 0)
    {
      int saved_errno = errno;

      /* Also where the process has gone, but then so has its connection. */
      if (saved_errno == ENOENT && g_file_test ("/proc/self", G_FILE_TEST_EXISTS))
        return FALSE;
      if ((saved_errno == EACCES || saved_errno == EPERM) && may_take_unseen_as_free (look_up))
        return FALSE;
      g_set_error (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                   "The calling application could not be identified: %s", g_strerror (saved_errno));
      return FALSE;
    }

  info = read_info (fd, &length);
  close (fd);
  if (info == NULL ||
      !bts_app_id_from_flatpak_info (info, length, &look_up->application, &look_up->has_network))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                           "The calling application's sandbox does not say what it is called");
      return FALSE;
    }

  return TRUE;
}

static void
look_at_process (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  LookUp *look_up = task_data;
  GError *error = NULL;

  look_up->is_sandboxed = look_into_sandbox (look_up, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  if (!look_up->is_sandboxed)
    {
      look_up->has_network = TRUE;
      look_up->application = find_application (look_up->pid);
    }
  if (look_up->application == NULL)
    look_up->application = g_strdup ("unknown");

  g_task_return_boolean (task, TRUE);
}

static void
return_caller (GTask *task)
{
  LookUp *look_up = g_task_get_task_data (task);
  g_autoptr (BtsOwner) owner = NULL;

  owner = bts_owner_new (look_up->uid, look_up->application, look_up->is_sandboxed);
  g_task_return_pointer (task, bts_caller_new (owner, look_up->has_network),
                         (GDestroyNotify) bts_caller_unref);
}

static void
on_still_there (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GError) error = NULL;
  gboolean has_owner = FALSE;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply != NULL)
    g_variant_get (reply, "(b)", &has_owner);
  if (!has_owner)
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                               "The caller has left the bus");
      return;
    }

  return_caller (task);
}

/* The process was the caller's all the time only if the connection outlived the look at it. */
static void
on_process_seen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LookUp *look_up = g_task_get_task_data (task);
  GError *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }

  g_dbus_connection_call (look_up->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "NameHasOwner",
                          g_variant_new ("(s)", look_up->name), G_VARIANT_TYPE ("(b)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, g_task_get_cancellable (task), on_still_there,
                          g_object_ref (task));
}

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LookUp *look_up = g_task_get_task_data (task);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) credentials = NULL;
  g_autoptr (GTask) thread = NULL;
  GError *error = NULL;

  reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  if (reply == NULL)
    {
      g_prefix_error (&error, "The bus does not say who calls: ");
      g_task_return_error (task, error);
      return;
    }

  credentials = g_variant_get_child_value (reply, 0);
  if (!g_variant_lookup (credentials, "UnixUserID", "u", &look_up->uid) ||
      !g_variant_lookup (credentials, "ProcessID", "u", &look_up->pid))
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                               "The bus does not know the caller's user and process");
      return;
    }

  /* The task data stays this task's; the inner task only lends it to the thread. */
  thread = g_task_new (NULL, g_task_get_cancellable (task), on_process_seen, g_object_ref (task));
  g_task_set_source_tag (thread, on_credentials);
  g_task_set_task_data (thread, look_up, NULL);
  g_task_run_in_thread (thread, look_at_process);
}

void
bts_caller_look_up_async (GDBusConnection *connection,
                          const char *name,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);
  LookUp *look_up = g_new0 (LookUp, 1);

  look_up->connection = g_object_ref (connection);
  look_up->name = g_strdup (name);
  g_task_set_source_tag (task, bts_caller_look_up_async);
  g_task_set_task_data (task, look_up, (GDestroyNotify) look_up_free);

  g_dbus_connection_call (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionCredentials", g_variant_new ("(s)", name), G_VARIANT_TYPE ("(a{sv})"),
      G_DBUS_CALL_FLAGS_NONE, -1, cancellable, on_credentials, g_steal_pointer (&task));
}

BtsCaller *
bts_caller_look_up_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
