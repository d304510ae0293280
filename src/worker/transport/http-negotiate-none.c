/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/transport/http-negotiate.h"

/* Where the service is built without GSSAPI: a challenge that is never met. */

BtsHttpNegotiate *
bts_http_negotiate_new (const char *host, const char *user, const char *password)
{
  return NULL;
}

void
bts_http_negotiate_unref (BtsHttpNegotiate *self)
{
}

char *
bts_http_negotiate_answer (BtsHttpNegotiate *self,
                           const char *token,
                           GCancellable *cancellable,
                           GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "built without Kerberos");
  return NULL;
}
