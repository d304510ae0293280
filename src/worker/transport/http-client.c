/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-client.h"

#include "common/bgt-web-error.h"
#include "worker/transport/http-auth.h"
#include "worker/transport/http-failure.h"
#include "worker/transport/http-head.h"
#include "worker/transport/http-observer.h"
#include "worker/transport/http-request.h"
#include "worker/transport/http-setup.h"

#define MAX_REDIRECTIONS 20
#define MAX_CHALLENGES 3

/* More kept connections than that do not go stale at once. */
#define MAX_STALE_CONNECTIONS 8

struct _BtsHttpClient
{
  BtsHttpSession *session;         /* (owned) */
  BtsHttpExchange *exchange;       /* (owned) */
  BtsHttpAuth *auth;               /* (owned) */
  BtsHttpAuth *proxy_auth;         /* (owned) */
  BtsHttpCookies *cookies;         /* (owned): of requests that bring none */
  BtsHttpProxy *proxy;             /* (owned) (nullable): of the request under way */
  BtsHttpOwnSession own_session;   /* for what is bound to a connection; in a run */
  const BtsHttpThrottle *throttle; /* (unowned) */
  BtsHttpSetup *setup;             /* (owned) (nullable): in a run */
  gboolean is_expect_refused;      /* by the server of the request under way */
};

BtsHttpClient *
bts_http_client_new (BtsHttpSession *session, const BtsHttpThrottle *throttle)
{
  BtsHttpClient *self = g_new0 (BtsHttpClient, 1);

  self->session = g_object_ref (session);
  self->exchange = bts_http_exchange_new ();
  self->auth = bts_http_auth_new (FALSE);
  self->proxy_auth = bts_http_auth_new (TRUE);
  self->cookies = bts_http_cookies_new (NULL);
  self->throttle = throttle;
  return self;
}

void
bts_http_client_free (BtsHttpClient *self)
{
  g_clear_object (&self->session);
  g_clear_pointer (&self->exchange, bts_http_exchange_unref);
  g_clear_pointer (&self->auth, bts_http_auth_free);
  g_clear_pointer (&self->proxy_auth, bts_http_auth_free);
  g_clear_pointer (&self->proxy, bts_http_proxy_free);
  g_clear_pointer (&self->cookies, bts_http_cookies_free);
  g_clear_pointer (&self->setup, bts_http_setup_unref);
  g_free (self);
}

void
bts_http_client_cancel (BtsHttpClient *self)
{
  bts_http_exchange_cancel (self->exchange);
}

gboolean
bts_http_client_is_cancelled (BtsHttpClient *self)
{
  return bts_http_exchange_is_cancelled (self->exchange);
}

void
bts_http_client_enter (BtsHttpClient *self)
{
  self->setup = bts_http_session_ref_setup (self->session);
  bts_http_exchange_enter (self->exchange, self->setup);
}

static void
release_connection (BtsHttpClient *self)
{
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (self->exchange);
  g_autoptr (GIOStream) connection = bts_http_exchange_ref_connection (self->exchange);

  if (connection != NULL)
    bts_http_wire_detach (BTS_HTTP_WIRE (connection), self->exchange);
  g_clear_pointer (&notes->framing, bts_http_framing_unref);
  g_clear_object (&notes->observer);
}

static void
leave_own_connections (BtsHttpClient *self)
{
  bts_http_auth_leave_connection (self->auth);
  bts_http_auth_leave_connection (self->proxy_auth);
  bts_http_own_session_clear (&self->own_session);
}

void
bts_http_client_leave (BtsHttpClient *self)
{
  release_connection (self);
  leave_own_connections (self);
  bts_http_exchange_leave (self->exchange);
  g_clear_pointer (&self->setup, bts_http_setup_unref);
}

/* A connection that the server has closed meanwhile says nothing about the request. */
static gboolean
is_stale (BtsHttpClient *self, const BtsHttpTarget *target)
{
  const BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (self->exchange);
  gboolean is_repeatable =
      g_str_equal (target->method, "GET") || g_str_equal (target->method, "HEAD");

  return is_repeatable && notes->is_reused && !notes->has_timed_out && notes->framing != NULL &&
         !bts_http_framing_has_started (notes->framing) &&
         !bts_http_exchange_is_cancelled (self->exchange);
}

/* The proxy reads the request itself. */
static gboolean
is_forwarded (BtsHttpClient *self, const BtsHttpAnswer *answer)
{
  return self->proxy != NULL && bts_http_proxy_forwards (self->proxy) &&
         !bts_http_target_is_tls (&answer->target);
}

static BtsHttpCookies *
get_cookies (BtsHttpClient *self, const BtsTransportRequest *request)
{
  return request->cookies != NULL ? request->cookies : self->cookies;
}

/* Connections with a user of their own are kept apart. */
static SoupSession *
get_session (BtsHttpClient *self, gboolean is_tls)
{
  if (bts_http_auth_is_bound (self->auth) || bts_http_auth_is_bound (self->proxy_auth))
    return bts_http_own_session_get (&self->own_session, self->setup, self->proxy, is_tls);
  return bts_http_setup_get_session (self->setup, self->proxy, is_tls);
}

