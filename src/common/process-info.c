/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/process-info.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIZE (64 * 1024)

/* What there is of @fd; NULL where it is no regular file or of no sensible size. */
static GBytes *
read_regular_file (int fd)
{
  g_autofree char *content = g_malloc (MAX_SIZE);
  struct stat status;
  gsize have = 0;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode) || status.st_size >= MAX_SIZE)
    return NULL;
  while (have < MAX_SIZE)
    {
      gssize n = read (fd, content + have, MAX_SIZE - have);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return NULL;
      if (n == 0)
        return g_bytes_new (content, have);
      have += (gsize) n;
    }
  return NULL;
}

/* FALSE where it could not be seen; @content stays NULL where there is none. */
static gboolean
read_flatpak_info (int root, GBytes **content)
{
  int fd =
      openat (root, ".flatpak-info", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

  if (fd < 0)
    return errno == ENOENT;
  *content = read_regular_file (fd);
  close (fd);
  return *content != NULL;
}

static void
insert_bytes (GVariantDict *info, const char *key, GBytes *bytes)
{
  g_variant_dict_insert_value (info, key,
                               g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, bytes, TRUE));
}

static void
insert_proc_file (GVariantDict *info, const char *key, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autoptr (GBytes) bytes = NULL;
  char *content = NULL;
  gsize length = 0;

  if (!g_file_get_contents (path, &content, &length, NULL))
    return;
  bytes = g_bytes_new_take (content, length);
  if (length < MAX_SIZE)
    insert_bytes (info, key, bytes);
}

static void
insert_executable (GVariantDict *info, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "exe", NULL);
  char *target = g_file_read_link (path, NULL);
  g_autoptr (GBytes) bytes = target != NULL ? g_bytes_new_take (target, strlen (target)) : NULL;

  if (bytes != NULL)
    insert_bytes (info, "executable", bytes);
}

static GVariant *
read_info (guint32 pid, GError **error)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%u", pid);
  g_autofree char *root_path = g_build_filename (folder, "root", NULL);
  g_auto (GVariantDict) info = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GBytes) flatpak_info = NULL;
  gboolean is_seen = FALSE;
  int root = open (root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);

  /* A process that has exited has no root any more: that says nothing about a sandbox. */
  if (root < 0 && errno != EACCES && errno != EPERM)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Process %u has gone", pid);
      return NULL;
    }
  if (root >= 0)
    {
      is_seen = read_flatpak_info (root, &flatpak_info);
      close (root);
    }
  if (flatpak_info != NULL)
    insert_bytes (&info, "flatpak-info", flatpak_info);
  g_variant_dict_insert (&info, "is-unseen", "b", !is_seen);
  insert_proc_file (&info, "cgroup", folder, "cgroup");
  insert_proc_file (&info, "name", folder, "comm");
  insert_executable (&info, folder);
  return g_variant_ref_sink (g_variant_dict_end (&info));
}

static void
read_in_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  GError *error = NULL;
  GVariant *info = read_info (GPOINTER_TO_UINT (task_data), &error);

  if (info != NULL)
    g_task_return_pointer (task, info, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

void
bts_process_info_read_async (guint32 pid, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, bts_process_info_read_async);
  g_task_set_task_data (task, GUINT_TO_POINTER (pid), NULL);
  g_task_run_in_thread (task, read_in_thread);
}

GVariant *
bts_process_info_read_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
