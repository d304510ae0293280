/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/metadata.h"

#include <string.h>

#include "common/bgt-error.h"

/* A message has 64 levels at most. What is given back is within more of them than what came, and a
 * bus ends the connection of who sends it more. */
#define MAX_METADATA_DEPTH 32

gboolean
bts_variant_has_handle (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_HANDLE))
    return TRUE;

  /* Most types say that there cannot be one. */
  if (strpbrk (g_variant_get_type_string (value), "hv") == NULL)
    return FALSE;

  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (bts_variant_has_handle (child))
        return TRUE;
    }

  return FALSE;
}

static guint
get_type_depth (const GVariantType *type)
{
  guint deepest = 0;

  if (g_variant_type_is_array (type) || g_variant_type_is_maybe (type))
    return 1 + get_type_depth (g_variant_type_element (type));
  if (!g_variant_type_is_container (type))
    return 0;

  /* A tuple or a pair, or a variant, which has no items. */
  if (!g_variant_type_is_variant (type))
    for (const GVariantType *item = g_variant_type_first (type); item != NULL;
         item = g_variant_type_next (item))
      deepest = MAX (deepest, get_type_depth (item));

  return 1 + deepest;
}

/* Whether @value has at most @max_depth containers within each other. */
static gboolean
is_shallow (GVariant *value, guint max_depth)
{
  if (get_type_depth (g_variant_get_type (value)) > max_depth)
    return FALSE;

  /* Only in variants there can be more than the type says. */
  if (strchr (g_variant_get_type_string (value), 'v') == NULL)
    return TRUE;

  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!is_shallow (child, max_depth - 1))
        return FALSE;
    }

  return TRUE;
}

gboolean
bts_check_metadata (GVariant *value, GError **error)
{
  if (!is_shallow (value, MAX_METADATA_DEPTH))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "values can be within each other %d deep at most", MAX_METADATA_DEPTH);
      return FALSE;
    }
  if (bts_variant_has_handle (value))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "descriptors cannot be kept, only values");
      return FALSE;
    }

  return TRUE;
}
