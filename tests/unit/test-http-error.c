/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-error.h"

#include <libsoup/soup.h>

#include "common/bgt-web-error.h"

static void
test_certificates (void)
{
  static const struct
  {
    GTlsCertificateFlags flags;
    BgtWebError web_error;
  } rows[] = {
    { G_TLS_CERTIFICATE_UNKNOWN_CA, BGT_WEB_ERROR_CERTIFICATE_INVALID },
    { G_TLS_CERTIFICATE_EXPIRED, BGT_WEB_ERROR_CERTIFICATE_EXPIRED },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, BGT_WEB_ERROR_CERTIFICATE_EXPIRED },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, BGT_WEB_ERROR_CERTIFICATE_COMMON_NAME_INCORRECT },
    { G_TLS_CERTIFICATE_REVOKED, BGT_WEB_ERROR_CERTIFICATE_REVOKED },
    { G_TLS_CERTIFICATE_INSECURE, BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS },
    { G_TLS_CERTIFICATE_GENERIC_ERROR, BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS },
    { G_TLS_CERTIFICATE_UNKNOWN_CA | G_TLS_CERTIFICATE_EXPIRED, BGT_WEB_ERROR_CERTIFICATE_INVALID },
  };
  g_autoptr (GError) error = g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "bad");

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (bts_http_error_to_web_error (error, rows[i].flags), ==,
                     (int) rows[i].web_error);
  g_assert_cmpint (bts_http_error_to_web_error (error, 0), ==,
                   BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS);
}

static void
test_errors (void)
{
  const struct
  {
    GQuark domain;
    int code;
    BgtWebError web_error;
  } rows[] = {
    { G_IO_ERROR, G_IO_ERROR_TIMED_OUT, BGT_WEB_ERROR_TIMEOUT },
    { G_IO_ERROR, G_IO_ERROR_CONNECTION_REFUSED, BGT_WEB_ERROR_CANNOT_CONNECT },
    { G_IO_ERROR, G_IO_ERROR_HOST_UNREACHABLE, BGT_WEB_ERROR_SERVER_UNREACHABLE },
    { G_IO_ERROR, G_IO_ERROR_NETWORK_UNREACHABLE, BGT_WEB_ERROR_SERVER_UNREACHABLE },
    { G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, BGT_WEB_ERROR_CONNECTION_RESET },
    { G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, BGT_WEB_ERROR_DISCONNECTED },
    { G_IO_ERROR, G_IO_ERROR_FAILED, BGT_WEB_ERROR_CONNECTION_ABORTED },
    { G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED },
    { G_RESOLVER_ERROR, G_RESOLVER_ERROR_TEMPORARY_FAILURE, BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED },
    { G_TLS_ERROR, G_TLS_ERROR_EOF, BGT_WEB_ERROR_DISCONNECTED },
    { G_TLS_ERROR, G_TLS_ERROR_NOT_TLS, BGT_WEB_ERROR_CANNOT_CONNECT },
    { SOUP_SESSION_ERROR, SOUP_SESSION_ERROR_PARSING, BGT_WEB_ERROR_INVALID_SERVER_RESPONSE },
    { BGT_WEB_ERROR, BGT_WEB_ERROR_NO_SPACE, BGT_WEB_ERROR_NO_SPACE },
    { BGT_WEB_ERROR, 404, 404 },
    { G_FILE_ERROR, G_FILE_ERROR_IO, BGT_WEB_ERROR_CONNECTION_ABORTED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (rows[i].domain, rows[i].code, "message");

      g_assert_cmpint (bts_http_error_to_web_error (error, 0), ==, (int) rows[i].web_error);
    }
}

static void
test_propagation (void)
{
  g_autoptr (GError) refused = g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_NOT_TLS, "message");
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "message");
  g_autoptr (GError) one = NULL;
  g_autoptr (GError) other = NULL;

  bts_http_error_propagate (&one, refused, 0, "prefix");
  g_assert_error (one, BGT_WEB_ERROR, BGT_WEB_ERROR_CANNOT_CONNECT);
  g_assert_cmpstr (one->message, ==, "prefix: message");
  bts_http_error_propagate (&other, cancelled, 0, "prefix");
  g_assert_error (other, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/transport/http-error/certificates-are-told-apart", test_certificates);
  g_test_add_func ("/transport/http-error/errors-have-a-word", test_errors);
  g_test_add_func ("/transport/http-error/cancellation-stays-what-it-is", test_propagation);
  return g_test_run ();
}
