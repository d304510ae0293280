/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/files/spool-file.h"
#include "worker/transport/transport.h"

/* What the server says to an upload, kept in a file of the service as far as there is room. */

#define BTS_UPLOAD_ANSWER_MAX_BYTES (64 * 1024 * 1024)

typedef struct
{
  BtsSpoolFile *file; /* (owned) (nullable) */
  char *buffer;       /* (owned) (nullable) */
  char *cut_cause;    /* (owned) (nullable): why not all of it is kept */
} BtsUploadAnswer;

void bts_upload_answer_clear (BtsUploadAnswer *self);

/* A new answer begins; one before is forgotten. */
void bts_upload_answer_begin (BtsUploadAnswer *self,
                              BtsSpoolRoom *room,
                              const char *guid,
                              const char *application);

gpointer bts_upload_answer_get_buffer (BtsUploadAnswer *self, gsize *size);

/* FALSE once no more of it is kept. */
gboolean bts_upload_answer_commit (BtsUploadAnswer *self, gsize size);

/* Makes it durable. */
void bts_upload_answer_end (BtsUploadAnswer *self);

/* A read-only descriptor at @position; -1 and BGT_ERROR: NOT_YET_AVAILABLE where that byte has not
 * come. */
int bts_upload_answer_open (const char *guid, guint64 position, GError **error);
