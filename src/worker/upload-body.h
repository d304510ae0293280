/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "worker/transport/transport.h"

/* What an upload sends: a file or a slice of one, a stream that has been kept, or parts. Opened as
 * a whole, never read as one. Errors are BGT_WEB_ERROR, or BGT_ERROR for what only an application
 * can do wrong. */

typedef struct
{
  GPtrArray *sources; /* (owned) (element-type BtsSource) */
  GPtrArray *texts;   /* (owned) (element-type utf8) */
  GArray *pieces;     /* (owned) (element-type BtsTransportPiece) */
  guint64 length;     /* of all pieces */
  char *root_type;    /* (owned) (nullable): of the first part */
  char *content_type; /* (owned) (nullable) */
  guint n_streams;    /* that it was opened with */
} BtsUploadBody;

/* @guid: under which its streams are kept; NULL before they are, then it is opened without.
 * @files (element-type int): the application's descriptors of files, that of the source or those of
 * parts in their order; where they are not all there, the files are opened again by their names.
 * @boundary: for parts where the request has none. */
BtsUploadBody *bts_upload_body_open (
    GVariant *request, const char *guid, GArray *files, const char *boundary, GError **error);
void bts_upload_body_free (BtsUploadBody *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsUploadBody, bts_upload_body_free)

/* Whether all files are as they were when they were opened. */
gboolean bts_upload_body_verify (BtsUploadBody *self, GError **error);

/* As the files are; aa{sv}, not floating. _matches: FILE_CHANGED where @states differ. */
GVariant *bts_upload_body_to_states (BtsUploadBody *self);
gboolean bts_upload_body_matches (BtsUploadBody *self, GVariant *states, GError **error);

/* The pieces from @offset on, for as many bytes as @length. (element-type BtsTransportPiece) */
GArray *bts_upload_body_slice (BtsUploadBody *self, guint64 offset, guint64 length);
