/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/patient-call.h"

#include <gio/gunixfdlist.h>

#include "common/names.h"

/* The time is counted in so many steps, one after the other: one that comes late is one all the
 * same, and what has come meanwhile is read before the next. */
#define N_STEPS 5

typedef struct
{
  GCancellable *cancellable; /* (owned): of the call on the bus */
  gulong cancelled_id;       /* of the caller's */
  guint step_id;             /* 0 once the time is over */
  guint n_steps_left;
  GUnixFDList *fds; /* (owned) (nullable): of the reply */
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_clear_handle_id (&call->step_id, g_source_remove);
  g_object_unref (call->cancellable);
  g_clear_object (&call->fds);
  g_free (call);
}

static gboolean
on_step (gpointer user_data)
{
  Call *call = user_data;

  if (--call->n_steps_left > 0)
    return G_SOURCE_CONTINUE;
  call->step_id = 0;
  g_cancellable_cancel (call->cancellable);
  return G_SOURCE_REMOVE;
}

static void
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Call *call = g_task_get_task_data (task);
  GError *error = NULL;
  GVariant *reply = g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source),
                                                                     &call->fds, result, &error);
  gboolean is_late = call->step_id == 0;

  g_clear_handle_id (&call->step_id, g_source_remove);
  g_cancellable_disconnect (g_task_get_cancellable (task), call->cancelled_id);
  if (reply != NULL)
    g_task_return_pointer (task, reply, (GDestroyNotify) g_variant_unref);
  else if (is_late && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                               "The worker does not answer");
    }
  else
    g_task_return_error (task, error);
}

void
bts_patient_call_async (GDBusConnection *worker,
                        const char *method,
                        GVariant *parameters,
                        const char *reply_type,
                        guint timeout_ms,
                        GUnixFDList *fds,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  GTask *task = g_task_new (worker, cancellable, callback, user_data);
  Call *call = g_new0 (Call, 1);

  call->cancellable = g_cancellable_new ();
  call->n_steps_left = N_STEPS;
  call->step_id = g_timeout_add (timeout_ms / N_STEPS, on_step, call);
  g_task_set_source_tag (task, bts_patient_call_async);
  g_task_set_task_data (task, call, call_free);
  if (cancellable != NULL)
    call->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                                g_object_ref (call->cancellable), g_object_unref);
  g_dbus_connection_call_with_unix_fd_list (worker, NULL, BTS_WORKER_PATH, BTS_INTERFACE_WORKER,
                                            method, parameters, G_VARIANT_TYPE (reply_type),
                                            G_DBUS_CALL_FLAGS_NO_AUTO_START, G_MAXINT, fds,
                                            call->cancellable, on_called, task);
}

GVariant *
bts_patient_call_finish (GDBusConnection *worker,
                         GAsyncResult *result,
                         GUnixFDList **fds,
                         GError **error)
{
  Call *call = g_task_get_task_data (G_TASK (result));

  if (fds != NULL)
    *fds = g_steal_pointer (&call->fds);
  return g_task_propagate_pointer (G_TASK (result), error);
}
