/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/headers.h"

GVariant *
bts_headers_with (GVariant *headers, const char *name, const char *value)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{ss}"));
  GVariantIter iter;
  const char *other;
  const char *text;

  if (headers == NULL && value == NULL)
    return NULL;
  if (headers != NULL)
    {
      g_variant_iter_init (&iter, headers);
      while (g_variant_iter_next (&iter, "{&s&s}", &other, &text))
        if (g_ascii_strcasecmp (other, name) != 0)
          g_variant_builder_add (&builder, "{ss}", other, text);
    }
  if (value != NULL)
    g_variant_builder_add (&builder, "{ss}", name, value);
  return g_variant_builder_end (&builder);
}
