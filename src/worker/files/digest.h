/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* A digest whose state can be written down in the middle of a file and taken up again by another
 * process. Pure. */

typedef struct _BtsDigest BtsDigest;

/* @algorithm: sha256, sha512, sha1, md5; NULL for others. */
BtsDigest *bts_digest_new (const char *algorithm);
void bts_digest_free (BtsDigest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsDigest, bts_digest_free)

gsize bts_digest_get_length (const char *algorithm); /* bytes; 0 for others */

void bts_digest_reset (BtsDigest *self);
void bts_digest_update (BtsDigest *self, gconstpointer data, gsize size);
guint64 bts_digest_get_position (const BtsDigest *self);

/* In lower-case hexadecimal, of what has been given so far; it may go on after it. */
char *bts_digest_dup_hex (const BtsDigest *self);

/* (tayay): position, state and what does not fill a block yet; not floating. */
GVariant *bts_digest_to_variant (const BtsDigest *self);

/* FALSE, and nothing has changed, where @variant does not fit. */
gboolean bts_digest_take_variant (BtsDigest *self, GVariant *variant);
