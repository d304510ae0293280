/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * BgtWebError:
 * @BGT_WEB_ERROR_NONE: no error
 * @BGT_WEB_ERROR_CERTIFICATE_COMMON_NAME_INCORRECT: the server's certificate is for another host
 * @BGT_WEB_ERROR_CERTIFICATE_EXPIRED: the certificate is not valid any more, or not yet
 * @BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS: the certificate cannot be used
 * @BGT_WEB_ERROR_CERTIFICATE_REVOKED: the certificate was revoked
 * @BGT_WEB_ERROR_CERTIFICATE_INVALID: nobody who is trusted vouches for the certificate
 * @BGT_WEB_ERROR_SERVER_UNREACHABLE: there is no way to the server
 * @BGT_WEB_ERROR_TIMEOUT: the server was silent for too long, or the deadline has come
 * @BGT_WEB_ERROR_INVALID_SERVER_RESPONSE: the answer is none by the protocol
 * @BGT_WEB_ERROR_CONNECTION_ABORTED: the connection ended before the transfer did
 * @BGT_WEB_ERROR_CONNECTION_RESET: the server reset the connection
 * @BGT_WEB_ERROR_DISCONNECTED: the network went away
 * @BGT_WEB_ERROR_HTTPS_TO_HTTP_ON_REDIRECTION: the server redirects from https to http
 * @BGT_WEB_ERROR_CANNOT_CONNECT: the server refuses connections
 * @BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED: the host's name has no address
 * @BGT_WEB_ERROR_OPERATION_CANCELED: the operation was canceled
 * @BGT_WEB_ERROR_REDIRECT_FAILED: too many redirections, or one that leads nowhere
 * @BGT_WEB_ERROR_INSUFFICIENT_RANGE_SUPPORT: the server does not send the ranges that are needed
 * @BGT_WEB_ERROR_MISSING_CONTENT_LENGTH_SUPPORT: the server does not say how long the file is,
 * and has to
 * @BGT_WEB_ERROR_CHECKSUM_MISMATCH: what has arrived is not what the checksum says
 * @BGT_WEB_ERROR_NO_SPACE: the disk is full
 * @BGT_WEB_ERROR_FILE_ACCESS_DENIED: the user may not open that file
 * @BGT_WEB_ERROR_FILE_NOT_FOUND: the file or its folder is not there
 * @BGT_WEB_ERROR_FILE_CHANGED: somebody else has changed the file
 * @BGT_WEB_ERROR_FILE_ERROR: reading or writing the file has failed
 *
 * Why a transfer failed. A value from 300 to 999 is the HTTP status code of the server's answer,
 * `http-404` on the wire; every other value has a word of its own.
 *
 * Also the codes of the error domain %BGT_WEB_ERROR.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_WEB_ERROR_NONE,
  BGT_WEB_ERROR_CERTIFICATE_COMMON_NAME_INCORRECT,
  BGT_WEB_ERROR_CERTIFICATE_EXPIRED,
  BGT_WEB_ERROR_CERTIFICATE_CONTAINS_ERRORS,
  BGT_WEB_ERROR_CERTIFICATE_REVOKED,
  BGT_WEB_ERROR_CERTIFICATE_INVALID,
  BGT_WEB_ERROR_SERVER_UNREACHABLE,
  BGT_WEB_ERROR_TIMEOUT,
  BGT_WEB_ERROR_INVALID_SERVER_RESPONSE,
  BGT_WEB_ERROR_CONNECTION_ABORTED,
  BGT_WEB_ERROR_CONNECTION_RESET,
  BGT_WEB_ERROR_DISCONNECTED,
  BGT_WEB_ERROR_HTTPS_TO_HTTP_ON_REDIRECTION,
  BGT_WEB_ERROR_CANNOT_CONNECT,
  BGT_WEB_ERROR_HOST_NAME_NOT_RESOLVED,
  BGT_WEB_ERROR_OPERATION_CANCELED,
  BGT_WEB_ERROR_REDIRECT_FAILED,
  BGT_WEB_ERROR_INSUFFICIENT_RANGE_SUPPORT,
  BGT_WEB_ERROR_MISSING_CONTENT_LENGTH_SUPPORT,
  BGT_WEB_ERROR_CHECKSUM_MISMATCH,
  BGT_WEB_ERROR_NO_SPACE,
  BGT_WEB_ERROR_FILE_ACCESS_DENIED,
  BGT_WEB_ERROR_FILE_NOT_FOUND,
  BGT_WEB_ERROR_FILE_CHANGED,
  BGT_WEB_ERROR_FILE_ERROR,
} BgtWebError;

/**
 * BGT_WEB_ERROR:
 *
 * Error domain for why a transfer failed; the code is a #BgtWebError or an HTTP status from 300.
 *
 * Since: 1.0
 */
#define BGT_WEB_ERROR (bgt_web_error_quark ())

GQuark bgt_web_error_quark (void);

/* Lends an interned string; "" for %BGT_WEB_ERROR_NONE, and `invalid-server-response` for a number
 * that is no #BgtWebError at all, so that it never reads like success. */
const char *bgt_web_error_to_string (int web_error);

/* TRUE for every word above and `http-300` to `http-999`, FALSE for anything else, "" included. */
gboolean bgt_web_error_from_string (const char *string, int *web_error);

/* Whether trying the very same again later may help. */
gboolean bgt_web_error_is_worth_a_retry (int web_error);

G_END_DECLS
