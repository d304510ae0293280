/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/request-streams.h"

gboolean
bts_request_streams_has (GVariant *dictionary, const char *key)
{
  g_autoptr (GVariant) found = g_variant_lookup_value (dictionary, key, G_VARIANT_TYPE_VARDICT);
  gboolean value = FALSE;

  return found != NULL && g_variant_lookup (found, "is-stream", "b", &value) && value;
}

guint
bts_request_streams_count (GVariant *request)
{
  g_autoptr (GVariant) parts = g_variant_lookup_value (request, "parts", G_VARIANT_TYPE ("aa{sv}"));
  guint n_streams = 0;

  n_streams += bts_request_streams_has (request, "source-file") ? 1 : 0;
  n_streams += bts_request_streams_has (request, "body-file") ? 1 : 0;
  for (gsize i = 0; parts != NULL && i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);

      n_streams += bts_request_streams_has (part, "found") ? 1 : 0;
    }
  return n_streams;
}
