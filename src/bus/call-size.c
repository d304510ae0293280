/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/call-size.h"

/* Takes what @value consists of from @n_left; FALSE where that is not enough. */
static gboolean
count (GVariant *value, guint *n_left)
{
  const GVariantType *type = g_variant_get_type (value);
  gsize n_children;

  if (*n_left == 0)
    return FALSE;
  --*n_left;
  if (!g_variant_is_container (value) || g_variant_type_equal (type, G_VARIANT_TYPE_BYTESTRING))
    return TRUE;

  n_children = g_variant_n_children (value);
  if (n_children > *n_left)
    return FALSE;
  if (g_variant_type_is_array (type) && g_variant_type_is_basic (g_variant_type_element (type)))
    {
      *n_left -= (guint) n_children;
      return TRUE;
    }
  for (gsize i = 0; i < n_children; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      if (!count (child, n_left))
        return FALSE;
    }

  return TRUE;
}

gboolean
bts_call_has_more_values (GVariant *body, guint maximum)
{
  return body != NULL && !count (body, &maximum);
}
