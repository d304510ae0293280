/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/transport.h"

/* What the server says to an upload, kept in a file of the service. */

#define BTS_UPLOAD_ANSWER_MAX_BYTES (64 * 1024 * 1024)

typedef struct
{
  int fd; /* (owned): -1 while there is none */
  char *buffer;
  guint64 size;
  gboolean is_cut; /* there was more */
} BtsUploadAnswer;

void bts_upload_answer_init (BtsUploadAnswer *self);
void bts_upload_answer_clear (BtsUploadAnswer *self);

/* A new answer begins; one before is forgotten. */
gboolean bts_upload_answer_begin (BtsUploadAnswer *self, const char *guid, GError **error);

gpointer bts_upload_answer_get_buffer (BtsUploadAnswer *self, gsize *size);
gboolean bts_upload_answer_commit (BtsUploadAnswer *self, gsize size, GError **error);

/* Makes it durable. */
gboolean bts_upload_answer_end (BtsUploadAnswer *self, GError **error);

/* A read-only descriptor at @position; -1 and BGT_ERROR: NOT_YET_AVAILABLE where that byte has not
 * come. */
int bts_upload_answer_open (const char *guid, guint64 position, GError **error);
