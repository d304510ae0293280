/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "worker/transport/transport.h"

/* What a download remembers of its file from one try to the next, beside the bytes: which file of
 * the server they are of. Values only. Its stored form is the checkpoint, an a{sv} that only the
 * worker reads:
 *   destination a{sv}                        of files/destination
 *   held t                                   bytes held when it was written
 *   total t                                  absent while unknown
 *   validator, last-modified, etag s         of the answer that the bytes came with
 *   actual-uri s                             where it came from
 *   uri-digest s                             SHA-256 of the URI that was asked for
 *   digest s                                 of the file, as the server has said
 *   cookies a(ssssbx)                        of transport/http-cookies */

typedef struct
{
  GVariant *destination; /* (owned) (nullable) a{sv} */
  guint64 held;
  gboolean is_total_known;
  guint64 total;
  char *validator;     /* (owned) (nullable) */
  char *last_modified; /* (owned) (nullable) */
  char *etag;          /* (owned) (nullable): weak ones too; tells only that something changed */
  char *actual_uri;    /* (owned) (nullable) */
  char *uri_digest;    /* (owned) (nullable) */
  char *digest;        /* (owned) (nullable) */
  BtsHttpCookies *cookies; /* (owned): what servers have set */
} BtsDownloadRecord;

/* Reads @checkpoint (nullable); what is missing or of a wrong type counts as not known. */
void bts_download_record_init (BtsDownloadRecord *self, GVariant *checkpoint);
void bts_download_record_clear (BtsDownloadRecord *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (BtsDownloadRecord, bts_download_record_clear)

/* @destination is what bts_destination_to_checkpoint() says now. a{sv}, not floating. */
GVariant *bts_download_record_to_checkpoint (const BtsDownloadRecord *self,
                                             GVariant *destination,
                                             guint64 held);

/* The part of a checkpoint that files/destination knows; not floating, NULL where there is none. */
GVariant *bts_download_record_dup_destination (GVariant *checkpoint);

/* Notes of which file the bytes now are. TRUE where an earlier answer said otherwise. */
gboolean bts_download_record_take_head (BtsDownloadRecord *self, const BtsTransportHead *head);

/* Whether the answer with a part can be of the same file as what is held, where there is no
 * strong validator to ask the server by: the size and the time of change have to agree. */
gboolean bts_download_record_fits_head (const BtsDownloadRecord *self,
                                        const BtsTransportHead *head);

/* Whether there is anything by which a part could later be known to be of the same file. */
gboolean bts_download_record_may_resume (const BtsDownloadRecord *self);

/* By which URI the bytes were asked for; only its digest is kept, it may hold a password. */
void bts_download_record_take_uri (BtsDownloadRecord *self, const char *uri);
gboolean bts_download_record_is_from (const BtsDownloadRecord *self, const char *uri);

/* What GetResponseInformation tells, a{sv}, not floating. */
GVariant *bts_download_response_new (const BtsTransportHead *head);
