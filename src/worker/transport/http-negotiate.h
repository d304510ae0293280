/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The tokens of Negotiate authentication (RFC 4559), Kerberos by GSSAPI. libsoup's own #SoupAuth
 * asks for nobody but the owner of the user's tickets, does not know proxies, and refuses what it
 * takes for plain HTTP, which is all that it is shown (see http-connector.h). Nothing is ever
 * delegated. */

typedef struct _BtsHttpNegotiate BtsHttpNegotiate;

/* For the service HTTP of @host. Both @user and @password empty: whoever the user has tickets as.
 * Only @password empty: tickets of that name; else the password gets them. */
BtsHttpNegotiate *bts_http_negotiate_new (const char *host, const char *user, const char *password);
void bts_http_negotiate_unref (BtsHttpNegotiate *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpNegotiate, bts_http_negotiate_unref)

/* The next token, in base64; NULL where there is none to be had, G_IO_ERROR. @token: the server's,
 * in base64; NULL at the beginning. May ask the realm's KDC, and so take its time. */
char *bts_http_negotiate_answer (BtsHttpNegotiate *self,
                                 const char *token,
                                 GCancellable *cancellable,
                                 GError **error);
