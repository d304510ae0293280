/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/request-uri.h"

#include <string.h>

#include "common/bgt-error.h"
#include "model/request-checks.h"

/* What is escaped stays so. */
static char *
strip (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  g_autoptr (GUri) stripped = NULL;

  if (uri == NULL)
    return NULL;
  stripped = g_uri_build (G_URI_FLAGS_ENCODED, g_uri_get_scheme (uri), NULL, g_uri_get_host (uri),
                          g_uri_get_port (uri), g_uri_get_path (uri), g_uri_get_query (uri),
                          g_uri_get_fragment (uri));
  return g_uri_to_string (stripped);
}

gboolean
bts_request_uri_take_log_in (GVariant **uri,
                             GVariant **credential,
                             gboolean is_newer,
                             GError **error)
{
  const char *text = g_variant_get_string (*uri, NULL);
  g_autoptr (GUri) parsed = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  g_autofree char *rest = strip (text);
  g_autoptr (GVariant) said = NULL;
  const char *password = NULL;

  if (parsed == NULL || rest == NULL || g_uri_get_user (parsed) == NULL)
    return TRUE;
  password = g_uri_get_password (parsed);
  said = g_variant_ref_sink (
      g_variant_new ("(ss)", g_uri_get_user (parsed), password != NULL ? password : ""));
  if (!bts_check_credential (said, error))
    {
      g_prefix_error (error, "option “uri” says who logs in: ");
      return FALSE;
    }

  g_variant_unref (*uri);
  *uri = g_variant_ref_sink (g_variant_new_string (rest));
  if (*credential != NULL && !is_newer)
    return TRUE;
  g_clear_pointer (credential, g_variant_unref);
  *credential = g_steal_pointer (&said);
  return TRUE;
}

gboolean
bts_request_uri_is_ftp (const char *text)
{
  return g_ascii_strncasecmp (text, "ftp:", 4) == 0 || g_ascii_strncasecmp (text, "ftps:", 5) == 0;
}

/* It becomes a line of a command. */
static gboolean
is_ftp_path (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, BTS_URI_FLAGS, NULL);
  g_autofree char *path = g_uri_unescape_string (g_uri_get_path (uri), NULL);

  if (path == NULL)
    return FALSE;
  for (const char *c = path; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      return FALSE;
  return TRUE;
}

gboolean
bts_request_uri_check_kind (const char *text, BgtOperationKind kind, GError **error)
{
  if (!bts_request_uri_is_ftp (text))
    return TRUE;
  if (kind == BGT_OPERATION_KIND_UPLOAD)
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_NOT_SUPPORTED,
                         "option “uri” is for ftp, which is for downloads only");
  else if (!is_ftp_path (text))
    g_set_error_literal (
        error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
        "option “uri” is for ftp, whose paths have no control characters, not even "
        "escaped ones");
  else
    return TRUE;
  return FALSE;
}

/* The option of HTTP that @request, for ftp, has although it is of no use there; NULL: none. */
static const char *
find_option_of_http (GVariant *request)
{
  static const struct
  {
    const char *key;
    const char *name;
    const char *usual; /* (nullable): what happens anyway */
  } rows[] = {
    { "method", "method", "'GET'" },       { "headers", "headers", "@a{ss} {}" },
    { "cookies", "cookies", "@a{ss} {}" }, { "body", "body", NULL },
    { "body-file", "body", NULL },
  };
  const char *uri = NULL;

  if (!g_variant_lookup (request, "uri", "&s", &uri) || !bts_request_uri_is_ftp (uri))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (request, rows[i].key, NULL);
      g_autofree char *text = value != NULL ? g_variant_print (value, TRUE) : NULL;

      if (value != NULL && g_strcmp0 (text, rows[i].usual) != 0)
        return rows[i].name;
    }
  return NULL;
}

gboolean
bts_request_uri_check_options (GVariant *request, GVariant *before, GError **error)
{
  const char *name = find_option_of_http (request);

  /* What is in the store may be of a version that let it through. */
  if (name == NULL || (before != NULL && find_option_of_http (before) != NULL))
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "option “%s” is for http and https, and the URI is for ftp", name);
  return FALSE;
}

static int
get_default_port (const char *scheme)
{
  static const struct
  {
    const char *scheme;
    int port;
  } ports[] = { { "http", 80 }, { "https", 443 }, { "ftp", 21 }, { "ftps", 990 } };

  for (gsize i = 0; i < G_N_ELEMENTS (ports); i++)
    if (g_str_equal (ports[i].scheme, scheme))
      return ports[i].port;

  return 0;
}

char *
bts_request_uri_make_host (const char *text)
{
  g_autoptr (GUri) uri = g_uri_parse (text, BTS_URI_FLAGS, NULL);
  const char *scheme = g_uri_get_scheme (uri);
  g_autofree char *host = g_ascii_strdown (g_uri_get_host (uri), -1);
  int port = g_uri_get_port (uri);

  return g_strdup_printf (strchr (host, ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d", scheme, host,
                          port > 0 ? port : get_default_port (scheme));
}
