/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "store/waiters.h"

typedef struct
{
  GTask *task; /* (owned) (nullable): NULL once it is another's */
  guint64 version;
} Waiter;

struct _BtsWaiters
{
  GArray *waiters; /* (owned) (element-type Waiter) */
};

typedef struct
{
  guint n_pending;
  GError *error; /* (owned) (nullable): the first */
} Expected;

static void
waiter_clear (gpointer data)
{
  g_clear_object (&((Waiter *) data)->task);
}

BtsWaiters *
bts_waiters_new (void)
{
  BtsWaiters *self = g_new0 (BtsWaiters, 1);

  self->waiters = g_array_new (FALSE, FALSE, sizeof (Waiter));
  g_array_set_clear_func (self->waiters, waiter_clear);
  return self;
}

void
bts_waiters_free (BtsWaiters *self)
{
  g_array_unref (self->waiters);
  g_free (self);
}

gboolean
bts_waiters_is_empty (BtsWaiters *self)
{
  return self->waiters->len == 0;
}

void
bts_waiters_add (BtsWaiters *self, GTask *task, guint64 version)
{
  Waiter waiter = { g_object_ref (task), version };

  g_array_append_val (self->waiters, waiter);
}

BtsWaiters *
bts_waiters_steal (BtsWaiters *self, guint64 version)
{
  BtsWaiters *stolen = bts_waiters_new ();

  for (guint i = 0; i < self->waiters->len;)
    {
      Waiter *waiter = &g_array_index (self->waiters, Waiter, i);

      if (waiter->version > version)
        {
          i++;
          continue;
        }

      g_array_append_val (stolen->waiters, *waiter);
      waiter->task = NULL;
      g_array_remove_index (self->waiters, i);
    }

  return stolen;
}

void
bts_waiters_answer (BtsWaiters *self, const GError *error)
{
  for (guint i = 0; i < self->waiters->len; i++)
    bts_waiter_answer (g_array_index (self->waiters, Waiter, i).task, error);
}

static void
expected_free (gpointer data)
{
  g_clear_error (&((Expected *) data)->error);
  g_free (data);
}

void
bts_waiter_expect (GTask *task, guint n_answers)
{
  Expected *expected = g_new0 (Expected, 1);

  expected->n_pending = n_answers;
  g_task_set_task_data (task, expected, expected_free);
}

void
bts_waiter_answer (GTask *task, const GError *error)
{
  Expected *expected = g_task_get_task_data (task);

  if (expected != NULL)
    {
      if (error != NULL && expected->error == NULL)
        expected->error = g_error_copy (error);
      if (--expected->n_pending > 0)
        return;
      error = expected->error;
    }
  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}
