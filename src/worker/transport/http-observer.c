/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-observer.h"

#include <string.h>

#include "worker/transport/http-setup.h"

/* RFC 9110 §10.1.1: a client does not wait for ever for 100 (Continue). */
#define CONTINUE_TIMEOUT_MS 1000

static const char continue_head[] = "HTTP/1.1 100 Continue\r\n\r\n";

struct _BtsHttpObserver
{
  BtsHttpStream parent;

  GIOStream *connection;   /* (owned) */
  BtsHttpWire *wire;       /* (owned) */
  BtsHttpFraming *framing; /* (owned): of the answer under way */
  guint n_requests;        /* requests that have been sent */
  char *uri_start;         /* (owned) (nullable): before the path of each request */
};

G_DEFINE_FINAL_TYPE (BtsHttpObserver, bts_http_observer, BTS_TYPE_HTTP_STREAM)

/* Once the head is there, only silence counts. */
static void
feed (BtsHttpObserver *self, gconstpointer data, gsize size)
{
  BtsHttpExchange *exchange = bts_http_exchange_get_current ();

  BtsHttpExchangeNotes *notes = exchange != NULL ? bts_http_exchange_get_notes (exchange) : NULL;

  bts_http_framing_feed (self->framing, data, size);
  if (notes == NULL || bts_http_framing_get_kind (self->framing) == BTS_HTTP_FRAMING_UNKNOWN)
    return;
  notes->deadline_us = 0;
  notes->awaits_continue = FALSE;
}

/* A server that does not know Expect says nothing; then libsoup is told what it waits for. */
static gssize
read_continue (
    BtsHttpObserver *self, BtsHttpExchangeNotes *notes, gpointer buffer, gsize size, GError **error)
{
  GInputStream *input = g_io_stream_get_input_stream (self->connection);
  g_autoptr (GError) local_error = NULL;
  guint timeout_ms = notes->timeout_ms;
  gssize n;

  notes->timeout_ms = CONTINUE_TIMEOUT_MS;
  n = g_input_stream_read (input, buffer, size, NULL, &local_error);
  notes->timeout_ms = timeout_ms;
  if (n >= 0)
    return n;
  if (!notes->has_timed_out || size < sizeof continue_head - 1)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return -1;
    }

  notes->has_timed_out = FALSE;
  notes->awaits_continue = FALSE;
  memcpy (buffer, continue_head, sizeof continue_head - 1);
  return (gssize) sizeof continue_head - 1;
}

static gssize
read_some (
    BtsHttpObserver *self, gpointer buffer, gsize size, GCancellable *cancellable, GError **error)
{
  BtsHttpExchange *exchange = bts_http_exchange_get_current ();

  if (exchange != NULL && bts_http_exchange_get_notes (exchange)->awaits_continue)
    return read_continue (self, bts_http_exchange_get_notes (exchange), buffer, size, error);
  return g_input_stream_read (g_io_stream_get_input_stream (self->connection), buffer, size,
                              cancellable, error);
}

static gssize
bts_http_observer_read (
    BtsHttpStream *stream, gpointer buffer, gsize size, GCancellable *cancellable, GError **error)
{
  BtsHttpObserver *self = BTS_HTTP_OBSERVER (stream);
  gssize n = read_some (self, buffer, size, cancellable, error);

  if (n > 0)
    feed (self, buffer, (gsize) n);
  if (n > 0 && bts_http_framing_get_problem (self->framing) != NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           bts_http_framing_get_problem (self->framing));
      return -1;
    }
  return n;
}

/* Whether the connection is open and nothing comes from it. */
static gboolean
is_silent (BtsHttpObserver *self)
{
  GInputStream *input = g_io_stream_get_input_stream (self->connection);
  g_autoptr (GError) error = NULL;
  char byte;
  gssize n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), &byte,
                                                       sizeof byte, NULL, &error);

  if (n > 0)
    bts_http_framing_feed (self->framing, &byte, (gsize) n);
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static gboolean
is_in_step (BtsHttpObserver *self)
{
  return self->n_requests == 0 ||
         (bts_http_framing_is_complete (self->framing) &&
          !bts_http_framing_has_excess (self->framing) && is_silent (self));
}

/* The first bytes of a request: whoever sends it owns the connection from here on. */
static gboolean
begin_request (BtsHttpObserver *self, GError **error)
{
  BtsHttpExchange *exchange = bts_http_exchange_get_current ();
  BtsHttpExchangeNotes *notes;
  gboolean is_usable;

  /* Before anything is read: the run before may not have let go of it yet. */
  if (exchange != NULL)
    bts_http_wire_attach (self->wire, exchange);
  is_usable = is_in_step (self);
  if (exchange != NULL)
    {
      notes = bts_http_exchange_get_notes (exchange);
      notes->is_reused = self->n_requests > 0;
      notes->deadline_us =
          g_get_monotonic_time () +
          (gint64) bts_http_exchange_get_setup (exchange)->response_timeout_ms * 1000;
      g_clear_pointer (&self->framing, bts_http_framing_unref);
      self->framing = bts_http_framing_new (notes->is_head);
      g_clear_pointer (&notes->framing, bts_http_framing_unref);
      notes->framing = bts_http_framing_ref (self->framing);
      g_set_object (&notes->observer, G_IO_STREAM (self));
    }
  if (is_usable)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                       "The connection is out of step with its answers");
  return FALSE;
}

