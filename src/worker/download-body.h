/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download.h"

/* What a download sends with its request, where that is a descriptor: a file, or a stream that has
 * been kept. */

typedef struct _BtsDownloadBody BtsDownloadBody;

/* Could @file be sent, and what is needed to find it again? a{sv}, not floating. BGT_ERROR. */
GVariant *bts_download_body_check (int file, GError **error);

/* Opens what the request names; nothing where it names none. BGT_WEB_ERROR. */
gboolean bts_download_open_body (BtsDownload *self, GError **error);
void bts_download_body_free (BtsDownloadBody *self);

/* Lends; may be sent by several threads at once. NULL where @self is. */
const BtsTransportBody *bts_download_body_get (BtsDownloadBody *self);
