/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/ftp-session.h"

#include <errno.h>
#include <string.h>

#include "common/bgt-web-error.h"

#define TYPE_START ";type="
#define SOCKS_START "socks5://"
#define BUFFER_BYTES (512 * 1024)
#define DEFAULT_CONNECT_TIMEOUT_SECONDS 300
#define DEFAULT_RESPONSE_TIMEOUT_SECONDS 120

/* Of OpenSSL: X509_V_ERR_... */
#define VERIFY_CERT_NOT_YET_VALID 9
#define VERIFY_CERT_HAS_EXPIRED 10
#define VERIFY_CERT_REVOKED 23
#define VERIFY_HOSTNAME_MISMATCH 62

struct _BtsFtpSession
{
  GMutex lock;
  glong connect_timeout_seconds;
  glong response_timeout_seconds;
  char *tls_ca_file; /* (owned) (nullable) */
  gboolean allow_plain;
};

BtsFtpSession *
bts_ftp_session_new (void)
{
  static gsize is_ready = 0;
  BtsFtpSession *self = g_atomic_rc_box_new0 (BtsFtpSession);

  if (g_once_init_enter (&is_ready))
    {
      curl_global_init (CURL_GLOBAL_DEFAULT);
      g_once_init_leave (&is_ready, 1);
    }
  g_mutex_init (&self->lock);
  self->connect_timeout_seconds = DEFAULT_CONNECT_TIMEOUT_SECONDS;
  self->response_timeout_seconds = DEFAULT_RESPONSE_TIMEOUT_SECONDS;
  self->allow_plain = TRUE;
  return self;
}

BtsFtpSession *
bts_ftp_session_ref (BtsFtpSession *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_session (gpointer data)
{
  BtsFtpSession *self = data;

  g_mutex_clear (&self->lock);
  g_free (self->tls_ca_file);
}

void
bts_ftp_session_unref (BtsFtpSession *self)
{
  g_atomic_rc_box_release_full (self, clear_session);
}

void
bts_ftp_session_configure (BtsFtpSession *self, const BtsFtpSettings *settings)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->connect_timeout_seconds = (glong) settings->connect_timeout_seconds;
  self->response_timeout_seconds = (glong) settings->response_timeout_seconds;
  self->allow_plain = settings->allow_plain;
  g_free (self->tls_ca_file);
  self->tls_ca_file = g_strdup (settings->tls_ca_file);
}

char *
bts_ftp_strip_uri (const char *uri)
{
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_ENCODED | G_URI_FLAGS_HAS_PASSWORD, NULL);
  g_autoptr (GUri) stripped = NULL;

  if (parsed == NULL || g_uri_get_host (parsed) == NULL)
    return NULL;
  stripped = g_uri_build (G_URI_FLAGS_ENCODED, g_uri_get_scheme (parsed), NULL,
                          g_uri_get_host (parsed), g_uri_get_port (parsed), g_uri_get_path (parsed),
                          g_uri_get_query (parsed), NULL);
  return g_uri_to_string (stripped);
}

/* What libcurl is given: of a type (RFC 1738 §3.2.2), which would change the bytes or ask for a
 * list of files, it must not see anything. */
static char *
make_curl_uri (const char *uri)
{
  g_autofree char *stripped = bts_ftp_strip_uri (uri);
  char *end = stripped != NULL ? stripped + strlen (stripped) : NULL;
  g_auto (GStrv) parts = NULL;

  if (stripped == NULL)
    return NULL;
  if (end - stripped > 7 && g_ascii_strncasecmp (end - 7, TYPE_START, strlen (TYPE_START)) == 0)
    end[-7] = '\0';
  parts = g_strsplit (stripped, TYPE_START, -1);
  return g_strjoinv ("%3Btype=", parts);
}

/* From the option; else from the URI, where an older record may still have it. */
static void
set_credential (CURL *curl, GVariant *values, const char *uri)
{
  const char *user = NULL;
  const char *password = NULL;
  g_autoptr (GUri) parsed = g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, NULL);

  if (!g_variant_lookup (values, "server-credential", "(&s&s)", &user, &password) &&
      parsed != NULL && g_uri_get_user (parsed) != NULL)
    {
      user = g_uri_get_user (parsed);
      password = g_uri_get_password (parsed);
    }
  if (user == NULL)
    return;
  curl_easy_setopt (curl, CURLOPT_USERNAME, user);
  curl_easy_setopt (curl, CURLOPT_PASSWORD, password != NULL ? password : "");
}

