/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/upload.h"

/* Uploads that go on where they were cut: tus 1.0, and draft-ietf-httpbis-resumable-upload. */

typedef enum
{
  BTS_RESUMABLE_DONE,
  BTS_RESUMABLE_REFUSED, /* the server takes no part in it; nothing has been sent */
  BTS_RESUMABLE_FAILED,
} BtsResumableResult;

/* Sends all of the body, or what the server does not have yet. @error is set where it is not
 * DONE. */
BtsResumableResult
bts_upload_resumable_send (BtsUpload *self, const char *protocol, GError **error);

/* The server need not keep what it has. */
gboolean bts_upload_resumable_terminate (BtsUpload *self, GError **error);

/* What has been begun on the server is of use only for the URI it was begun for: for another one
 * the upload starts over. */
void bts_upload_resumable_check_target (BtsUpload *self);
