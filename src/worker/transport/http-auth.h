/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <libsoup/soup.h>

/* The answer to a 401, or to the 407 of a proxy: Basic and Digest by libsoup's #SoupAuth, without
 * its manager, which remembers credentials for whoever asks next. Not thread-safe: one a transport.
 */

typedef struct _BtsHttpAuth BtsHttpAuth;

/* For a server, or for a proxy. */
BtsHttpAuth *bts_http_auth_new (gboolean is_for_proxy);
void bts_http_auth_free (BtsHttpAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpAuth, bts_http_auth_free)

/* @user: nullable; anything learnt with another credential is forgotten. */
void bts_http_auth_set_credential (BtsHttpAuth *self, const char *user, const char *password);

/* TRUE where asking once more makes sense: @message has been answered with @headers, in which there
 * is a challenge that the credential can meet and that it has not failed yet. */
gboolean
bts_http_auth_take_challenge (BtsHttpAuth *self, SoupMessage *message, SoupMessageHeaders *headers);

/* Adds Authorization or Proxy-Authorization where a challenge has been met before. */
void bts_http_auth_apply (BtsHttpAuth *self, SoupMessage *message);
