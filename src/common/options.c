/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/options.h"

#include <string.h>

#include "common/bgt-error.h"

static const BtsOptionRow *
find_row (const char *key, const BtsOptionRow *rows, gsize n_rows)
{
  for (gsize i = 0; i < n_rows; i++)
    if (strcmp (rows[i].key, key) == 0)
      return &rows[i];

  return NULL;
}

static gboolean
check_type (const BtsOptionRow *row, GVariant *value, GError **error)
{
  g_auto (GStrv) types = g_strsplit (row->type, "|", -1);
  g_autofree char *wanted = NULL;

  if (g_strv_contains ((const char *const *) types, g_variant_get_type_string (value)))
    return TRUE;

  wanted = g_strjoinv (" or ", types);
  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "option “%s” must be of type %s, not %s", row->key, wanted,
               g_variant_get_type_string (value));

  return FALSE;
}

/* The row's own check, with an error that names the option, whatever the check says. */
static gboolean
check_value (const BtsOptionRow *row, GVariant *value, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autofree char *quoted_key = NULL;

  if (row->check == NULL || row->check (value, &local_error))
    return TRUE;

  quoted_key = g_strdup_printf ("“%s”", row->key);
  if (strstr (local_error->message, quoted_key) == NULL)
    g_prefix_error (&local_error, "option %s: ", quoted_key);

  if (local_error->domain == BGT_ERROR)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, local_error->message);

  return FALSE;
}

gboolean
bts_options_check_one (
    const char *key, GVariant *value, const BtsOptionRow *rows, gsize n_rows, GError **error)
{
  const BtsOptionRow *row = find_row (key, rows, n_rows);

  if (row == NULL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "there is no option “%s” here",
                   key);
      return FALSE;
    }

  return check_type (row, value, error) && check_value (row, value, error);
}

gboolean
bts_options_check (GVariant *options, const BtsOptionRow *rows, gsize n_rows, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  if (!g_variant_is_of_type (options, G_VARIANT_TYPE_VARDICT))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "options must be of type a{sv}, not %s", g_variant_get_type_string (options));
      return FALSE;
    }

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) owned_value = value;

      if (!g_hash_table_add (seen, (gpointer) key))
        {
          g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "option “%s” is there twice",
                       key);
          return FALSE;
        }

      if (!bts_options_check_one (key, owned_value, rows, n_rows, error))
        return FALSE;
    }

  return TRUE;
}
