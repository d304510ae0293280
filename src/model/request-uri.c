/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/request-uri.h"

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
bts_request_uri_split (const char *text, GVariant **stripped, GVariant **credential)
{
  g_autoptr (GUri) uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  g_autofree char *rest = NULL;
  const char *password = NULL;

  if (uri == NULL || g_uri_get_user (uri) == NULL)
    return FALSE;
  rest = strip (text);
  if (rest == NULL)
    return FALSE;
  password = g_uri_get_password (uri);
  *stripped = g_variant_ref_sink (g_variant_new_string (rest));
  *credential = g_variant_ref_sink (
      g_variant_new ("(ss)", g_uri_get_user (uri), password != NULL ? password : ""));
  return TRUE;
}

gboolean
bts_request_uri_is_ftp (const char *text)
{
  return g_ascii_strncasecmp (text, "ftp:", 4) == 0 || g_ascii_strncasecmp (text, "ftps:", 5) == 0;
}
