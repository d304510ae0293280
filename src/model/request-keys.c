/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/request-keys.h"

#include "common/bgt-error.h"
#include "model/part-checks.h"
#include "model/request-checks.h"
#include "model/request-uri.h"

static gboolean
is_supported_uri (GVariant *uri)
{
  const char *text = g_variant_get_string (uri, NULL);

  if (BTS_HAS_FTP && bts_request_uri_is_ftp (text))
    return TRUE;
  return g_ascii_strncasecmp (text, "http:", 5) == 0 ||
         g_ascii_strncasecmp (text, "https:", 6) == 0;
}

/* A descriptor is taken out of the options before they become a request. */
static gboolean
is_text (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_STRING);
}

#define DOWNLOAD BTS_KINDS_DOWNLOAD
#define UPLOAD BTS_KINDS_UPLOAD
#define ALL BTS_KINDS_ALL

/* key, type and check; kinds; when it may change; internal; supported; default; which values are
 * supported; normal form */
static const BtsRequestKey rows[] = {
  { { "kind", "s", bts_check_kind }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "uri", "s", bts_check_uri },
    ALL,
    BTS_CHANGE_RULE_HELD_OR_ERROR,
    FALSE,
    TRUE,
    NULL,
    is_supported_uri },
  { { "destination", "s", bts_check_path }, DOWNLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "source", "s", bts_check_path }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "parts", "aa{sv}", bts_check_parts }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "destination-file", "a{sv}", bts_check_found_file },
    DOWNLOAD,
    BTS_CHANGE_RULE_NEVER,
    TRUE,
    TRUE },
  { { "source-file", "a{sv}", bts_check_found_file }, UPLOAD, BTS_CHANGE_RULE_NEVER, TRUE, TRUE },
  { { "body-file", "a{sv}", bts_check_found_file }, DOWNLOAD, BTS_CHANGE_RULE_NEVER, TRUE, TRUE },
  { { "method", "s", bts_check_method }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "headers", "a{ss}", bts_check_headers },
    ALL,
    BTS_CHANGE_RULE_UNFINISHED_OR_ERROR,
    FALSE,
    TRUE },
  { { "server-credential", "(ss)", bts_check_credential },
    ALL,
    BTS_CHANGE_RULE_UNFINISHED_OR_ERROR,
    FALSE,
    TRUE },
  { { "proxy-credential", "(ss)", bts_check_credential },
    ALL,
    BTS_CHANGE_RULE_UNFINISHED_OR_ERROR,
    FALSE,
    TRUE },
  { { "cookies", "a{ss}", bts_check_cookies }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "proxy", "s", bts_check_proxy }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "body", "h|s", bts_check_body },
    DOWNLOAD,
    BTS_CHANGE_RULE_NEVER,
    FALSE,
    TRUE,
    NULL,
    is_text },
  { { "group", "s", bts_check_name }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "completion-group", "o" }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, FALSE },
  { { "cost-policy", "s", bts_check_cost_policy }, ALL, BTS_CHANGE_RULE_UNFINISHED, FALSE, TRUE },
  { { "priority", "s", bts_check_priority }, ALL, BTS_CHANGE_RULE_UNFINISHED, FALSE, TRUE },
  { { "random-access", "b" }, DOWNLOAD, BTS_CHANGE_RULE_BEFORE_START, FALSE, TRUE },
  { { "recoverable-errors", "as", bts_check_web_errors },
    DOWNLOAD,
    BTS_CHANGE_RULE_UNFINISHED,
    FALSE,
    TRUE },
  { { "checksum", "s", bts_check_checksum },
    DOWNLOAD,
    BTS_CHANGE_RULE_NEVER,
    FALSE,
    TRUE,
    NULL,
    NULL,
    bts_normalize_checksum },
  { { "overwrite", "s", bts_check_overwrite }, DOWNLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "max-rate", "t" }, ALL, BTS_CHANGE_RULE_UNFINISHED, FALSE, TRUE },
  { { "success-notification", "a{sv}", bts_check_notification },
    ALL,
    BTS_CHANGE_RULE_NEVER,
    FALSE,
    FALSE,
    "@a{sv} {}" },
  { { "failure-notification", "a{sv}", bts_check_notification },
    ALL,
    BTS_CHANGE_RULE_NEVER,
    FALSE,
    FALSE,
    "@a{sv} {}" },
  { { "metadata", "a{sv}", bts_check_metadata }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "application-id", "s", bts_check_application_id }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "multipart-subtype", "s", bts_check_token }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "boundary", "s", bts_check_boundary }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "resumable", "s", bts_check_resumable }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "allow-restart", "b" }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "offset", "t" }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "length", "t" }, UPLOAD, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "not-before", "x", bts_check_time }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
  { { "deadline", "x", bts_check_time }, ALL, BTS_CHANGE_RULE_NEVER, FALSE, TRUE },
};

#undef DOWNLOAD
#undef UPLOAD
#undef ALL

const BtsRequestKey *
bts_request_key_find (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_str_equal (rows[i].option.key, key))
      return &rows[i];

  return NULL;
}

guint
bts_request_key_get_count (void)
{
  return G_N_ELEMENTS (rows);
}

const BtsRequestKey *
bts_request_key_get_nth (guint n)
{
  g_return_val_if_fail (n < G_N_ELEMENTS (rows), NULL);

  return &rows[n];
}

guint
bts_request_key_get_index (const BtsRequestKey *self)
{
  return (guint) (self - rows);
}

gboolean
bts_request_key_check (const BtsRequestKey *self,
                       BgtOperationKind kind,
                       GVariant *value,
                       GError **error)
{
  if ((self->kinds & (1u << kind)) == 0)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "option “%s” is for %ss only, this is to be: %s", self->option.key,
                   self->kinds == BTS_KINDS_UPLOAD ? "upload" : "download",
                   bgt_operation_kind_to_string (kind));
      return FALSE;
    }

  return bts_options_check_one (self->option.key, value, &self->option, 1, error);
}

static gboolean
is_default (const BtsRequestKey *self, GVariant *value)
{
  g_autoptr (GVariant) default_value = NULL;

  if (self->default_text == NULL)
    return FALSE;

  default_value = g_variant_parse (NULL, self->default_text, NULL, NULL, NULL);
  return g_variant_equal (value, default_value);
}

gboolean
bts_request_key_check_support (const BtsRequestKey *self, GVariant *value, GError **error)
{
  if (self->is_supported && (self->is_value_supported == NULL || self->is_value_supported (value)))
    return TRUE;

  if (!self->is_supported && is_default (self, value))
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
               self->is_supported ? "option “%s” has a value that this version cannot do yet"
                                  : "option “%s” is something that this version cannot do yet",
               self->option.key);
  return FALSE;
}
