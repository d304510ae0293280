/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-answer.h"

#include <string.h>

#include "worker/transport/http-failure.h"
#include "worker/transport/http-observer.h"

/* What is left of an answer that nobody wants is read, so that its connection can be used again,
 * only where that is quickly done. */
#define MAX_DRAIN_BYTES (64 * 1024)
#define DRAIN_TIMEOUT_MS 1000

gboolean
bts_http_answer_check_head (BtsHttpAnswer *self, BtsHttpExchange *exchange, GError **error)
{
  const BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  const char *problem = bts_http_framing_get_problem (self->framing);
  guint status_code = soup_message_get_status (self->message);

  if (problem != NULL)
    bts_http_failure_set_problem (problem, error);
  /* Without any of the body, a redirection may say that all is done, too. */
  else if ((!notes->is_body_sent && status_code < 300) || (self->is_body_kept && status_code < 400))
    bts_http_failure_set_problem ("The server was content before it had been sent everything",
                                  error);
  else if (bts_http_framing_get_kind (self->framing) == BTS_HTTP_FRAMING_UNKNOWN)
    bts_http_failure_set_within_head (error);
  else
    return TRUE;
  return FALSE;
}

static gboolean
is_worth_draining (BtsHttpAnswer *self, BtsHttpExchange *exchange)
{
  const BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);

  return self->body != NULL && !notes->has_timed_out && notes->last_errno == 0 &&
         bts_http_framing_get_kind (self->framing) != BTS_HTTP_FRAMING_UNTIL_CLOSE &&
         bts_http_framing_get_length (self->framing) <= MAX_DRAIN_BYTES;
}

/* Reads what is left, so that libsoup keeps the connection. */
static void
drain (BtsHttpAnswer *self, BtsHttpExchange *exchange)
{
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  gint64 end_us = g_get_monotonic_time () + DRAIN_TIMEOUT_MS * 1000;
  gsize drained = 0;

  notes->timeout_ms = DRAIN_TIMEOUT_MS;
  while (drained < MAX_DRAIN_BYTES && g_get_monotonic_time () < end_us)
    {
      char scratch[4096];
      gssize n = bts_http_answer_read (self, exchange, scratch, sizeof scratch, 0, NULL);

      if (n <= 0)
        break;
      drained += (gsize) n;
    }
  notes->timeout_ms = 0;
}

void
bts_http_answer_drop (BtsHttpAnswer *self, BtsHttpExchange *exchange)
{
  if (self->framing != NULL && is_worth_draining (self, exchange))
    drain (self, exchange);
  if (self->framing == NULL || !bts_http_framing_is_complete (self->framing) ||
      bts_http_framing_has_excess (self->framing) ||
      !bts_http_exchange_get_notes (exchange)->is_body_sent)
    bts_http_exchange_break_connection (exchange);
  /* Nothing more is wanted of it, so that it does not matter how it goes. */
  if (self->body != NULL)
    g_input_stream_close (self->body, NULL, NULL);

  g_clear_object (&self->body);
  g_clear_object (&self->message);
  g_clear_pointer (&self->framing, bts_http_framing_unref);
  self->spare_start = 0;
  self->spare_end = 0;
}

static gssize
take_spare (BtsHttpAnswer *self, gpointer buffer, gsize size)
{
  size = MIN (size, self->spare_end - self->spare_start);
  memcpy (buffer, self->spare + self->spare_start, size);
  self->spare_start += size;
  return (gssize) size;
}

static gssize
read_body (
    BtsHttpAnswer *self, BtsHttpExchange *exchange, gpointer buffer, gsize size, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize n = g_input_stream_read (self->body, buffer, size, NULL, &local_error);
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  const char *problem;

  if (n == 0 && bts_http_framing_is_within_trailers (self->framing) &&
      !bts_http_observer_read_trailers (BTS_HTTP_OBSERVER (notes->observer), &local_error))
    n = -1;
  problem = bts_http_framing_get_problem (self->framing);
  if (problem != NULL)
    {
      bts_http_failure_set_problem (problem, error);
      return -1;
    }
  if (n < 0)
    bts_http_failure_set (exchange, local_error, "The transfer was interrupted", error);
  return n;
}

gssize
bts_http_answer_read (BtsHttpAnswer *self,
                      BtsHttpExchange *exchange,
                      gpointer buffer,
                      gsize size,
                      guint64 left,
                      GError **error)
{
  gboolean is_chunked = bts_http_framing_get_kind (self->framing) == BTS_HTTP_FRAMING_CHUNKED;
  gssize n;

  if (self->spare_start < self->spare_end)
    return take_spare (self, buffer, size);

  bts_http_exchange_get_notes (exchange)->body_left = is_chunked ? 0 : left;
  /* libsoup reads the lines after the last chunk into the buffer it was given for data. */
  if (!is_chunked || size >= sizeof self->spare)
    return read_body (self, exchange, buffer, size, error);

  n = read_body (self, exchange, self->spare, sizeof self->spare, error);
  if (n <= 0)
    return n;
  self->spare_start = 0;
  self->spare_end = (gsize) n;
  return take_spare (self, buffer, size);
}

gboolean
bts_http_answer_check_excess (BtsHttpAnswer *self, BtsHttpExchange *exchange, GError **error)
{
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);

  if (!bts_http_framing_is_complete (self->framing) ||
      !bts_http_observer_has_excess (BTS_HTTP_OBSERVER (notes->observer)))
    return TRUE;

  bts_http_failure_set_problem ("The answer is longer than it says", error);
  return FALSE;
}
