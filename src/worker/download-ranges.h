/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/download.h"

/* Fetches what is missing in pieces, in the order in which it is asked for. What has come is
 * durable on return. FALSE with is_in_order set, and no error: the server gives nothing by which
 * pieces could be known to be of one file, or has not said how long it is, so that it has to be
 * fetched in order. */
gboolean bts_download_fetch_ranges (BtsDownload *self, GError **error);
