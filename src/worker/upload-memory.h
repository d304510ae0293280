/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Which servers can go on with an upload, and how: asked for once. Thread-safe. */

typedef struct _BtsUploadMemory BtsUploadMemory;

BtsUploadMemory *bts_upload_memory_new (void);
void bts_upload_memory_free (BtsUploadMemory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsUploadMemory, bts_upload_memory_free)

/* The name of the protocol that the origin of @uri knows, "" where it knows none; static. NULL
 * where it has not been asked. */
const char *bts_upload_memory_lookup (BtsUploadMemory *self, const char *uri);
void bts_upload_memory_store (BtsUploadMemory *self, const char *uri, const char *protocol);

/* Whether both are of one origin. */
gboolean bts_upload_is_same_origin (const char *uri, const char *other);
