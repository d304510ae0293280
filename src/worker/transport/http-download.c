/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-download.h"

#include "common/bgt-web-error.h"
#include "worker/transport/http-client.h"
#include "worker/transport/http-head.h"
#include "worker/transport/http-proof.h"

#define MAX_READ_BYTES (1024 * 1024)

#define BTS_TYPE_HTTP_DOWNLOAD (bts_http_download_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpDownload, bts_http_download, BTS, HTTP_DOWNLOAD, GObject)

struct _BtsHttpDownload
{
  GObject parent;

  BtsHttpClient *client; /* (owned) */

  GMutex mutex;            /* for changes of the next */
  BtsRateLimiter *limiter; /* (unowned) (nullable): of the run under way */
  BtsRatePortion portion;
  BtsHttpThrottle throttle;
};

/* A body on its way from the answer to the sink. */
typedef struct
{
  BtsHttpDownload *download;    /* (unowned) */
  BtsHttpAnswer *answer;        /* (unowned) */
  const BtsTransportHead *head; /* (unowned) */
  const BtsTransportSink *sink; /* (unowned) */
  gpointer user_data;
  BtsHttpProof *proof; /* (unowned) (nullable): where the end cannot be seen */
  guint64 received;
} Body;

static void bts_http_download_transport_init (BtsTransportInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsHttpDownload,
                               bts_http_download,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_TRANSPORT,
                                                      bts_http_download_transport_init))

static gboolean
is_cancelled (gpointer user_data)
{
  return bts_http_client_is_cancelled (((BtsHttpDownload *) user_data)->client);
}

static gsize
wait_for_rate (gsize wanted, gpointer user_data)
{
  BtsHttpDownload *self = user_data;

  if (self->limiter != NULL)
    wanted = bts_rate_limiter_wait (self->limiter, &self->portion, wanted, is_cancelled, self);
  return MAX (wanted, 1);
}

static void
take_from_rate (gsize taken, gpointer user_data)
{
  BtsHttpDownload *self = user_data;

  if (self->limiter != NULL)
    bts_rate_limiter_take (self->limiter, &self->portion, taken, g_get_monotonic_time ());
}

static gboolean
fail (int web_error, const char *problem, GError **error)
{
  g_set_error_literal (error, BGT_WEB_ERROR, web_error, problem);
  return FALSE;
}

/* Returns what came, 0 at the end of what comes, -1 on error. */
static gssize
move_some (Body *body, GError **error)
{
  BtsHttpDownload *self = body->download;
  gint64 expected = body->head->body_length;
  guint64 left = expected >= 0 ? (guint64) expected - body->received : 0;
  gsize size = 0;
  gpointer buffer = body->sink->get_buffer (&size, body->user_data);
  gssize n;

  size = MIN (size, MAX_READ_BYTES);
  if (expected >= 0)
    size = MIN (size, left);
  size = wait_for_rate (size, self);
  n = bts_http_client_read (self->client, body->answer, buffer, size, left, error);
  if (n <= 0)
    return n;

  take_from_rate ((gsize) n, self);
  body->received += (guint64) n;
  if (body->received > bts_http_framing_get_body_bytes (body->answer->framing))
    {
      fail (BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, "The answer cannot be told from what frames it",
            error);
      return -1;
    }
  if (body->proof != NULL)
    bts_http_proof_update (body->proof, buffer, (gsize) n);
  return body->sink->take_data ((gsize) n, body->user_data, error) ? n : -1;
}

/* All that was announced has come. What frames it must end here too. */
static gboolean
check_frame (Body *body, GError **error)
{
  BtsHttpClient *client = body->download->client;
  gssize n;
  char byte;

  if (bts_http_framing_get_kind (body->answer->framing) == BTS_HTTP_FRAMING_UNTIL_CLOSE)
    return TRUE;
  if (!bts_http_client_check_excess (client, body->answer, error))
    return FALSE;

  n = bts_http_client_read (client, body->answer, &byte, sizeof byte, 0, error);
  if (n < 0)
    return FALSE;
  if (n > 0)
    return fail (BGT_WEB_ERROR_INVALID_SERVER_RESPONSE, "The answer is longer than it says", error);
  if (!bts_http_framing_is_complete (body->answer->framing))
    return fail (BGT_WEB_ERROR_DISCONNECTED, "The connection was closed before the end", error);
  return TRUE;
}

static gboolean
check_end (Body *body, const BtsTransportRequest *request, GError **error)
{
  gint64 expected = body->head->body_length;

  if (expected >= 0 && body->received < (guint64) expected)
    return fail (BGT_WEB_ERROR_DISCONNECTED, "The connection was closed before the end", error);
  if (expected >= 0 || body->proof == NULL)
    return check_frame (body, error);
  /* TLS says by itself whether it was closed or cut off. */
  if (bts_http_target_is_tls (&body->answer->target))
    return TRUE;

  return bts_http_proof_check (body->proof, body->download->client, request, body->head, error);
}