/* libsoup would read the whole answer into memory and ask again by itself; this ends it after the
 * head, which says all there is to know. */
static void
on_misdirected (SoupMessage *message, BtsHttpClient *self)
{
  bts_http_exchange_break_connection (self->exchange);
}

static gboolean
is_misdirected (const BtsHttpAnswer *answer)
{
  return answer->message != NULL &&
         soup_message_get_status (answer->message) == SOUP_STATUS_MISDIRECTED_REQUEST;
}

static GInputStream *
send_once (BtsHttpClient *self,
           const BtsTransportRequest *request,
           BtsHttpAnswer *answer,
           GError **error)
{
  BtsHttpAuth *auth = answer->target.is_own_origin ? self->auth : NULL;
  BtsHttpAuth *proxy_auth = is_forwarded (self, answer) ? self->proxy_auth : NULL;
  gboolean has_body = answer->target.has_body && bts_http_request_has_body (request);
  gboolean is_under_way =
      bts_http_auth_is_under_way (auth) || bts_http_auth_is_under_way (proxy_auth);

  g_clear_object (&answer->message);
  answer->is_body_kept =
      has_body && (bts_http_auth_is_opening (auth) || bts_http_auth_is_opening (proxy_auth));
  has_body = has_body && !answer->is_body_kept;
  answer->message = bts_http_request_new_message (request, &answer->target, has_body,
                                                  get_cookies (self, request));
  if (answer->message == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                           "The URI cannot be asked for");
      return NULL;
    }
  soup_message_add_status_code_handler (answer->message, "got-headers",
                                        SOUP_STATUS_MISDIRECTED_REQUEST,
                                        G_CALLBACK (on_misdirected), self);
  bts_http_auth_apply (auth, answer->message);
  bts_http_auth_apply (proxy_auth, answer->message);
  if (request->body == NULL || !has_body)
    bts_http_exchange_get_notes (self->exchange)->is_body_sent = TRUE;
  else if (!bts_http_upload_attach (answer->message, request->body, self->exchange, self->throttle,
                                    !self->is_expect_refused, error))
    return NULL;
  /* Of libsoup's flags, the other one allows POST to use a connection again, not to be sent
   * again. */
  if (is_under_way)
    {
      soup_message_remove_flags (answer->message, SOUP_MESSAGE_NEW_CONNECTION);
      soup_message_add_flags (answer->message, SOUP_MESSAGE_IDEMPOTENT);
    }
  return soup_session_send (get_session (self, bts_http_target_is_tls (&answer->target)),
                            answer->message, bts_http_exchange_get_cancellable (self->exchange),
                            error);
}

static gboolean
choose_proxy (BtsHttpClient *self,
              const BtsTransportRequest *request,
              const BtsHttpTarget *target,
              GError **error)
{
  g_autoptr (GError) local_error = NULL;

  g_clear_pointer (&self->proxy, bts_http_proxy_free);
  if (!bts_http_proxy_choose (self->setup->proxy_memory, request->request, target->uri,
                              bts_http_exchange_get_cancellable (self->exchange), &self->proxy,
                              &local_error))
    {
      bts_http_failure_set (self->exchange, local_error, "No proxy could be chosen", error);
      return FALSE;
    }
  if (self->proxy != NULL)
    bts_http_auth_set_credential (self->proxy_auth, self->proxy->host, self->proxy->user,
                                  self->proxy->password);
  return TRUE;
}

static gboolean
send (BtsHttpClient *self,
      const BtsTransportRequest *request,
      BtsHttpAnswer *answer,
      GError **error)
{
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (self->exchange);
  guint n_challenges = 0;

  if (!choose_proxy (self, request, &answer->target, error))
    return FALSE;
  for (guint n_stale = 0;; n_stale++)
    {
      g_autoptr (GError) local_error = NULL;

      release_connection (self);
      *notes = (BtsHttpExchangeNotes){
        .is_head = g_str_equal (answer->target.method, "HEAD"),
        .proxy = self->proxy,
        .proxy_auth = self->proxy_auth,
      };
      answer->body = send_once (self, request, answer, &local_error);
      if (answer->body == NULL && is_misdirected (answer))
        answer->body = g_memory_input_stream_new ();
      if (answer->body != NULL)
        {
          answer->framing = bts_http_framing_ref (notes->framing);
          return bts_http_answer_check_head (answer, self->exchange, error);
        }
      if (n_stale < MAX_STALE_CONNECTIONS && is_stale (self, &answer->target))
        continue;
      if (notes->is_proxy_challenged && ++n_challenges <= MAX_CHALLENGES)
        continue;

      bts_http_failure_set_without_answer (self->exchange, &answer->target, local_error, error);
      return FALSE;
    }
}

static gboolean
check_allowed (BtsHttpClient *self, const BtsHttpTarget *target, GError **error)
{
  if (bts_http_exchange_is_cancelled (self->exchange))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The transfer was stopped");
  else if (!self->setup->allow_plain_http && !bts_http_target_is_tls (target))
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                         "http is not allowed by the configuration, only https");
  else
    return TRUE;
  return FALSE;
}

