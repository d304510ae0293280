/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-cookies.h"

/* What an upload remembers from one try to the next. Values only. Its stored form is the
 * checkpoint, an a{sv} that only the worker reads, with a key for each member. */

typedef struct
{
  GVariant *files;         /* (owned) (nullable) aa{sv}: as they were when first opened */
  char *boundary;          /* (owned) (nullable): of the parts */
  char *key;               /* (owned) (nullable): Idempotency-Key */
  gboolean is_sending;     /* may have reached the server, and must not be sent twice */
  gboolean was_sent;       /* bytes of it have gone out before */
  char *protocol;          /* (owned) (nullable): by which it can be resumed; "" where by none */
  char *upload_uri;        /* (owned) (nullable): where the rest goes */
  char *created_for;       /* (owned) (nullable): the URI that was asked for @upload_uri; NULL:
                              it is not gone on with */
  gboolean is_finishing;   /* its last bytes may have reached the server, and must not twice */
  guint64 confirmed;       /* bytes that the server has for certain */
  BtsHttpCookies *cookies; /* (owned): what servers have set */
} BtsUploadRecord;

/* Reads @checkpoint (nullable); what is missing or of a wrong type counts as not known. */
void bts_upload_record_init (BtsUploadRecord *self, GVariant *checkpoint);
void bts_upload_record_clear (BtsUploadRecord *self);

/* What was created on the server is not gone on with. */
void bts_upload_record_forget_upload (BtsUploadRecord *self);

/* a{sv}, not floating. */
GVariant *bts_upload_record_to_checkpoint (const BtsUploadRecord *self);
