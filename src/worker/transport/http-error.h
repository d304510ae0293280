/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* What GIO, the TLS library and libsoup say, in the words of the service. Pure. */

/* @certificate_flags are those of the certificate that was refused, 0 where none was. */
int bts_http_error_to_web_error (const GError *error, GTlsCertificateFlags certificate_flags);

/* BGT_WEB_ERROR for @error, with "@prefix: " before the message; cancellation stays what it is. */
void bts_http_error_propagate (GError **destination,
                               const GError *error,
                               GTlsCertificateFlags certificate_flags,
                               const char *prefix);
