/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-failure.h"

#include <errno.h>
#include <libsoup/soup.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-error.h"

void
bts_http_failure_set (BtsHttpExchange *exchange,
                      const GError *cause,
                      const char *what,
                      GError **error)
{
  const BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  gboolean is_tls = notes->framing != NULL && cause->domain == G_TLS_ERROR;

  if (bts_http_exchange_is_cancelled (exchange))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The transfer was stopped");
  /* A record of TLS that is cut off cannot be read, and is a cut all the same. */
  else if (is_tls && notes->has_ended)
    g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED, "%s: %s", what, cause->message);
  else if (notes->has_timed_out)
    g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_TIMEOUT, "%s: %s", what, cause->message);
  else if (notes->last_errno == EPIPE || notes->last_errno == ECONNABORTED ||
           (is_tls && cause->code != G_TLS_ERROR_EOF))
    g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CONNECTION_ABORTED, "%s: %s", what,
                 cause->message);
  else
    bts_http_error_propagate (error, cause, notes->certificate_flags, what);
}

void
bts_http_failure_set_problem (const char *problem, GError **error)
{
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, problem);
}

void
bts_http_failure_set_within_head (GError **error)
{
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                       "The connection was closed within the head of the answer");
}

static char *
describe_silence (const BtsHttpExchangeNotes *notes, const BtsHttpTarget *target)
{
  if (notes->proxy != NULL && notes->framing == NULL && !notes->is_proxy_reached)
    return g_strdup_printf ("No answer from the proxy %s", notes->proxy->host);
  return g_strdup_printf ("No answer from %s", g_uri_get_host (target->uri));
}

void
bts_http_failure_set_without_answer (BtsHttpExchange *exchange,
                                     const BtsHttpTarget *target,
                                     const GError *cause,
                                     GError **error)
{
  const BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (exchange);
  const BtsHttpFraming *framing = notes->framing;
  g_autofree char *what = describe_silence (notes, target);

  if (cause->domain == BGT_WEB_ERROR && !bts_http_exchange_is_cancelled (exchange))
    g_propagate_error (error, g_error_copy (cause));
  else if (bts_http_exchange_is_cancelled (exchange) || framing == NULL)
    bts_http_failure_set (exchange, cause, what, error);
  else if (bts_http_framing_get_problem (framing) != NULL)
    bts_http_failure_set_problem (bts_http_framing_get_problem (framing), error);
  /* What libsoup cannot read is what was cut off, if the framing has not seen the end either. */
  else if (bts_http_framing_has_started (framing) && cause->domain == SOUP_SESSION_ERROR)
    {
      if (bts_http_framing_get_kind (framing) == BTS_HTTP_FRAMING_UNKNOWN)
        bts_http_failure_set_within_head (error);
      else
        bts_http_failure_set_problem ("The head of the answer cannot be read", error);
    }
  else
    bts_http_failure_set (exchange, cause, what, error);
}
