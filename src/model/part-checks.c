/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/part-checks.h"

#include <string.h>

#include "common/bgt-error.h"
#include "common/options.h"
#include "model/request-checks.h"

static gboolean
check_content_type (GVariant *value, GError **error)
{
  const char *text = g_variant_get_string (value, NULL);

  for (const char *c = text; *c != '\0'; c++)
    {
      if (g_ascii_iscntrl (*c) || *c == '"')
        break;
      if (c[1] == '\0' && strchr (text, '/') != NULL)
        return TRUE;
    }
  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "must be a media type");
  return FALSE;
}

static const BtsOptionRow rows[] = {
  { "name", "s" },
  { "filename", "s" },
  { "content-type", "s", check_content_type },
  { "headers", "a{ss}", bts_check_headers },
  { "text", "s" },
  { "file", "s", bts_check_path },
  { "found", "a{sv}", bts_check_found_file },
};

static const char *const contents[] = { "text", "file", "found" };

static gboolean
has (GVariant *part, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (part, key, NULL);

  return value != NULL;
}

static gboolean
check_part (GVariant *part, GError **error)
{
  guint n_contents = 0;

  if (!bts_options_check (part, rows, G_N_ELEMENTS (rows), error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (contents); i++)
    n_contents += has (part, contents[i]) ? 1 : 0;
  if (has (part, "name") && n_contents == 1)
    return TRUE;

  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       "a part has a name, and exactly one of text, file and fd");
  return FALSE;
}

gboolean
bts_check_parts (GVariant *value, GError **error)
{
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (value, i);

      if (!check_part (part, error))
        {
          g_prefix_error (error, "part %" G_GSIZE_FORMAT ": ", i);
          return FALSE;
        }
    }
  if (g_variant_n_children (value) > 0)
    return TRUE;

  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "must have at least one part");
  return FALSE;
}

gboolean
bts_parts_have_path (GVariant *parts)
{
  for (gsize i = 0; i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);

      if (has (part, "file"))
        return TRUE;
    }
  return FALSE;
}

gboolean
bts_found_file_is_stream (GVariant *found)
{
  gboolean is_stream = FALSE;

  return found != NULL && g_variant_lookup (found, "is-stream", "b", &is_stream) && is_stream;
}

gboolean
bts_parts_have_stream (GVariant *parts)
{
  for (gsize i = 0; parts != NULL && i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
      g_autoptr (GVariant) found = g_variant_lookup_value (part, "found", G_VARIANT_TYPE_VARDICT);

      if (bts_found_file_is_stream (found))
        return TRUE;
    }
  return FALSE;
}
