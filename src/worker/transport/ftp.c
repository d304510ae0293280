/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/ftp.h"

#include <string.h>

#include "common/bgt-web-error.h"
#include "worker/transport/ftp-session.h"

/* Nothing but _cancel has to be noticed while the network is silent, and that wakes up. */
#define POLL_MS 60000

#define BTS_TYPE_FTP_DOWNLOAD (bts_ftp_download_get_type ())
G_DECLARE_FINAL_TYPE (BtsFtpDownload, bts_ftp_download, BTS, FTP_DOWNLOAD, GObject)

struct _BtsFtpDownload
{
  GObject parent;

  BtsFtpSession *session; /* (owned) */
  CURLM *multi;           /* (owned): keeps the connection from one request to the next */
  CURL *curl;             /* (owned) */
  char message[CURL_ERROR_SIZE];

  GMutex lock; /* for the next two */
  gboolean is_cancelled;
  BtsRateLimiter *limiter; /* (unowned) (nullable): of the run under way */
  BtsRatePortion portion;
};

/* A run under way. */
typedef struct
{
  BtsFtpDownload *download;           /* (unowned) */
  const BtsTransportRequest *request; /* (unowned) */
  const BtsTransportSink *sink;       /* (unowned) */
  gpointer user_data;
  gboolean has_ranges; /* the server takes REST */
  gboolean is_to_end;  /* nothing may come after what is left */
  guint64 left;        /* G_MAXUINT64: to the end */
  GError *error;       /* (owned) (nullable): the sink's, or of what came */
} Run;

static void bts_ftp_download_transport_init (BtsTransportInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (BtsFtpDownload,
                               bts_ftp_download,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (BTS_TYPE_TRANSPORT,
                                                      bts_ftp_download_transport_init))

static gboolean
is_cancelled (BtsFtpDownload *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->is_cancelled;
}

static gboolean
is_waiting_cancelled (gpointer user_data)
{
  return is_cancelled (user_data);
}

/* Waits until the rate allows some bytes; returns how many, 0 where the run was cancelled. */
static gsize
throttle (BtsFtpDownload *self, gsize size)
{
  if (self->limiter == NULL)
    return is_cancelled (self) ? 0 : size;
  size = bts_rate_limiter_wait (self->limiter, &self->portion, size, is_waiting_cancelled, self);
  bts_rate_limiter_take (self->limiter, &self->portion, size, g_get_monotonic_time ());
  return size;
}

static void
set_limiter (BtsFtpDownload *self, BtsRateLimiter *limiter)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->limiter = limiter;
}

/* ---- what libcurl calls ---- */

static gsize
on_header (char *data, gsize size, gsize n, gpointer user_data)
{
  static const char wanted[] = "Accept-ranges: bytes";
  Run *run = user_data;

  if (size * n >= strlen (wanted) && g_ascii_strncasecmp (data, wanted, strlen (wanted)) == 0)
    run->has_ranges = TRUE;
  return size * n;
}

static gsize
ignore_data (char *data, gsize size, gsize n, gpointer user_data)
{
  return size * n;
}

static gsize
on_data (char *data, gsize unit, gsize n, gpointer user_data)
{
  Run *run = user_data;
  gsize size = unit * n;
  gsize done = 0;

  while (done < size && run->left > 0)
    {
      gsize room = 0;
      gpointer buffer = run->sink->get_buffer (&room, run->user_data);
      gsize part = throttle (run->download, (gsize) MIN (MIN (room, size - done), run->left));

      if (part == 0)
        return 0;
      memcpy (buffer, data + done, part);
      done += part;
      if (run->left != G_MAXUINT64)
        run->left -= part;
      if (!run->sink->take_data (part, run->user_data, &run->error))
        return 0;
    }
  /* libcurl reads no further than a size; but of nothing, which is also what it makes of what
   * cannot be read as a size, it reads all. */
  if (done < size && run->is_to_end && run->error == NULL)
    g_set_error_literal (&run->error, BGT_WEB_ERROR, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE,
                         "The server sends more than it has said the file has");
  /* Fewer than came ends the transfer: that is how a part ends. */
  return done;
}

/* ---- requests ---- */

static CURLcode
get_result (BtsFtpDownload *self)
{
  int n_left = 0;
  CURLMsg *message;

  while ((message = curl_multi_info_read (self->multi, &n_left)) != NULL)
    if (message->msg == CURLMSG_DONE && message->easy_handle == self->curl)
      return message->data.result;
  return CURLE_ABORTED_BY_CALLBACK;
}

