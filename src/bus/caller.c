/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/caller.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bus/app-id.h"
#include "common/bgt-error.h"
#include "common/process-info.h"

/* No application has this ID: it is not a valid one. */
#define UNKNOWN_SANDBOX "/unknown"

/* A look-up under way. */
typedef struct
{
  GDBusConnection *connection; /* (owned) */
  BtsEngine *engine;           /* (owned) (nullable) */
  char *name;                  /* (owned) */
  guint64 connected_by;        /* when it was there at the latest, as process-info.h counts */
  guint32 uid;
  guint32 pid;
  int process_fd;    /* (owned): a pidfd, or -1 where there is none */
  char *label;       /* (owned) (nullable): of the security module */
  char *application; /* (owned) (nullable) */
  gboolean is_sandboxed;
  gboolean has_network;
} LookUp;

static void
look_up_free (LookUp *self)
{
  g_clear_object (&self->connection);
  g_clear_object (&self->engine);
  if (self->process_fd >= 0)
    close (self->process_fd);
  g_free (self->name);
  g_free (self->label);
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

gboolean
bts_caller_check_network (const BtsCaller *self, GError **error)
{
  if (!self->has_network)
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                         "The application's sandbox has no network permission");

  return self->has_network;
}

gboolean
bts_caller_check_reach (const BtsCaller *self, const BtsOwner *owner, GError **error)
{
  gboolean reaches = !bts_owner_is_sandboxed (self->owner) || bts_owner_is_sandboxed (owner);

  if (!reaches)
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                         "It belongs to a program outside of the application's sandbox");

  return reaches;
}

static char *
dup_string (GVariant *info, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (info, key, G_VARIANT_TYPE_BYTESTRING);
  gsize length = 0;
  const char *bytes =
      value != NULL ? g_variant_get_fixed_array (value, &length, sizeof (char)) : NULL;

  return bytes != NULL ? g_strndup (bytes, length) : NULL;
}

/* The application of a process outside any sandbox: its unit's, else its program's name. */
static char *
find_application (GVariant *info)
{
  g_autofree char *cgroup = dup_string (info, "cgroup");
  g_autofree char *executable = dup_string (info, "executable");
  g_autofree char *name = dup_string (info, "name");
  char *application = cgroup != NULL ? bts_app_id_from_cgroup (cgroup) : NULL;

  if (application == NULL && executable != NULL)
    application = bts_app_id_from_executable (executable);
  /* Another user's link cannot be read, its name can. */
  if (application == NULL && name != NULL)
    application = bts_app_id_from_executable (g_strchomp (name));

  return application != NULL ? application : g_strdup ("unknown");
}

/* What is not known is not trusted: neither to be somebody nor to have a permission. */
static void
take_for_unknown (LookUp *look_up)
{
  g_message ("Process %u of user %u does not show what it is: it counts as a sandbox without "
             "permissions",
             look_up->pid, look_up->uid);
  look_up->is_sandboxed = TRUE;
  look_up->has_network = FALSE;
  look_up->application = g_strdup (UNKNOWN_SANDBOX);
}

static void
describe_flatpak (LookUp *look_up, const char *flatpak_info, gsize length)
{
  if (!bts_app_id_from_flatpak_info (flatpak_info, length, &look_up->application,
                                     &look_up->has_network))
    take_for_unknown (look_up);
  look_up->is_sandboxed = TRUE;
}

/* FALSE where it is no confined snap. Which interfaces a snap is connected to is not to be seen
 * from outside, so it has no network permission. */
static gboolean
describe_snap (LookUp *look_up)
{
  gboolean is_confined = FALSE;

  if (look_up->label == NULL ||
      !bts_app_id_from_snap_label (look_up->label, &look_up->application, &is_confined))
    return FALSE;
  if (is_confined && look_up->application == NULL)
    take_for_unknown (look_up);
  look_up->is_sandboxed = is_confined;
  look_up->has_network = !is_confined;

  return look_up->application != NULL;
}

static void
describe (LookUp *look_up, GVariant *info)
{
  g_autoptr (GVariant) flatpak_info =
                 g_variant_lookup_value (info, "flatpak-info", G_VARIANT_TYPE_BYTESTRING);
  gboolean is_unseen = TRUE;

  g_variant_lookup (info, "is-unseen", "b", &is_unseen);
  if (flatpak_info != NULL)
    {
      describe_flatpak (look_up, g_variant_get_data (flatpak_info),
                        g_variant_get_size (flatpak_info));
      return;
    }
  if (describe_snap (look_up))
    return;
  /* Nothing keeps root from leaving its sandbox. */
  if (is_unseen && look_up->uid != 0)
    {
      take_for_unknown (look_up);
      return;
    }
  look_up->has_network = TRUE;
  look_up->application = find_application (info);
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
      g_task_return_new_error (task, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER,
                               "The caller has left the bus");
      return;
    }

  return_caller (task);
}

