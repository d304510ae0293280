/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-upload.h"

#include <errno.h>
#include <unistd.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-observer.h"
#include "worker/transport/http-setup.h"

/* What is passed on at once, from a file and through TLS, which wants it in the nearest cache. */
#define MAX_FILE_BYTES (4 * 1024 * 1024)
#define BUFFER_BYTES (64 * 1024)

/* What is held back until the file is known not to have changed. */
#define TAIL_BYTES (64 * 1024)
G_STATIC_ASSERT (TAIL_BYTES <= BUFFER_BYTES);

/* What is passed on from a file waits in the queues of both ends as the file's own pages, and
 * follows what is written there. The end of a body is copied, for more than the queues hold, so
 * that nothing of the file is still waiting when it is checked for changes. */
#define COPIED_BYTES (16 * 1024 * 1024)

/* A body that would be sent for nothing if the server does not want it. */
#define EXPECT_BYTES (1024 * 1024)

#define BTS_TYPE_HTTP_UPLOAD_STREAM (bts_http_upload_stream_get_type ())
G_DECLARE_FINAL_TYPE (
    BtsHttpUploadStream, bts_http_upload_stream, BTS, HTTP_UPLOAD_STREAM, GInputStream)

struct _BtsHttpUploadStream
{
  GInputStream parent;

  const BtsTransportBody *body; /* (unowned) */
  BtsHttpExchange *exchange;    /* (unowned) */
  BtsHttpThrottle throttle;
  BtsHttpObserver *observer; /* (unowned) (nullable) */
  char *buffer;              /* (owned) (nullable) */
  guint64 n_sent;
  gboolean is_cut; /* the server takes no more; perhaps it says why */
};

G_DEFINE_FINAL_TYPE (BtsHttpUploadStream, bts_http_upload_stream, G_TYPE_INPUT_STREAM)

static void
note_sent (BtsHttpUploadStream *self, gsize n)
{
  self->throttle.take (n, self->throttle.user_data);
  self->n_sent += n;
  self->body->sent (self->n_sent, self->body->user_data);
}

static gboolean
is_refusal (BtsHttpUploadStream *self)
{
  int last_errno = bts_http_exchange_get_notes (self->exchange)->last_errno;

  return last_errno == EPIPE || last_errno == ECONNRESET;
}

/* Takes the result of a write. FALSE: the body ends here, with or without an error. */
static gboolean
take_written (BtsHttpUploadStream *self, gssize n, GError *local_error, GError **error)
{
  g_autoptr (GError) taken = local_error;

  if (n > 0)
    {
      note_sent (self, (gsize) n);
      return TRUE;
    }
  if (n < 0 && is_refusal (self) && !bts_http_exchange_is_cancelled (self->exchange))
    self->is_cut = TRUE;
  else if (taken != NULL)
    g_propagate_error (error, g_steal_pointer (&taken));
  else
    g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED,
                         "The file became shorter while it was sent");
  return FALSE;
}

static gboolean
send_bytes (BtsHttpUploadStream *self, const char *bytes, guint64 length, GError **error)
{
  while (length > 0)
    {
      GError *local_error = NULL;
      gsize size = self->throttle.wait (MIN (length, BUFFER_BYTES), self->throttle.user_data);
      gssize n;

      if (bts_http_observer_has_early_answer (self->observer))
        {
          self->is_cut = TRUE;
          return FALSE;
        }
      n = bts_http_observer_send (self->observer, bytes, size, &local_error);
      if (!take_written (self, n, local_error, error))
        return FALSE;
      bytes += n;
      length -= (gsize) n;
    }
  return TRUE;
}

static gboolean
read_file (BtsHttpUploadStream *self, int fd, guint64 offset, gsize size, GError **error)
{
  gsize n_read = 0;

  if (self->buffer == NULL)
    self->buffer = g_malloc (BUFFER_BYTES);
  while (n_read < size)
    {
      gssize n = pread (fd, self->buffer + n_read, size - n_read, (off_t) (offset + n_read));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        g_set_error (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_ERROR, "Cannot read the file: %s",
                     g_strerror (errno));
      if (n == 0)
        g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_FILE_CHANGED,
                             "The file became shorter while it was sent");
      if (n <= 0)
        return FALSE;
      n_read += (gsize) n;
    }
  return TRUE;
}

static gboolean
send_file_plain (BtsHttpUploadStream *self, int fd, guint64 offset, guint64 length, GError **error)
{
  while (length > 0)
    {
      GError *local_error = NULL;
      gsize size = self->throttle.wait (MIN (length, MAX_FILE_BYTES), self->throttle.user_data);
      gssize n;

      if (bts_http_observer_has_early_answer (self->observer))
        {
          self->is_cut = TRUE;
          return FALSE;
        }
      n = bts_http_observer_send_file (self->observer, fd, offset, size, &local_error);
      if (!take_written (self, n, local_error, error))
        return FALSE;
      offset += (guint64) n;
      length -= (guint64) n;
    }
  return TRUE;
}

/* How many of the next @length bytes need not be copied. */
static guint64
get_plain_length (BtsHttpUploadStream *self, guint64 length)
{
  guint64 copied = MAX (COPIED_BYTES, bts_http_observer_get_queue_bytes (self->observer));
  guint64 position = self->n_sent + copied;

  if (!bts_http_observer_is_plain (self->observer) || position >= self->body->length)
    return 0;
  return MIN (length, self->body->length - position);
}