static gboolean
move_body (Body *body, const BtsTransportRequest *request, GError **error)
{
  gint64 expected = body->head->body_length;
  gssize n = 1;

  while (n > 0 && (expected < 0 || body->received < (guint64) expected))
    n = move_some (body, error);
  return n >= 0 && check_end (body, request, error);
}

static gboolean
take_answer (BtsHttpDownload *self,
             const BtsTransportRequest *request,
             BtsHttpAnswer *answer,
             const BtsTransportHead *head,
             const BtsTransportSink *sink,
             gpointer user_data,
             GError **error)
{
  /* What cannot be asked for again ends where its connection does (RFC 9112 §6.3). */
  gboolean is_endless = !request->wants_any_answer && head->body_length < 0 &&
                        bts_http_framing_get_kind (answer->framing) == BTS_HTTP_FRAMING_UNTIL_CLOSE;
  g_autoptr (BtsHttpProof) proof = is_endless ? bts_http_proof_new (&self->throttle) : NULL;
  Body body = {
    .download = self,
    .answer = answer,
    .head = head,
    .sink = sink,
    .user_data = user_data,
    .proof = proof,
  };

  if (!sink->take_head (head, user_data, error))
    return FALSE;
  if (head->status_code < 300)
    return move_body (&body, request, error);
  /* What cannot be had of it is not missed. */
  if (request->wants_any_answer)
    move_body (&body, request, NULL);

  g_set_error (error, BGT_WEB_ERROR, (int) head->status_code,
               "The server answered with HTTP status %u", head->status_code);
  return FALSE;
}

/* What says wrongly which part of the file it is: the sink may know better what to do than end. */
static gboolean
refuse_part (const BtsTransportHead *head,
             const BtsTransportSink *sink,
             gpointer user_data,
             GError *problem,
             GError **error)
{
  if (sink->take_head (head, user_data, error))
    g_propagate_error (error, problem);
  else
    g_error_free (problem);
  return FALSE;
}

static void
set_limiter (BtsHttpDownload *self, BtsRateLimiter *limiter)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->mutex);

  self->limiter = limiter;
}

static gboolean
bts_http_download_run (BtsTransport *transport,
                       const BtsTransportRequest *request,
                       const BtsTransportSink *sink,
                       gpointer user_data,
                       GError **error)
{
  BtsHttpDownload *self = BTS_HTTP_DOWNLOAD (transport);
  BtsTransportHead head = { 0 };
  BtsHttpAnswer answer;
  GError *problem = NULL;
  gboolean is_done;

  set_limiter (self, request->limiter);
  bts_http_client_enter (self->client);
  is_done = bts_http_client_ask (self->client, request, &answer, error);
  if (is_done)
    {
      is_done = bts_http_head_fill (&head, request, &answer, &problem)
                    ? take_answer (self, request, &answer, &head, sink, user_data, error)
                    : refuse_part (&head, sink, user_data, problem, error);
      bts_http_client_finish (self->client, &answer);
      bts_transport_head_clear (&head);
    }
  if (!is_done && error != NULL)
    bts_http_client_explain (self->client, *error);
  bts_http_client_leave (self->client);
  if (self->limiter != NULL)
    bts_rate_limiter_give_back (self->limiter, &self->portion);
  set_limiter (self, NULL);
  return is_done;
}

static void
bts_http_download_cancel (BtsTransport *transport)
{
  BtsHttpDownload *self = BTS_HTTP_DOWNLOAD (transport);

  bts_http_client_cancel (self->client);
  g_mutex_lock (&self->mutex);
  if (self->limiter != NULL)
    bts_rate_limiter_wake_up (self->limiter);
  g_mutex_unlock (&self->mutex);
}

static void
bts_http_download_transport_init (BtsTransportInterface *interface)
{
  interface->run = bts_http_download_run;
  interface->cancel = bts_http_download_cancel;
}

static void
bts_http_download_finalize (GObject *object)
{
  BtsHttpDownload *self = BTS_HTTP_DOWNLOAD (object);

  g_clear_pointer (&self->client, bts_http_client_free);
  g_mutex_clear (&self->mutex);
  G_OBJECT_CLASS (bts_http_download_parent_class)->finalize (object);
}

static void
bts_http_download_class_init (BtsHttpDownloadClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_http_download_finalize;
}

static void
bts_http_download_init (BtsHttpDownload *self)
{
  g_mutex_init (&self->mutex);
}

BtsTransport *
bts_http_download_new (BtsHttpSession *session)
{
  BtsHttpDownload *self = g_object_new (BTS_TYPE_HTTP_DOWNLOAD, NULL);

  self->throttle = (BtsHttpThrottle){ wait_for_rate, take_from_rate, self };
  self->client = bts_http_client_new (session, &self->throttle);
  return BTS_TRANSPORT (self);
}
