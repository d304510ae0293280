/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Which servers can go on with an upload, and how: asked for once. Thread-safe. */

typedef struct _BtsUploadMemory BtsUploadMemory;

/* Called with each answer that holds for as long as the service does, in the thread that got it. */
typedef void (*BtsUploadMemoryLearned) (const char *origin,
                                        const char *protocol,
                                        gpointer user_data);

/* What may be another answer later holds for @passing_us. @user_data outlives the memory. */
BtsUploadMemory *
bts_upload_memory_new (gint64 passing_us, BtsUploadMemoryLearned learned, gpointer user_data);
void bts_upload_memory_free (BtsUploadMemory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsUploadMemory, bts_upload_memory_free)

/* Takes what an earlier worker has learned, a{ss}. */
void bts_upload_memory_load (BtsUploadMemory *self, GVariant *protocols);

/* How much an answer says about the next one. */
typedef enum
{
  BTS_UPLOAD_MEMORY_NOTHING, /* another upload asks again */
  BTS_UPLOAD_MEMORY_FOR_NOW, /* it may be another one later */
  BTS_UPLOAD_MEMORY_FOR_GOOD,
} BtsUploadMemoryTerm;

/* The name of the protocol that the origin of @uri knows, "" where it knows none; static. NULL
 * where the caller shall ask, and say what came of it by bts_upload_memory_end_question(): while
 * it does, all others wait. Where @cancellable ends that waiting it is "". */
const char *bts_upload_memory_begin_question (BtsUploadMemory *self,
                                              const char *uri,
                                              GCancellable *cancellable);
void bts_upload_memory_end_question (BtsUploadMemory *self,
                                     const char *uri,
                                     const char *protocol,
                                     BtsUploadMemoryTerm term);

/* What the origin of @uri said has been found to be true, or not to be. One refusal says nothing
 * about a server that has done it before. */
void bts_upload_memory_confirm (BtsUploadMemory *self, const char *uri);
void bts_upload_memory_correct (BtsUploadMemory *self, const char *uri);

/* Whether both are of one origin. */
gboolean bts_upload_is_same_origin (const char *uri, const char *other);