/* None of the environment's. */
static void
set_proxy (CURL *curl, GVariant *values)
{
  const char *proxy = "default";
  const char *user = NULL;
  const char *password = NULL;
  g_autofree char *socks = NULL;

  g_variant_lookup (values, "proxy", "&s", &proxy);
  if (g_str_equal (proxy, "default") || g_str_equal (proxy, "none"))
    {
      curl_easy_setopt (curl, CURLOPT_PROXY, "");
      return;
    }
  /* What libcurl calls socks5 has names resolved here, and not by the proxy. */
  if (g_ascii_strncasecmp (proxy, SOCKS_START, strlen (SOCKS_START)) == 0)
    socks = g_strconcat ("socks5h://", proxy + strlen (SOCKS_START), NULL);
  curl_easy_setopt (curl, CURLOPT_PROXY, socks != NULL ? socks : proxy);
  curl_easy_setopt (curl, CURLOPT_HTTPPROXYTUNNEL, 1L);
  /* Of several it waits for the challenge. */
  curl_easy_setopt (curl, CURLOPT_PROXYAUTH, (glong) (CURLAUTH_BASIC | CURLAUTH_DIGEST));
  if (!g_variant_lookup (values, "proxy-credential", "(&s&s)", &user, &password))
    return;
  curl_easy_setopt (curl, CURLOPT_PROXYUSERNAME, user);
  curl_easy_setopt (curl, CURLOPT_PROXYPASSWORD, password);
}

static void
set_settings (BtsFtpSession *self, CURL *curl)
{
  curl_easy_setopt (curl, CURLOPT_CONNECTTIMEOUT, self->connect_timeout_seconds);
  curl_easy_setopt (curl, CURLOPT_SERVER_RESPONSE_TIMEOUT, self->response_timeout_seconds);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt (curl, CURLOPT_LOW_SPEED_TIME, self->response_timeout_seconds);
  /* Beside the machine's own, which are a folder. */
  if (self->tls_ca_file == NULL)
    return;
  curl_easy_setopt (curl, CURLOPT_CAINFO, self->tls_ca_file);
  curl_easy_setopt (curl, CURLOPT_PROXY_CAINFO, self->tls_ca_file);
}

gboolean
bts_ftp_session_set_up (BtsFtpSession *self,
                        CURL *curl,
                        const BtsTransportRequest *request,
                        GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  g_autofree char *uri = make_curl_uri (request->uri);
  gboolean is_tls = uri != NULL && g_str_has_prefix (uri, "ftps:");

  if (uri == NULL)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                           "The URI is not an ftp or ftps URI with a host");
      return FALSE;
    }
  if (!is_tls && !self->allow_plain)
    {
      g_set_error_literal (error, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT,
                           "The configuration does not allow transfers without encryption");
      return FALSE;
    }

  curl_easy_reset (curl);
  curl_easy_setopt (curl, CURLOPT_URL, uri);
  curl_easy_setopt (curl, CURLOPT_PROTOCOLS_STR, "ftp,ftps");
  curl_easy_setopt (curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt (curl, CURLOPT_BUFFERSIZE, (glong) BUFFER_BYTES);
  curl_easy_setopt (curl, CURLOPT_FTP_FILEMETHOD, (glong) CURLFTPMETHOD_NOCWD);
  curl_easy_setopt (curl, CURLOPT_FILETIME, 1L);
  /* A server must not send us to other hosts. */
  curl_easy_setopt (curl, CURLOPT_FTP_SKIP_PASV_IP, 1L);
  if (is_tls)
    curl_easy_setopt (curl, CURLOPT_USE_SSL, (glong) CURLUSESSL_ALL);
  set_settings (self, curl);
  set_credential (curl, request->request, request->uri);
  set_proxy (curl, request->request);
  return TRUE;
}

