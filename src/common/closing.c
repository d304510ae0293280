/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/closing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Descriptors are the process's, and so is what waits to be closed: the places where something is
 * being closed, each with what comes next. One thread works for each. */
static GMutex lock;
static GHashTable *queues; /* (owned) (nullable) (element-type gint64 GArray) */

/* What closing waits for: the file system, by its device and without asking it; a socket (which may
 * linger) and a device by its inode. That of all that do not tell is 0. */
static gint64
get_place (int fd)
{
  struct statx status = { .stx_mask = 0 };

  if (statx (fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &status) != 0)
    return 0;
  if (S_ISSOCK (status.stx_mode) || S_ISCHR (status.stx_mode))
    return -(gint64) status.stx_ino;
  return (gint64) makedev (status.stx_dev_major, status.stx_dev_minor);
}

/* (nullable): NULL where nothing is left, and no thread works for @place any more. */
static GArray *
take_queue (const gint64 *place)
{
  GArray *taken = NULL;
  GArray *queue;

  g_mutex_lock (&lock);
  queue = g_hash_table_lookup (queues, place);
  if (queue->len == 0)
    {
      g_hash_table_remove (queues, place);
    }
  else
    {
      taken = g_array_copy (queue);
      g_array_set_size (queue, 0);
    }
  g_mutex_unlock (&lock);

  return taken;
}

static gpointer
run_thread (gpointer data)
{
  g_autofree gint64 *place = data;
  GArray *fds;

  while ((fds = take_queue (place)) != NULL)
    {
      for (guint i = 0; i < fds->len; i++)
        close (g_array_index (fds, int, i));
      g_array_unref (fds);
    }

  return NULL;
}

/* Under the lock. FALSE where there are no more threads. */
static gboolean
add_queue (gint64 place, int fd)
{
  GArray *queue = g_array_new (FALSE, FALSE, sizeof (int));
  gint64 *key = g_memdup2 (&place, sizeof place);
  gint64 *copy = g_memdup2 (&place, sizeof place);
  GThread *thread;

  if (queues == NULL)
    queues =
        g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, (GDestroyNotify) g_array_unref);
  g_array_append_val (queue, fd);
  g_hash_table_insert (queues, key, queue);

  thread = g_thread_try_new ("closing", run_thread, copy, NULL);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return TRUE;
    }
  g_hash_table_remove (queues, &place);
  g_free (copy);

  return FALSE;
}

void
bts_close_elsewhere (int fd)
{
  gint64 place = get_place (fd);
  gboolean is_taken = TRUE;
  GArray *queue;

  g_mutex_lock (&lock);
  queue = queues != NULL ? g_hash_table_lookup (queues, &place) : NULL;
  if (queue != NULL)
    g_array_append_val (queue, fd);
  else
    is_taken = add_queue (place, fd);
  g_mutex_unlock (&lock);

  /* Descriptors that nobody closes would soon be all there are. */
  if (!is_taken)
    close (fd);
}

/* It is being disposed of, and not finalized yet. */
static void
on_list_disposed (gpointer user_data, GObject *list)
{
  int n = 0;
  g_autofree int *fds = g_unix_fd_list_steal_fds ((GUnixFDList *) list, &n);

  for (int i = 0; i < n; i++)
    bts_close_elsewhere (fds[i]);
}

void
bts_fd_list_close_elsewhere (GUnixFDList *fds)
{
  g_object_weak_ref (G_OBJECT (fds), on_list_disposed, NULL);
}

/* In GDBus's own thread. */
static GDBusMessage *
on_message (GDBusConnection *connection,
            GDBusMessage *message,
            gboolean is_incoming,
            gpointer user_data)
{
  GUnixFDList *fds = g_dbus_message_get_unix_fd_list (message);

  if (is_incoming && fds != NULL)
    bts_fd_list_close_elsewhere (fds);

  return message;
}

void
bts_connection_close_elsewhere (GDBusConnection *connection)
{
  g_dbus_connection_add_filter (connection, on_message, NULL, NULL);
}
