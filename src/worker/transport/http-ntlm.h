/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The messages of NTLM authentication, version 2 (MS-NLMP §2.2.1, §3.3.2). libsoup's own #SoupAuth
 * knows version 1 only, which servers refuse nowadays. Signs and seals nothing. Pure. */

#define BTS_HTTP_NTLM_NONCE_BYTES 8

/* What the exchange begins with, in base64: says nothing of the user or of this machine. */
char *bts_http_ntlm_open (void);

/* The proof that @password is known, in base64, for the server's @challenge, in base64; NULL where
 * that is none. @user: "DOMAIN\user", or just a name. @nonce: random; @now_us: Unix time, for
 * servers that do not say theirs. */
char *bts_http_ntlm_answer (const char *challenge,
                            const char *user,
                            const char *password,
                            const guint8 nonce[BTS_HTTP_NTLM_NONCE_BYTES],
                            gint64 now_us);
