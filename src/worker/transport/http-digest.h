/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Digest authentication with SHA-256 (RFC 7616), which libsoup does not know. */

typedef struct _BtsHttpDigest BtsHttpDigest;

/* @challenge: "Digest PARAMETERS", perhaps with other challenges after it. NULL where it is not for
 * SHA-256, or cannot be met. */
BtsHttpDigest *bts_http_digest_new (const char *challenge);
void bts_http_digest_free (BtsHttpDigest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsHttpDigest, bts_http_digest_free)

/* What proves that @password is known, for one request; @client_nonce: a random text. */
char *bts_http_digest_answer (BtsHttpDigest *self,
                              const char *method,
                              const char *uri,
                              const char *user,
                              const char *password,
                              const char *client_nonce);