static gboolean
is_followed (const BtsTransportRequest *request, guint status_code)
{
  switch (request->redirections)
    {
    case BTS_TRANSPORT_REDIRECTIONS_ALL:
      return bts_http_target_is_redirection (status_code);
    case BTS_TRANSPORT_REDIRECTIONS_REPEATING:
      return status_code == 307 || status_code == 308;
    case BTS_TRANSPORT_REDIRECTIONS_NONE:
      return FALSE;
    }
  g_assert_not_reached ();
}

static gboolean
follow (BtsHttpClient *self, BtsHttpAnswer *answer, guint n_redirections, GError **error)
{
  guint status_code = soup_message_get_status (answer->message);
  const char *location = bts_http_framing_get_location (answer->framing);

  if (n_redirections > MAX_REDIRECTIONS)
    {
      g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_REDIRECT_FAILED,
                   "The server redirects more than %d times", MAX_REDIRECTIONS);
      return FALSE;
    }
  return bts_http_target_follow (&answer->target, status_code, location, error);
}

/* Whether asking again is worth it. */
static gboolean
take_challenge (BtsHttpClient *self, BtsHttpAnswer *answer)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (answer->message);
  BtsHttpAuth *auth = NULL;

  if (soup_message_get_status (answer->message) == SOUP_STATUS_UNAUTHORIZED &&
      answer->target.is_own_origin)
    auth = self->auth;
  else if (soup_message_get_status (answer->message) == SOUP_STATUS_PROXY_UNAUTHORIZED &&
           is_forwarded (self, answer))
    auth = self->proxy_auth;
  return auth != NULL &&
         bts_http_auth_take_challenge (auth, answer->message, headers,
                                       bts_http_exchange_get_notes (self->exchange)->is_reused,
                                       bts_http_exchange_get_cancellable (self->exchange));
}

void
bts_http_client_explain (BtsHttpClient *self, GError *error)
{
  bts_http_auth_explain (self->auth, error);
  bts_http_auth_explain (self->proxy_auth, error);
}

/* RFC 9110 §15.5.18: who does not know the expectation can be asked without it. */
static gboolean
take_expectation_failed (BtsHttpClient *self, BtsHttpAnswer *answer)
{
  const BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (self->exchange);

  gboolean is_new = !self->is_expect_refused && !notes->is_body_begun && !notes->is_body_sent &&
                    soup_message_get_status (answer->message) == SOUP_STATUS_EXPECTATION_FAILED;

  self->is_expect_refused = self->is_expect_refused || is_new;
  return is_new;
}

static gboolean
ask_until_final (BtsHttpClient *self,
                 const BtsTransportRequest *request,
                 BtsHttpAnswer *answer,
                 GError **error)
{
  guint n_redirections = 0, n_challenges = 0;

  for (;;)
    {
      guint status_code;

      /* A way back would be asked for with the secrets that stay behind. */
      if (!answer->target.is_own_origin && bts_http_auth_is_bound (self->auth))
        leave_own_connections (self);
      if (!check_allowed (self, &answer->target, error) || !send (self, request, answer, error))
        return FALSE;

      bts_http_head_take_cookies (answer, get_cookies (self, request));
      status_code = soup_message_get_status (answer->message);
      if (is_followed (request, status_code))
        {
          if (!follow (self, answer, ++n_redirections, error))
            return FALSE;
        }
      else if (!take_expectation_failed (self, answer) &&
               (++n_challenges > 2 * MAX_CHALLENGES || !take_challenge (self, answer)))
        return TRUE;
      bts_http_answer_drop (answer, self->exchange);
    }
}

gboolean
bts_http_client_ask (BtsHttpClient *self,
                     const BtsTransportRequest *request,
                     BtsHttpAnswer *answer,
                     GError **error)
{
  const char *user = NULL, *password = NULL;

  *answer = (BtsHttpAnswer){ .body = NULL };
  self->is_expect_refused = FALSE;
  if (!bts_http_target_init (&answer->target, request->uri, bts_http_request_get_method (request),
                             error))
    return FALSE;
  if (request->request != NULL)
    g_variant_lookup (request->request, "server-credential", "(&s&s)", &user, &password);
  bts_http_auth_set_credential (self->auth, g_uri_get_host (answer->target.uri), user, password);

  if (ask_until_final (self, request, answer, error))
    return TRUE;
  bts_http_client_finish (self, answer);
  return FALSE;
}

gssize
bts_http_client_read (BtsHttpClient *self,
                      BtsHttpAnswer *answer,
                      gpointer buffer,
                      gsize size,
                      guint64 left,
                      GError **error)
{
  return bts_http_answer_read (answer, self->exchange, buffer, size, left, error);
}

gboolean
bts_http_client_check_excess (BtsHttpClient *self, BtsHttpAnswer *answer, GError **error)
{
  return bts_http_answer_check_excess (answer, self->exchange, error);
}

void
bts_http_client_finish (BtsHttpClient *self, BtsHttpAnswer *answer)
{
  bts_http_answer_drop (answer, self->exchange);
  bts_http_target_clear (&answer->target);
}
