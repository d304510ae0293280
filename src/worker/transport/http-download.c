/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-download.h"

#include <libsoup/soup.h>

#include "common/bgt-web-error.h"
#include "worker/transport/http-error.h"
#include "worker/transport/http-headers.h"

#define BTS_TYPE_HTTP_DOWNLOAD (bts_http_download_get_type ())
G_DECLARE_FINAL_TYPE (BtsHttpDownload, bts_http_download, BTS, HTTP_DOWNLOAD, GObject)

struct _BtsHttpDownload
{
  GObject parent;

  BtsHttpSession *session;   /* (owned) */
  GCancellable *cancellable; /* (owned) */
};

static void bts_http_download_transport_init (BtsTransportInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsHttpDownload,
                               bts_http_download,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_TRANSPORT,
                                                      bts_http_download_transport_init))

static void
fill_head (BtsTransportHead *head, SoupMessage *message)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));
  SoupMessageHeadersIter iter;
  BtsHttpContentRange range;
  const char *name, *value;

  soup_message_headers_iter_init (&iter, headers);
  while (soup_message_headers_iter_next (&iter, &name, &value))
    g_variant_builder_add (&builder, "(ss)", name, value);

  head->headers = g_variant_ref_sink (g_variant_builder_end (&builder));
  head->actual_uri = g_uri_to_string_partial (soup_message_get_uri (message), G_URI_HIDE_USERINFO);
  head->status_code = soup_message_get_status (message);
  head->body_length = soup_message_headers_get_content_length (headers);
  head->total_length = head->body_length;
  head->retry_after_us = -1;
  value = soup_message_headers_get_one (headers, "Content-Range");
  if (value != NULL && bts_http_headers_parse_content_range (value, &range))
    {
      head->body_offset = range.first;
      head->total_length = range.total;
      head->has_ranges = head->status_code == 206;
    }
  head->validator = bts_http_headers_dup_validator (
      soup_message_headers_get_one (headers, "ETag"),
      soup_message_headers_get_one (headers, "Last-Modified"),
      soup_message_headers_get_one (headers, "Date"), g_get_real_time ());
  head->last_modified = g_strdup (soup_message_headers_get_one (headers, "Last-Modified"));
}

static gboolean
read_body (BtsHttpDownload *self,
           GInputStream *body,
           gint64 length,
           const BtsTransportSink *sink,
           gpointer user_data,
           GError **error)
{
  gint64 received = 0;

  while (length < 0 || received < length)
    {
      g_autoptr (GError) local_error = NULL;
      gsize size = 0;
      gpointer buffer = sink->get_buffer (&size, user_data);
      gssize n;

      if (length >= 0)
        size = MIN (size, (guint64) (length - received));
      n = g_input_stream_read (body, buffer, size, self->cancellable, &local_error);
      if (n < 0)
        {
          bts_http_error_propagate (error, local_error, 0, "Could not read the answer");
          return FALSE;
        }
      if (n == 0 && length < 0)
        return TRUE;
      if (n == 0)
        {
          g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                               "The answer ended too early");
          return FALSE;
        }
      received += n;
      if (!sink->take_data ((gsize) n, user_data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
bts_http_download_run (BtsTransport *transport,
                       const BtsTransportRequest *request,
                       const BtsTransportSink *sink,
                       gpointer user_data,
                       GError **error)
{
  BtsHttpDownload *self = BTS_HTTP_DOWNLOAD (transport);
  g_autoptr (SoupMessage) message = soup_message_new ("GET", request->uri);
  g_autoptr (GInputStream) body = NULL;
  g_autoptr (GError) local_error = NULL;
  BtsTransportHead head = { 0 };
  gboolean taken;
  SoupMessageHeaders *headers;

  if (message == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED,
                           "The URI has no host");
      return FALSE;
    }
  headers = soup_message_get_request_headers (message);
  if (request->offset > 0 || request->length != G_MAXUINT64)
    {
      gint64 last =
          request->length == G_MAXUINT64 ? -1 : (gint64) (request->offset + request->length - 1);

      soup_message_headers_set_range (headers, (gint64) request->offset, last);
      if (request->validator != NULL)
        soup_message_headers_replace (headers, "If-Range", request->validator);
    }

  body = soup_session_send (bts_http_session_get_soup (self->session), message, self->cancellable,
                            &local_error);
  if (body == NULL)
    {
      bts_http_error_propagate (error, local_error, 0, "Could not send the request");
      return FALSE;
    }

  fill_head (&head, message);
  taken = sink->take_head (&head, user_data, error);
  if (taken && head.status_code >= 300)
    {
      g_set_error (error, BGT_WEB_ERROR, (int) head.status_code, "HTTP %u", head.status_code);
      taken = FALSE;
    }
  taken = taken && read_body (self, body, head.body_length, sink, user_data, error);
  bts_transport_head_clear (&head);
  return taken;
}

static void
bts_http_download_cancel (BtsTransport *transport)
{
  g_cancellable_cancel (BTS_HTTP_DOWNLOAD (transport)->cancellable);
}

static void
bts_http_download_set_max_rate (BtsTransport *transport, guint64 bytes_per_second)
{
}

static void
bts_http_download_transport_init (BtsTransportInterface *interface)
{
  interface->run = bts_http_download_run;
  interface->cancel = bts_http_download_cancel;
  interface->set_max_rate = bts_http_download_set_max_rate;
}

static void
bts_http_download_dispose (GObject *object)
{
  BtsHttpDownload *self = BTS_HTTP_DOWNLOAD (object);

  g_clear_object (&self->session);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (bts_http_download_parent_class)->dispose (object);
}

static void
bts_http_download_class_init (BtsHttpDownloadClass *class)
{
  G_OBJECT_CLASS (class)->dispose = bts_http_download_dispose;
}

static void
bts_http_download_init (BtsHttpDownload *self)
{
  self->cancellable = g_cancellable_new ();
}

BtsTransport *
bts_http_download_new (BtsHttpSession *session)
{
  BtsHttpDownload *self = g_object_new (BTS_TYPE_HTTP_DOWNLOAD, NULL);

  self->session = g_object_ref (session);
  return BTS_TRANSPORT (self);
}