/* The process was the caller's all the time only if the connection outlived the look at it. */
static void
check_still_there (GTask *task)
{
  LookUp *look_up = g_task_get_task_data (task);

  g_dbus_connection_call (look_up->connection, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                          "org.freedesktop.DBus", "NameHasOwner",
                          g_variant_new ("(s)", look_up->name), G_VARIANT_TYPE ("(b)"),
                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_still_there, g_object_ref (task));
}

static gboolean
has_exited (int process_fd)
{
  struct pollfd process = { process_fd, POLLIN, 0 };

  return poll (&process, 1, 0) > 0;
}

/* Who began later than the connection has got the caller's ID after that. */
static gboolean
is_younger_than_connection (const LookUp *look_up, GVariant *info)
{
  guint64 started = G_MAXUINT64;

  g_variant_lookup (info, "started", "t", &started);

  return started > look_up->connected_by;
}

/* Takes @error where @info is NULL. */
static void
take_info (GTask *task, GVariant *info, GError *error)
{
  LookUp *look_up = g_task_get_task_data (task);

  if (info == NULL)
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                               "The calling application could not be identified: %s",
                               error->message);
      g_error_free (error);
      return;
    }
  /* Another process may have got its ID meanwhile, and have been looked at instead. */
  if (is_younger_than_connection (look_up, info) ||
      (look_up->process_fd >= 0 && has_exited (look_up->process_fd)))
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                               "The calling application has exited");
      return;
    }
  describe (look_up, info);
  check_still_there (task);
}

static void
on_seen_by_worker (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GVariant) info =
                 bts_engine_look_at_process_finish (BTS_ENGINE (source), result, &error);

  take_info (task, info, error);
}

static gboolean
must_ask_worker (const LookUp *look_up, GVariant *info)
{
  gboolean is_unseen = TRUE;

  g_variant_lookup (info, "is-unseen", "b", &is_unseen);

  return is_unseen && look_up->engine != NULL && look_up->uid != 0 && look_up->uid != geteuid ();
}

static void
on_seen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LookUp *look_up = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (GVariant) info = bts_process_info_read_finish (result, &error);

  if (info != NULL && must_ask_worker (look_up, info))
    bts_engine_look_at_process_async (look_up->engine, look_up->uid, look_up->pid, NULL,
                                      on_seen_by_worker, g_object_ref (task));
  else
    take_info (task, info, error);
}

/* The process as the bus has it from the kernel since it connected; of a bus that is too old for
 * that the one that has its ID now. FALSE where that has exited. */
static gboolean
find_process (LookUp *look_up, GVariant *credentials, GUnixFDList *fds)
{
  gint32 handle;

  if (fds != NULL && g_variant_lookup (credentials, "ProcessFD", "h", &handle) && handle >= 0 &&
      handle < g_unix_fd_list_get_length (fds))
    look_up->process_fd = g_unix_fd_list_get (fds, handle, NULL);
  if (look_up->process_fd >= 0)
    return TRUE;

  look_up->process_fd = syscall (SYS_pidfd_open, look_up->pid, 0);
  /* A kernel that has none, or does not let us, leaves what the bus says. */
  return look_up->process_fd >= 0 || errno != ESRCH;
}

static void
on_credentials (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  LookUp *look_up = g_task_get_task_data (task);
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) credentials = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  GError *error = NULL;

  reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), &fds, result,
                                                           &error);
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
  if (!find_process (look_up, credentials, fds))
    {
      g_task_return_new_error (task, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                               "The calling application has exited");
      return;
    }
  look_up->label = dup_string (credentials, "LinuxSecurityLabel");
  bts_process_info_read_async (look_up->pid, on_seen, g_object_ref (task));
}

void
bts_caller_look_up_async (GDBusConnection *connection,
                          BtsEngine *engine,
                          const char *name,
                          guint64 connected_by,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  LookUp *look_up = g_new0 (LookUp, 1);

  look_up->connection = g_object_ref (connection);
  g_set_object (&look_up->engine, engine);
  look_up->name = g_strdup (name);
  look_up->connected_by = connected_by;
  look_up->process_fd = -1;
  g_task_set_source_tag (task, bts_caller_look_up_async);
  g_task_set_task_data (task, look_up, (GDestroyNotify) look_up_free);

  g_dbus_connection_call_with_unix_fd_list (
      connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "GetConnectionCredentials", g_variant_new ("(s)", name), G_VARIANT_TYPE ("(a{sv})"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, on_credentials, g_steal_pointer (&task));
}

BtsCaller *
bts_caller_look_up_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
