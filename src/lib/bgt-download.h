/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "lib/bgt-operation.h"

G_BEGIN_DECLS

#define BGT_TYPE_DOWNLOAD (bgt_download_get_type ())
G_DECLARE_FINAL_TYPE (BgtDownload, bgt_download, BGT, DOWNLOAD, BgtOperation)

const char *bgt_download_get_destination (BgtDownload *self);
const char *bgt_download_get_checksum (BgtDownload *self);
gboolean bgt_download_get_random_access (BgtDownload *self);

void bgt_download_get_downloaded_ranges_async (BgtDownload *self,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data);
GVariant *
bgt_download_get_downloaded_ranges_finish (BgtDownload *self, GAsyncResult *result, GError **error);

void bgt_download_request_range_async (BgtDownload *self,
                                       guint64 offset,
                                       guint64 length,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean
bgt_download_request_range_finish (BgtDownload *self, GAsyncResult *result, GError **error);

G_END_DECLS
