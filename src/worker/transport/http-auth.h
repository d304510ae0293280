/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <libsoup/soup.h>

/* The answer to a 401, or to the 407 of a proxy: Negotiate, Digest, NTLM, Basic. libsoup's
 * #SoupAuth is used without its manager, which remembers credentials for whoever asks next. Not
 * thread-safe: one a transport.
 *
 * Negotiate and NTLM are bound to the connection: all their messages go over the same one, and what
 * goes over it later is their user's. So such a connection must be nobody else's. */

typedef struct _BtsHttpAuth BtsHttpAuth;

/* For a server, or for a proxy. */
BtsHttpAuth *bts_http_auth_new (gboolean is_for_proxy);
void bts_http_auth_free (BtsHttpAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpAuth, bts_http_auth_free)

/* @host: who is to know it; @user: nullable. Anything learnt with another credential is
 * forgotten. Both @user and @password empty: the user's own Kerberos tickets. */
void bts_http_auth_set_credential (BtsHttpAuth *self,
                                   const char *host,
                                   const char *user,
                                   const char *password);

/* TRUE where asking once more makes sense: @message has been answered with @headers, in which there
 * is a challenge that the credential can meet and that it has not failed yet. @is_same_connection:
 * as the request before. May ask for a Kerberos ticket. */
gboolean bts_http_auth_take_challenge (BtsHttpAuth *self,
                                       SoupMessage *message,
                                       SoupMessageHeaders *headers,
                                       gboolean is_same_connection,
                                       GCancellable *cancellable);

/* Adds to @error, where it is the 401 or the 407 in question, what kept tickets from being used. */
void bts_http_auth_explain (const BtsHttpAuth *self, GError *error);

/* Forgets what is bound to a connection. */
void bts_http_auth_leave_connection (BtsHttpAuth *self);

/* In the following, @self may be NULL, which has learnt nothing. */

/* Adds Authorization or Proxy-Authorization where a challenge has been met before. */
void bts_http_auth_apply (BtsHttpAuth *self, SoupMessage *message);

/* What has been learnt holds for one connection only. */
gboolean bts_http_auth_is_bound (const BtsHttpAuth *self);

/* Nothing but another challenge can come of the next request, so its body can wait. */
gboolean bts_http_auth_is_opening (const BtsHttpAuth *self);

/* The next request must go over the connection of the last. */
gboolean bts_http_auth_is_under_way (const BtsHttpAuth *self);
