/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/bgt-web-error.h"

#include <string.h>

#define HTTP_PREFIX "http-"
#define HTTP_MIN 300
#define HTTP_MAX 999

typedef struct
{
  const char *word;
  gboolean is_worth_a_retry;
} WebErrorRow;

static const WebErrorRow web_errors[] = {
  [BGT_WEB_ERROR_NONE] = { "", FALSE },
  [BGT_WEB_ERROR_CERTIFICATE_COMMON_NAME_INCORRECT] = { "certificate-common-name-incorrect",
                                                        FALSE },
  [BGT_WEB_ERROR_CERTIFICATE_EXPIRED] = { "certificate-expired", FALSE },
  [BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS] = { "certificate-contains-errors", FALSE },
  [BGT_WEB_ERROR_CERTIFICATE_REVOKED] = { "certificate-revoked", FALSE },
  [BGT_WEB_ERROR_CERTIFICATE_INVALID] = { "certificate-invalid", FALSE },
  [BGT_WEB_ERROR_SERVER_UNREACHABLE] = { "server-unreachable", TRUE },
  [BGT_WEB_ERROR_TIMEOUT] = { "timeout", TRUE },
  [BGT_WEB_ERROR_INVALID_SERVER_RESPONSE] = { "invalid-server-response", FALSE },
  [BGT_WEB_ERROR_CONNECTION_ABORTED] = { "connection-aborted", TRUE },
  [BGT_WEB_ERROR_CONNECTION_RESET] = { "connection-reset", TRUE },
  [BGT_WEB_ERROR_DISCONNECTED] = { "disconnected", TRUE },
  [BGT_WEB_ERROR_HTTPS_TO_HTTP_ON_REDIRECTION] = { "https-to-http-on-redirection", FALSE },
  [BGT_WEB_ERROR_CANNOT_CONNECT] = { "cannot-connect", TRUE },
  [BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED] = { "host-name-not-resolved", TRUE },
  [BGT_WEB_ERROR_OPERATION_CANCELED] = { "operation-canceled", FALSE },
  [BGT_WEB_ERROR_REDIRECT_FAILED] = { "redirect-failed", FALSE },
  [BGT_WEB_ERROR_INSUFFICIENT_RANGE_SUPPORT] = { "insufficient-range-support", FALSE },
  [BGT_WEB_ERROR_MISSING_CONTENT_LENGTH_SUPPORT] = { "missing-content-length-support", FALSE },
  [BGT_WEB_ERROR_CHECKSUM_MISMATCH] = { "checksum-mismatch", FALSE },
  [BGT_WEB_ERROR_NO_SPACE] = { "no-space", FALSE },
  [BGT_WEB_ERROR_FILE_ACCESS_DENIED] = { "file-access-denied", FALSE },
  [BGT_WEB_ERROR_FILE_NOT_FOUND] = { "file-not-found", FALSE },
  [BGT_WEB_ERROR_FILE_CHANGED] = { "file-changed", FALSE },
  [BGT_WEB_ERROR_FILE_ERROR] = { "file-error", FALSE },
};

/* Request Timeout, Locked, Too Early, Too Many Requests, and the server errors that pass */
static const int http_codes_worth_a_retry[] = { 408, 423, 425, 429, 500, 502, 503, 504 };

static gboolean
is_http_code (int web_error)
{
  return web_error >= HTTP_MIN && web_error <= HTTP_MAX;
}

static gboolean
has_row (int web_error)
{
  return web_error >= 0 && (gsize) web_error < G_N_ELEMENTS (web_errors);
}

/**
 * bgt_web_error_quark:
 *
 * Returns: the error domain of #BgtWebError
 * Since: 1.0
 */
GQuark
bgt_web_error_quark (void)
{
  return g_quark_from_static_string ("bgt-web-error-quark");
}

/**
 * bgt_web_error_to_string:
 * @web_error: a #BgtWebError, or an HTTP status code from 300
 *
 * Returns: its word on the bus, `http-404` for instance; empty for %BGT_WEB_ERROR_NONE
 * Since: 1.0
 */
const char *
bgt_web_error_to_string (int web_error)
{
  char http_word[sizeof HTTP_PREFIX + 3];

  if (has_row (web_error))
    return web_errors[web_error].word;

  /* A number that is nobody's must not read like success. */
  if (!is_http_code (web_error))
    return web_errors[BGT_WEB_ERROR_INVALID_SERVER_RESPONSE].word;

  g_snprintf (http_word, sizeof http_word, HTTP_PREFIX "%d", web_error);

  return g_intern_string (http_word);
}

static gboolean
parse_http_word (const char *string, int *web_error)
{
  const char *digits;
  int code;

  if (!g_str_has_prefix (string, HTTP_PREFIX))
    return FALSE;

  digits = string + strlen (HTTP_PREFIX);
  if (strlen (digits) != 3 || strspn (digits, "0123456789") != 3)
    return FALSE;

  code = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  if (!is_http_code (code))
    return FALSE;

  *web_error = code;
  return TRUE;
}

/**
 * bgt_web_error_from_string:
 * @string: (nullable): a word
 * @web_error: (out): the #BgtWebError or HTTP status code of that name; left alone where there is
 * none
 *
 * Returns: whether there is one; the empty word is none
 * Since: 1.0
 */
gboolean
bgt_web_error_from_string (const char *string, int *web_error)
{
  if (string == NULL || *string == '\0')
    return FALSE;

  for (gsize i = 0; i < G_N_ELEMENTS (web_errors); i++)
    if (strcmp (web_errors[i].word, string) == 0)
      {
        *web_error = (int) i;
        return TRUE;
      }

  return parse_http_word (string, web_error);
}

/**
 * bgt_web_error_is_worth_a_retry:
 * @web_error: a #BgtWebError, or an HTTP status code from 300
 *
 * Returns: whether trying the very same again later may help
 * Since: 1.0
 */
gboolean
bgt_web_error_is_worth_a_retry (int web_error)
{
  if (has_row (web_error))
    return web_errors[web_error].is_worth_a_retry;

  for (gsize i = 0; i < G_N_ELEMENTS (http_codes_worth_a_retry); i++)
    if (http_codes_worth_a_retry[i] == web_error)
      return TRUE;

  return FALSE;
}
