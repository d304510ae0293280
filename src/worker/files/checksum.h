/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The digest of a file whose bytes are given in order. Its state can be kept over a restart of the
 * process, so that what is held need not be read back. */

typedef struct _BtsChecksum BtsChecksum;

/* @spec: `sha256:<hex>`, also sha512, sha1, md5. BGT_ERROR_INVALID_ARGUMENT. */
BtsChecksum *bts_checksum_new (const char *spec, GError **error);
void bts_checksum_free (BtsChecksum *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsChecksum, bts_checksum_free)

/* Whether it was made from @spec. */
gboolean bts_checksum_is_of (const BtsChecksum *self, const char *spec);

/* How many bytes from the file's beginning it has seen. */
guint64 bts_checksum_get_position (const BtsChecksum *self);

/* The next bytes. */
void bts_checksum_update (BtsChecksum *self, gconstpointer data, gsize size);

/* Reads [position, @end) of @fd, which may be open for writing only. BGT_WEB_ERROR, or
 * G_IO_ERROR_CANCELLED. */
gboolean bts_checksum_update_from_file (
    BtsChecksum *self, int fd, guint64 end, GCancellable *cancellable, GError **error);

/* The state, for another process; not floating. One that does not fit, or has seen more than
 * @end, is not taken: then it begins anew. */
const char *bts_checksum_get_algorithm (const BtsChecksum *self);
GVariant *bts_checksum_to_variant (const BtsChecksum *self);
void bts_checksum_take_variant (BtsChecksum *self, GVariant *variant, guint64 end);

/* Begins anew. */
void bts_checksum_reset (BtsChecksum *self);

/* Whether the bytes seen are those of the spec. */
gboolean bts_checksum_matches (BtsChecksum *self);
