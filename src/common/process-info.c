/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/process-info.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_SIZE (64 * 1024)
/* Of what starts programs for people, far fewer are within each other. */
#define MAX_ANCESTORS 64
/* How often ancestors are looked at anew of which one was ending, and how long after. */
#define MAX_WALKS 64
#define WALK_PAUSE_US 2000
/* Between the parent and the time it began. */
#define SKIP_FIELDS " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"

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

/* Another process's, by its folder in /proc, which stays that of the same process. */

static int
open_process (guint32 pid)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%u", pid);

  return open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

typedef enum
{
  LOOK_SEEN,
  LOOK_UNSEEN, /* the kernel does not let us */
  LOOK_GONE,
} Look;

/* @flatpak_info stays as it is where there is none. */
static Look
look_at_root (int process, GBytes **flatpak_info)
{
  int root = openat (process, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GBytes) found = NULL;
  gboolean is_seen;

  /* A process that has exited has no root any more: that says nothing about a sandbox. */
  if (root < 0)
    return errno == EACCES || errno == EPERM ? LOOK_UNSEEN : LOOK_GONE;
  is_seen = read_flatpak_info (root, &found);
  close (root);
  if (found != NULL)
    {
      g_clear_pointer (flatpak_info, g_bytes_unref);
      *flatpak_info = g_steal_pointer (&found);
    }
  return is_seen ? LOOK_SEEN : LOOK_UNSEEN;
}

/* What proc_pid_stat(5) has of @process; FALSE where that has gone. The parent is 0 where there is
 * none that we could see. */
static gboolean
read_status (int process, guint32 *parent, guint64 *started)
{
  char text[1024];
  const char *end_of_name;
  int fd = openat (process, "stat", O_RDONLY | O_CLOEXEC);
  gssize n = fd >= 0 ? read (fd, text, sizeof text - 1) : -1;

  if (fd >= 0)
    close (fd);
  text[MAX (n, 0)] = '\0';
  end_of_name = strrchr (text, ')');
  return end_of_name != NULL &&
         sscanf (end_of_name, ") %*c %u" SKIP_FIELDS " %" G_GUINT64_FORMAT, parent, started) == 2;
}

/* -1 where there is none, or none that is visible; FALSE where @process has gone. */
static gboolean
open_parent (int process, guint32 *pid, int *parent)
{
  guint64 started = 0;
  guint32 still = 0;

  for (;;)
    {
      if (!read_status (process, pid, &started))
        return FALSE;
      *parent = *pid != 0 ? open_process (*pid) : -1;
      /* As long as it is the parent, nobody else has its ID. */
      if (read_status (process, &still, &started) && still == *pid)
        return TRUE;
      if (*parent >= 0)
        close (*parent);
    }
}

/* LOOK_UNSEEN where @process is in another user namespace than we. */
static Look
look_at_user_namespace (int process)
{
  struct stat ours, theirs;

  if (stat ("/proc/self/ns/user", &ours) != 0 || fstatat (process, "ns/user", &theirs, 0) != 0)
    return LOOK_GONE;
  return ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino ? LOOK_SEEN : LOOK_UNSEEN;
}

/* Whether @parent, of @child, shows itself or need not; -1: none that is visible. */
static Look
look_at_parent (int parent, int child, GBytes **flatpak_info, gboolean *is_seen)
{
  Look look = parent >= 0 ? look_at_root (parent, flatpak_info) : LOOK_UNSEEN;
  gboolean was_seen = *is_seen;

  *is_seen = look == LOOK_SEEN;
  if (look != LOOK_UNSEEN)
    return look;
  /* Other users' do not show themselves, but they are in no sandbox of this one's either. */
  return was_seen ? look_at_user_namespace (child) : LOOK_SEEN;
}

/* Whether @process and its ancestors show all that they ought to; LOOK_GONE where one of them was
 * ending meanwhile. */
static Look
walk (int process, GBytes **flatpak_info)
{
  int child = fcntl (process, F_DUPFD_CLOEXEC, 3);
  Look look = child >= 0 ? LOOK_SEEN : LOOK_UNSEEN;
  gboolean is_seen = TRUE;

  for (guint i = 0; look == LOOK_SEEN && child >= 0; i++)
    {
      guint32 pid = 0;
      int parent = -1;

      if (i == MAX_ANCESTORS)
        look = LOOK_UNSEEN;
      else if (!open_parent (child, &pid, &parent))
        look = LOOK_GONE;
      else if (pid != 0)
        look = look_at_parent (parent, child, flatpak_info, &is_seen);
      close (child);
      child = parent;
    }
  if (child >= 0)
    close (child);

  return look;
}

/* What the outermost sandbox says that @process is in, which shows itself: an application that may
 * make user namespaces can show any root of its own, but not leave its ancestors. FALSE where these
 * do not show enough. */
static gboolean
look_at_ancestors (int process, GBytes **flatpak_info)
{
  Look look = walk (process, flatpak_info);

  /* Who is left by its parent has another one soon. */
  for (guint i = 1; look == LOOK_GONE && i < MAX_WALKS; i++)
    {
      g_usleep (WALK_PAUSE_US);
      look = walk (process, flatpak_info);
    }

  return look == LOOK_SEEN;
}

static GVariant *
read_info (guint32 pid, GError **error)
{
  g_autofree char *folder = g_strdup_printf ("/proc/%u", pid);
  g_auto (GVariantDict) info = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GBytes) flatpak_info = NULL;
  guint64 started = G_MAXUINT64;
  guint32 parent;
  int process = open_process (pid);
  Look look = process >= 0 ? look_at_root (process, &flatpak_info) : LOOK_GONE;

  if (look == LOOK_SEEN && !look_at_ancestors (process, &flatpak_info))
    look = LOOK_UNSEEN;
  if (look != LOOK_GONE && !read_status (process, &parent, &started))
    look = LOOK_GONE;
  if (process >= 0)
    close (process);
  if (look == LOOK_GONE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "Process %u has gone", pid);
      return NULL;
    }
  if (flatpak_info != NULL)
    insert_bytes (&info, "flatpak-info", flatpak_info);
  g_variant_dict_insert (&info, "is-unseen", "b", look == LOOK_UNSEEN);
  g_variant_dict_insert (&info, "started", "t", started);
  insert_proc_file (&info, "cgroup", folder, "cgroup");
  insert_proc_file (&info, "name", folder, "comm");
  insert_executable (&info, folder);
  return g_variant_ref_sink (g_variant_dict_end (&info));
}

guint64
bts_process_info_get_time (void)
{
  guint64 steps_a_second = (guint64) sysconf (_SC_CLK_TCK);
  struct timespec now = { 0 };

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (guint64) now.tv_sec * steps_a_second +
         (guint64) now.tv_nsec / (1000 * 1000 * 1000 / steps_a_second);
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
