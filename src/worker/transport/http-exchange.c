/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-exchange.h"

#include <sys/socket.h>

struct _BtsHttpExchange
{
  gatomicrefcount ref_count;
  GCancellable *cancellable; /* (owned) */

  GMutex mutex;          /* for the next three */
  GIOStream *connection; /* (owned) (nullable): in use */
  int fd;                /* (unowned): its socket; -1 */
  gboolean is_cancelled;

  BtsHttpSetup *setup; /* (unowned) (nullable): in a run */
  BtsHttpExchangeNotes notes;
};

/* The one thing that is a thread's own: libsoup hands nothing down to its connections. */
static GPrivate current_exchange;

BtsHttpExchange *
bts_http_exchange_new (void)
{
  BtsHttpExchange *self = g_new0 (BtsHttpExchange, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->mutex);
  self->cancellable = g_cancellable_new ();
  self->fd = -1;
  return self;
}

BtsHttpExchange *
bts_http_exchange_ref (BtsHttpExchange *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
bts_http_exchange_unref (BtsHttpExchange *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_mutex_clear (&self->mutex);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->notes.framing, bts_http_framing_unref);
  g_clear_object (&self->notes.observer);
  g_free (self);
}

BtsHttpExchange *
bts_http_exchange_get_current (void)
{
  return g_private_get (&current_exchange);
}

void
bts_http_exchange_enter (BtsHttpExchange *self, BtsHttpSetup *setup)
{
  g_assert (g_private_get (&current_exchange) == NULL);
  self->setup = setup;
  g_private_set (&current_exchange, self);
}

void
bts_http_exchange_leave (BtsHttpExchange *self)
{
  g_private_set (&current_exchange, NULL);
  self->setup = NULL;
}

BtsHttpSetup *
bts_http_exchange_get_setup (BtsHttpExchange *self)
{
  return self->setup;
}

GCancellable *
bts_http_exchange_get_cancellable (BtsHttpExchange *self)
{
  return self->cancellable;
}

BtsHttpExchangeNotes *
bts_http_exchange_get_notes (BtsHttpExchange *self)
{
  return &self->notes;
}

void
bts_http_exchange_cancel (BtsHttpExchange *self)
{
  g_mutex_lock (&self->mutex);
  self->is_cancelled = TRUE;
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_RDWR);
  g_mutex_unlock (&self->mutex);

  g_cancellable_cancel (self->cancellable);
}

gboolean
bts_http_exchange_is_cancelled (BtsHttpExchange *self)
{
  gboolean is_cancelled;

  g_mutex_lock (&self->mutex);
  is_cancelled = self->is_cancelled;
  g_mutex_unlock (&self->mutex);
  return is_cancelled;
}

void
bts_http_exchange_break_connection (BtsHttpExchange *self)
{
  g_mutex_lock (&self->mutex);
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_RDWR);
  g_mutex_unlock (&self->mutex);
}

void
bts_http_exchange_attach (BtsHttpExchange *self, GIOStream *connection, int fd)
{
  g_autoptr (GIOStream) previous = NULL;

  g_mutex_lock (&self->mutex);
  previous = g_steal_pointer (&self->connection);
  self->connection = g_object_ref (connection);
  self->fd = fd;
  if (self->is_cancelled)
    shutdown (fd, SHUT_RDWR);
  g_mutex_unlock (&self->mutex);
}

void
bts_http_exchange_detach (BtsHttpExchange *self, GIOStream *connection)
{
  g_autoptr (GIOStream) previous = NULL;

  g_mutex_lock (&self->mutex);
  if (self->connection == connection)
    {
      previous = g_steal_pointer (&self->connection);
      self->fd = -1;
    }
  g_mutex_unlock (&self->mutex);
}

GIOStream *
bts_http_exchange_ref_connection (BtsHttpExchange *self)
{
  GIOStream *connection;

  g_mutex_lock (&self->mutex);
  connection = self->connection != NULL ? g_object_ref (self->connection) : NULL;
  g_mutex_unlock (&self->mutex);
  return connection;
}
