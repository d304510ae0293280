/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/call-files.h"

#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "worker/request-streams.h"

GArray *
bts_call_files_get (GDBusMethodInvocation *invocation, GVariant *handles)
{
  GUnixFDList *list =
      g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
  int n_files = 0;
  const int *files = list != NULL ? g_unix_fd_list_peek_fds (list, &n_files) : NULL;
  GArray *found = g_array_new (FALSE, FALSE, sizeof (int));

  for (gsize i = 0; i < g_variant_n_children (handles); i++)
    {
      gint32 handle = -1;

      g_variant_get_child (handles, i, "h", &handle);
      if (handle >= 0 && handle < n_files)
        g_array_append_val (found, files[handle]);
    }
  return found;
}

static void
close_file (gpointer file)
{
  close (*(int *) file);
}

GArray *
bts_call_files_dup (GArray *files)
{
  GArray *copies = g_array_new (FALSE, FALSE, sizeof (int));

  g_array_set_clear_func (copies, close_file);
  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      int copy = fcntl (g_array_index (files, int, i), F_DUPFD_CLOEXEC, 3);

      if (copy >= 0)
        g_array_append_val (copies, copy);
    }
  return copies;
}

void
bts_call_files_sort (GArray *files, GVariant *request, int *file, int *body)
{
  gboolean has_body = g_variant_lookup (request, "body-file", "a{sv}", NULL) &&
                      !bts_request_streams_has (request, "body-file");
  guint n_bodies = has_body && files->len > 0 ? 1 : 0;

  *file = files->len > n_bodies ? g_array_index (files, int, 0) : -1;
  *body = n_bodies > 0 ? g_array_index (files, int, files->len - 1) : -1;
}