/* The method and the start of the whole URI; libsoup is told of the method only. */
static gssize
write_uri_start (
    BtsHttpObserver *self, const char *head, gsize size, GCancellable *cancellable, GError **error)
{
  const char *space = memchr (head, ' ', size);
  gsize method_size = space != NULL ? (gsize) (space - head) + 1 : 0;
  g_autofree char *start = g_strdup_printf ("%.*s%s", (int) method_size, head, self->uri_start);

  if (method_size == 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The request has no method");
      return -1;
    }
  if (!g_output_stream_write_all (g_io_stream_get_output_stream (self->connection), start,
                                  strlen (start), NULL, cancellable, error))
    return -1;
  return (gssize) method_size;
}

static gssize
bts_http_observer_write (BtsHttpStream *stream,
                         gconstpointer buffer,
                         gsize size,
                         GCancellable *cancellable,
                         GError **error)
{
  BtsHttpObserver *self = BTS_HTTP_OBSERVER (stream);
  GOutputStream *output = g_io_stream_get_output_stream (self->connection);
  gboolean is_new_request = self->n_requests == 0 || bts_http_framing_has_started (self->framing);

  if (is_new_request && !begin_request (self, error))
    return -1;
  if (is_new_request)
    self->n_requests++;
  if (is_new_request && self->uri_start != NULL)
    return write_uri_start (self, buffer, size, cancellable, error);
  return g_output_stream_write (output, buffer, size, cancellable, error);
}

static gboolean
bts_http_observer_is_readable (BtsHttpStream *stream)
{
  BtsHttpObserver *self = BTS_HTTP_OBSERVER (stream);
  GInputStream *input = g_io_stream_get_input_stream (self->connection);

  return g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (input));
}

static gboolean
bts_http_observer_shut (BtsHttpStream *stream, GError **error)
{
  return g_io_stream_close (BTS_HTTP_OBSERVER (stream)->connection, NULL, error);
}

static void
bts_http_observer_finalize (GObject *object)
{
  BtsHttpObserver *self = BTS_HTTP_OBSERVER (object);

  g_clear_object (&self->connection);
  g_clear_object (&self->wire);
  g_clear_pointer (&self->uri_start, g_free);
  g_clear_pointer (&self->framing, bts_http_framing_unref);
  G_OBJECT_CLASS (bts_http_observer_parent_class)->finalize (object);
}

static void
bts_http_observer_class_init (BtsHttpObserverClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_http_observer_finalize;
  BTS_HTTP_STREAM_CLASS (class)->read = bts_http_observer_read;
  BTS_HTTP_STREAM_CLASS (class)->write = bts_http_observer_write;
  BTS_HTTP_STREAM_CLASS (class)->is_readable = bts_http_observer_is_readable;
  BTS_HTTP_STREAM_CLASS (class)->shut = bts_http_observer_shut;
}

static void
bts_http_observer_init (BtsHttpObserver *self)
{
  self->framing = bts_http_framing_new (FALSE);
}

GIOStream *
bts_http_observer_new (GIOStream *connection, BtsHttpWire *wire)
{
  BtsHttpObserver *self = g_object_new (BTS_TYPE_HTTP_OBSERVER, NULL);

  self->connection = g_object_ref (connection);
  self->wire = g_object_ref (wire);
  return G_IO_STREAM (self);
}

void
bts_http_observer_set_uri_start (BtsHttpObserver *self, const char *uri_start)
{
  g_free (self->uri_start);
  self->uri_start = g_strdup (uri_start);
}

gssize
bts_http_observer_send (BtsHttpObserver *self, gconstpointer data, gsize size, GError **error)
{
  GOutputStream *output = g_io_stream_get_output_stream (self->connection);

  return g_output_stream_write (output, data, size, NULL, error);
}

gssize
bts_http_observer_send_file (
    BtsHttpObserver *self, int fd, guint64 offset, gsize size, GError **error)
{
  return bts_http_wire_send_file (self->wire, fd, offset, size, error);
}

guint64
bts_http_observer_get_queue_bytes (BtsHttpObserver *self)
{
  return bts_http_wire_get_queue_bytes (self->wire);
}

gboolean
bts_http_observer_is_plain (BtsHttpObserver *self)
{
  return self->connection == G_IO_STREAM (self->wire);
}

gboolean
bts_http_observer_has_early_answer (BtsHttpObserver *self)
{
  return bts_http_observer_is_plain (self) && bts_http_wire_has_answer (self->wire);
}

gboolean
bts_http_observer_has_excess (BtsHttpObserver *self)
{
  is_silent (self);
  return bts_http_framing_has_excess (self->framing);
}

gboolean
bts_http_observer_read_trailers (BtsHttpObserver *self, GError **error)
{
  char scratch[1024];
  gssize n = 1;

  while (n > 0 && bts_http_framing_is_within_trailers (self->framing))
    n = bts_http_observer_read (BTS_HTTP_STREAM (self), scratch, sizeof scratch, NULL, error);
  return n >= 0;
}
