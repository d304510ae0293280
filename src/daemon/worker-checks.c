/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-checks.h"

#include "common/bgt-error.h"
#include "daemon/patient-call.h"
#include "daemon/worker-answer.h"

/* So few have a message each, so that none waits for the file of another. */
#define FEW 8
#define MAX_TOGETHER 256

typedef struct
{
  GTask *task;       /* (owned) (nullable): until it has been returned */
  GVariant *request; /* (owned) */
  GVariant *handles; /* (owned) */
  GUnixFDList *fds;  /* (owned) */
} Check;

struct _BtsWorkerChecks
{
  GDBusConnection *connection; /* (owned) */
  GPtrArray *waiting;          /* (owned) (element-type Check) */
  guint source_id;
};

static void
check_free (gpointer data)
{
  Check *check = data;

  g_clear_object (&check->task);
  g_variant_unref (check->request);
  g_variant_unref (check->handles);
  g_object_unref (check->fds);
  g_free (check);
}

static GPtrArray *
checks_new (void)
{
  return g_ptr_array_new_with_free_func (check_free);
}

static void
return_found (Check *check, GVariant *found)
{
  g_autoptr (GTask) task = g_steal_pointer (&check->task);

  g_task_return_pointer (task, found, (GDestroyNotify) g_variant_unref);
}

static void
return_error (Check *check, const GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&check->task);

  g_task_return_error (task, g_error_copy (error));
}

static void
on_one_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Check *check = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
                 bts_patient_call_finish (G_DBUS_CONNECTION (source), result, NULL, &error);

  if (reply != NULL)
    return_found (check, g_variant_get_child_value (reply, 0));
  else
    {
      bts_worker_answer_clean_error (error);
      return_error (check, error);
    }
  check_free (check);
}

static void
send_one (BtsWorkerChecks *self, Check *check)
{
  bts_patient_call_async (self->connection, "Check",
                          g_variant_new ("(@a{sv}@ah)", check->request, check->handles), "(a{sv})",
                          BTS_WORKER_TIMEOUT_MS, check->fds, NULL, on_one_checked, check);
}

static void
return_answer (Check *check, GVariant *answer)
{
  const char *name;
  const char *message;
  g_autoptr (GVariant) found = NULL;
  g_autoptr (GError) error = NULL;

  g_variant_get (answer, "(&s&s@a{sv})", &name, &message, &found);
  if (*name == '\0')
    {
      return_found (check, g_steal_pointer (&found));
      return;
    }
  error = g_dbus_error_new_for_dbus_error (name, message);
  bts_worker_answer_clean_error (error);
  return_error (check, error);
}

static void
on_all_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GPtrArray) checks = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answers = NULL;
  g_autoptr (GVariant) reply =
                 bts_patient_call_finish (G_DBUS_CONNECTION (source), result, NULL, &error);

  if (reply != NULL)
    answers = g_variant_get_child_value (reply, 0);
  if (answers != NULL && g_variant_n_children (answers) != checks->len)
    g_set_error_literal (&error, BGT_ERROR, BGT_ERROR_FAILED,
                         "The worker has not answered for every file");
  if (error != NULL)
    bts_worker_answer_clean_error (error);

  for (guint i = 0; i < checks->len; i++)
    {
      g_autoptr (GVariant) answer = NULL;

      if (error != NULL)
        {
          return_error (checks->pdata[i], error);
          continue;
        }
      answer = g_variant_get_child_value (answers, i);
      return_answer (checks->pdata[i], answer);
    }
}

/* Takes @checks. */
static void
send_all (BtsWorkerChecks *self, GPtrArray *checks)
{
  GVariantBuilder requests = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < checks->len; i++)
    g_variant_builder_add_value (&requests, ((Check *) checks->pdata[i])->request);
  bts_patient_call_async (self->connection, "CheckAll", g_variant_new ("(aa{sv})", &requests),
                          "(a(ssa{sv}))", BTS_WORKER_TIMEOUT_MS, NULL, NULL, on_all_checked,
                          checks);
}

static gboolean
has_files (Check *check)
{
  return g_variant_n_children (check->handles) > 0;
}

static gboolean
on_send (gpointer user_data)
{
  BtsWorkerChecks *self = user_data;
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->waiting);
  GPtrArray *together = NULL;

  self->waiting = checks_new ();
  self->source_id = 0;
  g_ptr_array_set_free_func (waiting, NULL);
  for (guint i = 0; i < waiting->len; i++)
    {
      if (waiting->len <= FEW || has_files (waiting->pdata[i]))
        {
          send_one (self, waiting->pdata[i]);
          continue;
        }
      if (together == NULL)
        together = checks_new ();
      g_ptr_array_add (together, waiting->pdata[i]);
      if (together->len == MAX_TOGETHER)
        send_all (self, g_steal_pointer (&together));
    }
  if (together != NULL)
    send_all (self, together);
  return G_SOURCE_REMOVE;
}

void
bts_worker_checks_add (
    BtsWorkerChecks *self, GVariant *request, GVariant *handles, GUnixFDList *fds, GTask *task)
{
  Check *check = g_new0 (Check, 1);

  check->task = task;
  check->request = g_variant_ref (request);
  check->handles = g_variant_ref_sink (handles);
  check->fds = g_object_ref (fds);
  g_ptr_array_add (self->waiting, check);
  if (self->source_id == 0)
    self->source_id = g_idle_add_full (G_PRIORITY_DEFAULT, on_send, self, NULL);
}

BtsWorkerChecks *
bts_worker_checks_new (GDBusConnection *connection)
{
  BtsWorkerChecks *self = g_new0 (BtsWorkerChecks, 1);

  self->connection = g_object_ref (connection);
  self->waiting = checks_new ();
  return self;
}

void
bts_worker_checks_free (BtsWorkerChecks *self)
{
  g_clear_handle_id (&self->source_id, g_source_remove);
  g_ptr_array_unref (self->waiting);
  g_object_unref (self->connection);
  g_free (self);
}