static gboolean
send_file (BtsHttpUploadStream *self, int fd, guint64 offset, guint64 length, GError **error)
{
  while (length > 0)
    {
      guint64 size = get_plain_length (self, MIN (length, COPIED_BYTES));
      gboolean is_sent = size > 0;

      if (is_sent)
        is_sent = send_file_plain (self, fd, offset, size, error);
      else
        {
          size = MIN (length, BUFFER_BYTES);
          is_sent = read_file (self, fd, offset, (gsize) size, error) &&
                    send_bytes (self, self->buffer, size, error);
        }
      if (!is_sent)
        return FALSE;
      offset += size;
      length -= size;
    }
  return TRUE;
}

static gboolean
send_piece (BtsHttpUploadStream *self, const BtsTransportPiece *piece, GError **error)
{
  if (piece->bytes != NULL)
    return send_bytes (self, piece->bytes, piece->length, error);
  return send_file (self, piece->fd, piece->offset, piece->length, error);
}

/* Its end goes out only once everything that has been read is known to be of one file. */
static gboolean
send_last_piece (BtsHttpUploadStream *self, const BtsTransportPiece *piece, GError **error)
{
  const BtsTransportBody *body = self->body;
  gsize tail = (gsize) MIN (piece->length, TAIL_BYTES);
  guint64 start = piece->length - tail;

  if (piece->bytes != NULL)
    return body->verify (body->user_data, error) && send_piece (self, piece, error);

  return send_file (self, piece->fd, piece->offset, start, error) &&
         read_file (self, piece->fd, piece->offset + start, tail, error) &&
         body->verify (body->user_data, error) && send_bytes (self, self->buffer, tail, error);
}

static gboolean
send_body (BtsHttpUploadStream *self, GError **error)
{
  const BtsTransportBody *body = self->body;

  if (!body->begin (body->user_data, error))
    return FALSE;
  for (guint i = 0; i + 1 < body->n_pieces; i++)
    {
      if (!send_piece (self, &body->pieces[i], error))
        return FALSE;
    }
  return send_last_piece (self, &body->pieces[body->n_pieces - 1], error);
}

static gssize
bts_http_upload_stream_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  BtsHttpUploadStream *self = BTS_HTTP_UPLOAD_STREAM (stream);
  BtsHttpExchangeNotes *notes = bts_http_exchange_get_notes (self->exchange);
  g_autoptr (GError) local_error = NULL;

  if (notes->is_body_sent || self->is_cut)
    return 0;

  /* While the server gets something, nothing is due from it. */
  notes->deadline_us = 0;
  notes->awaits_continue = FALSE;
  notes->is_body_begun = TRUE;
  self->observer = BTS_HTTP_OBSERVER (notes->observer);
  notes->is_body_sent = send_body (self, &local_error);
  notes->deadline_us =
      g_get_monotonic_time () +
      (gint64) bts_http_exchange_get_setup (self->exchange)->response_timeout_ms * 1000;
  if (notes->is_body_sent || self->is_cut)
    return 0;

  bts_http_exchange_break_connection (self->exchange);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

static void
bts_http_upload_stream_finalize (GObject *object)
{
  g_free (BTS_HTTP_UPLOAD_STREAM (object)->buffer);
  G_OBJECT_CLASS (bts_http_upload_stream_parent_class)->finalize (object);
}

static void
bts_http_upload_stream_class_init (BtsHttpUploadStreamClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_http_upload_stream_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = bts_http_upload_stream_read;
}

static void
bts_http_upload_stream_init (BtsHttpUploadStream *self)
{
}

/* libsoup asks for nothing of a body without bytes. */
static gboolean
attach_nothing (SoupMessage *message,
                const BtsTransportBody *body,
                BtsHttpExchange *exchange,
                GError **error)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("", 0);

  soup_message_set_request_body_from_bytes (message, NULL, bytes);
  soup_message_headers_set_content_length (soup_message_get_request_headers (message), 0);
  bts_http_exchange_get_notes (exchange)->is_body_sent = TRUE;
  return body->begin (body->user_data, error) && body->verify (body->user_data, error);
}

static void
attach_stream (SoupMessage *message,
               const BtsTransportBody *body,
               BtsHttpExchange *exchange,
               const BtsHttpThrottle *throttle,
               gboolean may_expect)
{
  g_autoptr (BtsHttpUploadStream) stream = g_object_new (BTS_TYPE_HTTP_UPLOAD_STREAM, NULL);

  stream->body = body;
  stream->exchange = exchange;
  stream->throttle = *throttle;
  soup_message_set_request_body (message, NULL, G_INPUT_STREAM (stream), (gssize) body->length);
  if (!may_expect || body->length <= EXPECT_BYTES)
    return;
  soup_message_headers_set_expectations (soup_message_get_request_headers (message),
                                         SOUP_EXPECTATION_CONTINUE);
  bts_http_exchange_get_notes (exchange)->awaits_continue = TRUE;
}

gboolean
bts_http_upload_attach (SoupMessage *message,
                        const BtsTransportBody *body,
                        BtsHttpExchange *exchange,
                        const BtsHttpThrottle *throttle,
                        gboolean may_expect,
                        GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_request_headers (message);
  g_autofree char *given = g_strdup (soup_message_headers_get_one (headers, "Content-Type"));
  const char *content_type = given != NULL ? given : body->content_type;

  if (body->length > 0)
    attach_stream (message, body, exchange, throttle, may_expect);
  else if (!attach_nothing (message, body, exchange, error))
    return FALSE;
  if (content_type != NULL)
    soup_message_headers_replace (headers, "Content-Type", content_type);

  /* One that the server has closed meanwhile would leave open whether the request has reached
   * it. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  return TRUE;
}
