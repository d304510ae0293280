/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-answer.h"
#include "worker/transport/http-session.h"
#include "worker/transport/http-upload.h"
#include "worker/transport/transport.h"

/* Requests and their final answers: redirections followed, challenges met, connections that have
 * gone stale tried again. For one thread at a time. */

typedef struct _BtsHttpClient BtsHttpClient;

/* @throttle: for what is sent; lent for the client's life. */
BtsHttpClient *bts_http_client_new (BtsHttpSession *session, const BtsHttpThrottle *throttle);
void bts_http_client_free (BtsHttpClient *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpClient, bts_http_client_free)

/* From any thread. */
void bts_http_client_cancel (BtsHttpClient *self);
gboolean bts_http_client_is_cancelled (BtsHttpClient *self);

/* Around all that follows, in its thread: the settings stay as they are meanwhile. */
void bts_http_client_enter (BtsHttpClient *self);
void bts_http_client_leave (BtsHttpClient *self);

gboolean bts_http_client_ask (BtsHttpClient *self,
                              const BtsTransportRequest *request,
                              BtsHttpAnswer *answer,
                              GError **error);

/* Adds to @error, where it is a 401 or 407, why the credential could not be used. */
void bts_http_client_explain (BtsHttpClient *self, GError *error);

/* Reads some of the body; @left: how many bytes must still come, 0 unknown. 0 is the end of what
 * came, whole or not; never returns a byte that the framing does not vouch for. */
gssize bts_http_client_read (BtsHttpClient *self,
                             BtsHttpAnswer *answer,
                             gpointer buffer,
                             gsize size,
                             guint64 left,
                             GError **error);

/* After the last byte: FALSE where the answer goes on beyond its end. */
gboolean bts_http_client_check_excess (BtsHttpClient *self, BtsHttpAnswer *answer, GError **error);

/* Lets go of @answer. Its connection is kept for another request only if the body has been read to
 * its end, or is so short that it can be now. */
void bts_http_client_finish (BtsHttpClient *self, BtsHttpAnswer *answer);
