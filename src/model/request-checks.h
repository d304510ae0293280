/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "model/metadata.h"

/* Whether the value of an option is well-formed, beyond its type. Pure. Errors are
 * BGT_ERROR_INVALID_ARGUMENT and do not name the option: the caller prefixes it. */

gboolean bts_check_uri (GVariant *value, GError **error);
gboolean bts_check_proxy (GVariant *value, GError **error);
gboolean bts_check_body (GVariant *value, GError **error);
gboolean bts_check_method (GVariant *value, GError **error);
gboolean bts_check_headers (GVariant *value, GError **error);
gboolean bts_check_cookies (GVariant *value, GError **error);
gboolean bts_check_credential (GVariant *value, GError **error);
gboolean bts_check_path (GVariant *value, GError **error);
gboolean bts_check_checksum (GVariant *value, GError **error);
gboolean bts_check_web_errors (GVariant *value, GError **error);
gboolean bts_check_kind (GVariant *value, GError **error);
gboolean bts_check_cost_policy (GVariant *value, GError **error);
gboolean bts_check_priority (GVariant *value, GError **error);
gboolean bts_check_overwrite (GVariant *value, GError **error);
gboolean bts_check_resumable (GVariant *value, GError **error);
gboolean bts_check_notification (GVariant *value, GError **error);
gboolean bts_check_name (GVariant *value, GError **error);
gboolean bts_check_application_id (GVariant *value, GError **error);
gboolean bts_check_token (GVariant *value, GError **error);
gboolean bts_check_boundary (GVariant *value, GError **error);
gboolean bts_check_time (GVariant *value, GError **error);
gboolean bts_check_found_file (GVariant *value, GError **error);

/* The checksum in lower case; takes a floating @value. */
GVariant *bts_normalize_checksum (GVariant *value);

/* What requests are made with, so that what is accepted here is understood there. */
#define BTS_URI_FLAGS                                                                              \
  (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY |               \
   G_URI_FLAGS_ENCODED_FRAGMENT | G_URI_FLAGS_SCHEME_NORMALIZE)
