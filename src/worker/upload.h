/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download-job.h"
#include "worker/transfer-job.h"
#include "worker/upload-answer.h"
#include "worker/upload-body.h"
#include "worker/upload-memory.h"
#include "worker/upload-record.h"

/* An upload under way, as the files of the job share it; the job's thread only. */

typedef struct
{
  BtsTransferJob *job; /* (unowned) */
  BtsTransportFactory new_transport;
  gpointer factory_data;   /* (unowned) */
  BtsUploadMemory *memory; /* (unowned) */
  GVariant *checkpoint;    /* (owned) (nullable): given by the daemon */
  GArray *files;           /* (owned) (nullable) (element-type int): the application's */
  BtsSpoolRoom *room;      /* (owned) */
  char *application;       /* (owned): whose it is */

  GVariant *request;   /* (owned) (nullable): of the round under way */
  BtsUploadBody *body; /* (owned) (nullable) */
  BtsUploadRecord record;
  BtsUploadAnswer answer;
  BtsTransport *transport;    /* (owned) (nullable): for all requests, which share challenges met */
  GVariant *response;         /* (owned) (nullable): not yet told */
  gboolean has_restarted;     /* not yet told */
  gboolean must_not_repeat;   /* the server may have had all of it */
  guint64 confirmed_at_start; /* bytes that the server had for certain */

  const struct _BtsUploadStep *step; /* (unowned): under way */
  GVariant *headers;                 /* (owned) (nullable) a(ss): of the last answer */
  char *actual_uri;                  /* (owned) (nullable): likewise */
  guint status_code;                 /* likewise; 0 without one */
  gint64 retry_after_us;             /* likewise; -1 */
  GVariant *last_response;           /* (owned) (nullable): likewise, as it would be told */
} BtsUpload;

/* One request of an upload. */
typedef struct _BtsUploadStep
{
  const char *method;
  const char *uri;
  GVariant *headers; /* (nullable) a{ss}: laid over those of the application */
  gboolean has_body; /* the part of the body below */
  guint64 offset;
  guint64 length;
  const char *type;      /* (nullable): of the body, where the application does not say */
  gboolean is_one_shot;  /* must not reach the server twice */
  gboolean is_last;      /* with its end the server has everything */
  gboolean keeps_answer; /* what the server says is the upload's result */
  gboolean is_question;  /* its answer's head is all that is wanted */
  guint timeout_ms;      /* for everything; 0: no byte for too long, as for others */
  BtsTransportRedirections redirections;
} BtsUploadStep;

/* What the request says; lent. */
const char *bts_upload_get_uri (BtsUpload *self);
const char *bts_upload_get_method (BtsUpload *self);

/* Whether all of it may be sent a second time: the method is one of those, or the application
 * allows it. */
gboolean bts_upload_is_idempotent (BtsUpload *self);
gboolean bts_upload_may_repeat (BtsUpload *self);

/* Takes what has been changed meanwhile. Nothing lent of the request is valid after it. */
void bts_upload_take_request (BtsUpload *self);

/* TRUE where the server's answer was below 300. In any case the members above say what it was. */
gboolean bts_upload_run_step (BtsUpload *self, const BtsUploadStep *step, GError **error);

/* The last answer is the upload's result, although it was but a question's. */
void bts_upload_keep_last_response (BtsUpload *self);

/* The value of a header of the last answer; lent; NULL where there is none. */
const char *bts_upload_get_header (BtsUpload *self, const char *name);

/* Saves the record; _save waits until the daemon has it. */
void bts_upload_post (BtsUpload *self);
gboolean bts_upload_save (BtsUpload *self, GError **error);

/* All that is not yet told goes into @update. Returns the checkpoint in it, not floating. */
GVariant *bts_upload_fill (BtsUpload *self, GVariantDict *update);
