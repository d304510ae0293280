/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What is asked for, and of whom; changes with each redirection. Pure. */

typedef struct
{
  GUri *uri;              /* (owned): without credentials and fragment */
  char *method;           /* (owned) */
  gboolean has_body;      /* the request's body is still to be sent */
  gboolean is_own_origin; /* the one that the application named: may have its secrets */
} BtsHttpTarget;

void bts_http_target_clear (BtsHttpTarget *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsHttpTarget, bts_http_target_clear)

/* Errors: INVALID_SERVER_RESPONSE never; a URI that cannot be used is REDIRECT_FAILED. */
gboolean
bts_http_target_init (BtsHttpTarget *self, const char *uri, const char *method, GError **error);

gboolean bts_http_target_is_tls (const BtsHttpTarget *self);

/* Whether the answer sends elsewhere: 301, 302, 303, 307, 308. */
gboolean bts_http_target_is_redirection (guint status_code);

/* Goes where @location (nullable) says. Errors: REDIRECT_FAILED, HTTPS_TO_HTTP_ON_REDIRECTION. */
gboolean bts_http_target_follow (BtsHttpTarget *self,
                                 guint status_code,
                                 const char *location,
                                 GError **error);