static const struct
{
  CURLcode code;
  gboolean is_of_network; /* whatever the server has said before */
  int web_error;          /* or HTTP status */
} rows[] = {
  { CURLE_COULDNT_RESOLVE_HOST, TRUE, BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED },
  { CURLE_COULDNT_RESOLVE_PROXY, TRUE, BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED },
  { CURLE_COULDNT_CONNECT, TRUE, BGT_WEB_ERROR_CANNOT_CONNECT },
  { CURLE_FTP_CANT_GET_HOST, TRUE, BGT_WEB_ERROR_CANNOT_CONNECT },
  { CURLE_USE_SSL_FAILED, FALSE, BGT_WEB_ERROR_CANNOT_CONNECT },
  { CURLE_SSL_CONNECT_ERROR, TRUE, BGT_WEB_ERROR_CANNOT_CONNECT },
  { CURLE_OPERATION_TIMEDOUT, TRUE, BGT_WEB_ERROR_TIMEOUT },
  { CURLE_FTP_ACCEPT_TIMEOUT, TRUE, BGT_WEB_ERROR_TIMEOUT },
  { CURLE_PARTIAL_FILE, TRUE, BGT_WEB_ERROR_DISCONNECTED },
  { CURLE_GOT_NOTHING, TRUE, BGT_WEB_ERROR_DISCONNECTED },
  { CURLE_RECV_ERROR, TRUE, BGT_WEB_ERROR_DISCONNECTED },
  { CURLE_SEND_ERROR, TRUE, BGT_WEB_ERROR_CONNECTION_ABORTED },
  { CURLE_LOGIN_DENIED, FALSE, 401 },
  { CURLE_REMOTE_ACCESS_DENIED, FALSE, 404 },
  { CURLE_REMOTE_FILE_NOT_FOUND, FALSE, 404 },
  { CURLE_WEIRD_SERVER_REPLY, FALSE, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
  { CURLE_FTP_WEIRD_PASS_REPLY, FALSE, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
  { CURLE_FTP_WEIRD_PASV_REPLY, FALSE, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
  { CURLE_FTP_WEIRD_227_FORMAT, FALSE, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
  { CURLE_FTP_COULDNT_RETR_FILE, FALSE, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
  { CURLE_URL_MALFORMAT, FALSE, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
};

static int
get_certificate_error (CURL *curl)
{
  glong result = 0;
  glong of_proxy = 0;

  curl_easy_getinfo (curl, CURLINFO_SSL_VERIFYRESULT, &result);
  curl_easy_getinfo (curl, CURLINFO_PROXY_SSL_VERIFYRESULT, &of_proxy);
  result = MAX (result, of_proxy);
  if (result == VERIFY_CERT_HAS_EXPIRED || result == VERIFY_CERT_NOT_YET_VALID)
    return BGT_WEB_ERROR_CERTIFICATE_EXPIRED;
  if (result == VERIFY_CERT_REVOKED)
    return BGT_WEB_ERROR_CERTIFICATE_REVOKED;
  /* libcurl looks at the name itself, before it says anything about the chain (1) or after. */
  if (result <= 1 || result == VERIFY_HOSTNAME_MISMATCH)
    return BGT_WEB_ERROR_CERTIFICATE_COMMON_NAME_INCORRECT;
  return BGT_WEB_ERROR_CERTIFICATE_INVALID;
}

/* RFC 959 §4.2: what begins with 4 may be tried again. */
static int
get_error_of_reply (glong reply)
{
  if (reply == 530 || reply == 532)
    return 401;
  if (reply == 550)
    return 404;
  return reply >= 400 && reply < 500 ? 503 : 0;
}

/* 0 where it is not the proxy that has refused. */
static int
get_error_of_proxy (CURL *curl, CURLcode code)
{
  glong status = 0;
  glong socks = CURLPX_OK;

  curl_easy_getinfo (curl, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status >= 300)
    return status == 407 ? 407 : BGT_WEB_ERROR_CANNOT_CONNECT;
  if (code != CURLE_PROXY)
    return 0;
  curl_easy_getinfo (curl, CURLINFO_PROXY_ERROR, &socks);
  return socks == CURLPX_USER_REJECTED || socks == CURLPX_NO_AUTH ? 407
                                                                  : BGT_WEB_ERROR_CANNOT_CONNECT;
}

static int
to_web_error (CURL *curl, CURLcode code)
{
  glong reply = 0;
  glong error_number = 0;
  int of_proxy = get_error_of_proxy (curl, code);
  int of_reply = 0;

  if (of_proxy != 0)
    return of_proxy;
  curl_easy_getinfo (curl, CURLINFO_RESPONSE_CODE, &reply);
  curl_easy_getinfo (curl, CURLINFO_OS_ERRNO, &error_number);
  of_reply = get_error_of_reply (reply);
  if (code == CURLE_PEER_FAILED_VERIFICATION)
    return get_certificate_error (curl);
  /* libcurl calls that a time-out. */
  if (reply == 421)
    return 503;
  if (code == CURLE_RECV_ERROR && error_number == ECONNRESET)
    return BGT_WEB_ERROR_CONNECTION_RESET;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (rows[i].code == code)
      return rows[i].is_of_network || of_reply == 0 ? rows[i].web_error : of_reply;
  if (of_reply != 0)
    return of_reply;
  return reply >= 400 ? BGT_WEB_ERROR_INVALID_SERVER_RESPONSE : BGT_WEB_ERROR_CONNECTION_ABORTED;
}

guint
bts_ftp_get_status (CURL *curl, CURLcode code)
{
  int web_error = to_web_error (curl, code);

  return web_error >= 300 && web_error < 600 ? (guint) web_error : 0;
}

void
bts_ftp_set_error (GError **error, CURL *curl, CURLcode code, const char *message)
{
  g_set_error (error, BGT_WEB_ERROR, to_web_error (curl, code), "The FTP transfer failed: %s",
               *message != '\0' ? message : curl_easy_strerror (code));
}
