/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-client.h"
#include "worker/transport/transport.h"

/* A body that ends with its connection (HTTP/1.0, `Connection: close` without a length) may have
 * been cut off. Its end is proven by asking again: for what comes after it, and where the server
 * knows no ranges, for all of it, to be compared. */

typedef struct _BtsHttpProof BtsHttpProof;

/* @throttle: for what is fetched again; lent for its life. */
BtsHttpProof *bts_http_proof_new (const BtsHttpThrottle *throttle);
void bts_http_proof_free (BtsHttpProof *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpProof, bts_http_proof_free)

/* Told every byte of the body, which begins with the file: a part says how long it is. */
void bts_http_proof_update (BtsHttpProof *self, gconstpointer data, gsize size);

/* After the end; @head is that of the body. Errors: DISCONNECTED where there is more, or another
 * file, or nothing can be proven; those of the requests it makes. */
gboolean bts_http_proof_check (BtsHttpProof *self,
                               BtsHttpClient *client,
                               const BtsTransportRequest *request,
                               const BtsTransportHead *head,
                               GError **error);
