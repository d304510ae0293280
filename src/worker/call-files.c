/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/call-files.h"

#include <gio/gunixfdlist.h>

#include "common/bgt-error.h"
#include "common/closing.h"
#include "worker/request-streams.h"

static void
close_file (gpointer file)
{
  bts_close_elsewhere (*(int *) file);
}

/* -1 on error. */
static int
dup_file (GUnixFDList *list, gint32 handle, GError **error)
{
  if (list != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (list))
    return g_unix_fd_list_get (list, handle, error);

  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_FAILED,
                       "A descriptor was lost on its way to the worker");
  return -1;
}

GArray *
bts_call_files_get (GDBusMethodInvocation *invocation, GVariant *handles, GError **error)
{
  GUnixFDList *list =
      g_dbus_message_get_unix_fd_list (g_dbus_method_invocation_get_message (invocation));
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (int));

  g_array_set_clear_func (files, close_file);
  for (gsize i = 0; i < g_variant_n_children (handles); i++)
    {
      gint32 handle = -1;
      int file;

      g_variant_get_child (handles, i, "h", &handle);
      file = dup_file (list, handle, error);
      if (file < 0)
        return NULL;
      g_array_append_val (files, file);
    }

  return g_steal_pointer (&files);
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