static CURLcode
perform (BtsFtpDownload *self)
{
  CURLcode result = CURLE_ABORTED_BY_CALLBACK;
  int n_running = 1;

  self->message[0] = '\0';
  if (curl_multi_add_handle (self->multi, self->curl) != CURLM_OK)
    return CURLE_FAILED_INIT;
  while (n_running > 0 && !is_cancelled (self))
    {
      if (curl_multi_perform (self->multi, &n_running) != CURLM_OK)
        break;
      if (n_running > 0)
        curl_multi_poll (self->multi, NULL, 0, POLL_MS, NULL);
    }
  if (n_running == 0)
    result = get_result (self);
  curl_multi_remove_handle (self->multi, self->curl);
  return result;
}

static gboolean
set_up (Run *run, GError **error)
{
  BtsFtpDownload *self = run->download;

  if (!bts_ftp_session_set_up (self->session, self->curl, run->request, error))
    return FALSE;
  curl_easy_setopt (self->curl, CURLOPT_ERRORBUFFER, self->message);
  curl_easy_setopt (self->curl, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt (self->curl, CURLOPT_HEADERDATA, run);
  curl_easy_setopt (self->curl, CURLOPT_WRITEDATA, run);
  return TRUE;
}

/* RFC 9110 §5.6.7, whatever the language. */
static char *
format_date (gint64 seconds)
{
  static const char days[] = "MonTueWedThuFriSatSun";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_utc (seconds);

  if (time == NULL)
    return NULL;
  return g_strdup_printf (
      "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
      days + 3 * (g_date_time_get_day_of_week (time) - 1), g_date_time_get_day_of_month (time),
      months + 3 * (g_date_time_get_month (time) - 1), g_date_time_get_year (time),
      g_date_time_get_hour (time), g_date_time_get_minute (time), g_date_time_get_second (time));
}

static void add_header (GVariantBuilder *headers, const char *name, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

static void
add_header (GVariantBuilder *headers, const char *name, const char *format, ...)
{
  g_autofree char *value = NULL;
  va_list arguments;

  va_start (arguments, format);
  value = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_variant_builder_add (headers, "(ss)", name, value);
}

/* What is sent of a file of @total bytes; sets status, offset and length. */
static void
choose_part (Run *run, BtsTransportHead *head, GVariantBuilder *headers)
{
  const BtsTransportRequest *request = run->request;
  guint64 total = (guint64) head->total_length;
  guint64 end = total;

  if (!run->has_ranges || head->total_length < 0 ||
      (request->offset == 0 && request->length == G_MAXUINT64))
    {
      head->body_length = head->total_length;
      return;
    }
  if (request->offset >= total)
    {
      head->status_code = 416;
      head->body_length = 0;
      add_header (headers, "Content-Range", "bytes */%" G_GUINT64_FORMAT, total);
      return;
    }
  if (request->length < total - request->offset)
    end = request->offset + request->length;
  head->status_code = 206;
  head->body_offset = request->offset;
  head->body_length = (gint64) (end - request->offset);
  add_header (headers, "Content-Range",
              "bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
              request->offset, end - 1, total);
}

/* @status 0: as the request and the file say. */
static void
fill_head (Run *run, BtsTransportHead *head, guint status)
{
  g_auto (GVariantBuilder) headers = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(ss)"));
  CURL *curl = run->download->curl;
  curl_off_t size = -1;
  curl_off_t time = -1;

  *head = (BtsTransportHead){ .status_code = status != 0 ? status : 200,
                              .body_length = -1,
                              .total_length = -1,
                              .has_ranges = run->has_ranges,
                              .retry_after_us = -1,
                              .actual_uri = bts_ftp_strip_uri (run->request->uri) };
  if (status == 0)
    {
      curl_easy_getinfo (curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
      curl_easy_getinfo (curl, CURLINFO_FILETIME_T, &time);
      head->total_length = size;
      choose_part (run, head, &headers);
      if (time >= 0)
        head->last_modified = format_date (time);
    }
  if (head->body_length >= 0)
    add_header (&headers, "Content-Length", "%" G_GINT64_FORMAT, head->body_length);
  if (head->last_modified != NULL)
    add_header (&headers, "Last-Modified", "%s", head->last_modified);
  if (head->has_ranges)
    add_header (&headers, "Accept-Ranges", "bytes");
  head->headers = g_variant_ref_sink (g_variant_builder_end (&headers));
}

/* ---- a run ---- */

static void
fail (Run *run, CURLcode code, GError **error)
{
  if (run->error != NULL)
    g_propagate_error (error, g_steal_pointer (&run->error));
  else if (is_cancelled (run->download))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The transfer was stopped");
  else
    bts_ftp_set_error (error, run->download->curl, code, run->download->message);
}

/* What the server says of the file; its refusal is an answer too. */
static gboolean
ask (Run *run, BtsTransportHead *head, GError **error)
{
  BtsFtpDownload *self = run->download;
  guint status = 0;
  CURLcode code;

  curl_easy_setopt (self->curl, CURLOPT_NOBODY, 1L);
  curl_easy_setopt (self->curl, CURLOPT_WRITEFUNCTION, ignore_data);
  code = perform (self);
  if (code != CURLE_OK)
    status = is_cancelled (self) ? 0 : bts_ftp_get_status (self->curl, code);
  if (code != CURLE_OK && status == 0)
    {
      fail (run, code, error);
      return FALSE;
    }
  fill_head (run, head, status);
  if (!run->sink->take_head (head, run->user_data, error))
    return FALSE;
  if (status == 0 && head->status_code < 300)
    return TRUE;
  bts_ftp_set_error (error, self->curl, code, self->message);
  return FALSE;
}

static gboolean
check_end (Run *run, CURLcode code, GError **error)
{
  gboolean is_part_done = run->left == 0 && run->error == NULL;

  if (is_part_done && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
    return TRUE;
  if (code == CURLE_OK && run->left == G_MAXUINT64)
    return TRUE;
  if (code != CURLE_OK)
    {
      fail (run, code, error);
      return FALSE;
    }
  g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_DISCONNECTED,
                       "The file ended before its end");
  return FALSE;
}

static gboolean
fetch (Run *run, const BtsTransportHead *head, GError **error)
{
  BtsFtpDownload *self = run->download;

  run->left = head->body_length >= 0 ? (guint64) head->body_length : G_MAXUINT64;
  run->is_to_end =
      head->total_length >= 0 && head->body_offset + run->left == (guint64) head->total_length;
  curl_easy_setopt (self->curl, CURLOPT_NOBODY, 0L);
  curl_easy_setopt (self->curl, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt (self->curl, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt (self->curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t) head->body_offset);
  return check_end (run, perform (self), error);
}

static gboolean
bts_ftp_download_run (BtsTransport *transport,
                      const BtsTransportRequest *request,
                      const BtsTransportSink *sink,
                      gpointer user_data,
                      GError **error)
{
  Run run = { .download = BTS_FTP_DOWNLOAD (transport),
              .request = request,
              .sink = sink,
              .user_data = user_data };
  BtsTransportHead head = { 0 };
  gboolean is_done = FALSE;

  if (g_str_has_suffix (request->uri, "/"))
    {
      g_set_error_literal (error, BGT_WEB_ERROR, 404, "The URI names a folder, not a file");
      return FALSE;
    }
  set_limiter (run.download, request->limiter);
  is_done = set_up (&run, error) && ask (&run, &head, error) && fetch (&run, &head, error);
  if (request->limiter != NULL)
    bts_rate_limiter_give_back (request->limiter, &run.download->portion);
  set_limiter (run.download, NULL);
  bts_transport_head_clear (&head);
  g_clear_error (&run.error);
  return is_done;
}

static void
bts_ftp_download_cancel (BtsTransport *transport)
{
  BtsFtpDownload *self = BTS_FTP_DOWNLOAD (transport);
  g_autoptr (BtsRateLimiter) limiter = NULL;

  g_mutex_lock (&self->lock);
  self->is_cancelled = TRUE;
  limiter = self->limiter != NULL ? bts_rate_limiter_ref (self->limiter) : NULL;
  g_mutex_unlock (&self->lock);
  /* Whoever waits for the rate looks at it with the limiter's lock held. */
  if (limiter != NULL)
    bts_rate_limiter_wake_up (limiter);
  curl_multi_wakeup (self->multi);
}

static void
bts_ftp_download_transport_init (BtsTransportInterface *interface)
{
  interface->run = bts_ftp_download_run;
  interface->cancel = bts_ftp_download_cancel;
}

static void
bts_ftp_download_finalize (GObject *object)
{
  BtsFtpDownload *self = BTS_FTP_DOWNLOAD (object);

  g_clear_pointer (&self->curl, curl_easy_cleanup);
  g_clear_pointer (&self->multi, curl_multi_cleanup);
  g_clear_pointer (&self->session, bts_ftp_session_unref);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (bts_ftp_download_parent_class)->finalize (object);
}

static void
bts_ftp_download_class_init (BtsFtpDownloadClass *class)
{
  G_OBJECT_CLASS (class)->finalize = bts_ftp_download_finalize;
}

static void
bts_ftp_download_init (BtsFtpDownload *self)
{
  g_mutex_init (&self->lock);
  self->multi = curl_multi_init ();
  self->curl = curl_easy_init ();
}

BtsTransport *
bts_ftp_download_new (BtsFtpSession *session)
{
  BtsFtpDownload *self = g_object_new (BTS_TYPE_FTP_DOWNLOAD, NULL);

  self->session = bts_ftp_session_ref (session);
  return BTS_TRANSPORT (self);
}
