/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-changes.h"

GVariant *
bts_worker_changes_new (BtsRequest *request)
{
  static const char *const keys[] = { "server-credential", "proxy-credential" };
  g_auto (GVariantDict) changes = G_VARIANT_DICT_INIT (NULL);
  GVariant *headers = bts_request_lookup (request, "headers");

  g_variant_dict_insert (&changes, "max-rate", "t", bts_request_get_max_rate (request));
  g_variant_dict_insert_value (&changes, "headers",
                               headers != NULL ? headers : g_variant_new ("a{ss}", NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      GVariant *value = bts_request_lookup (request, keys[i]);

      if (value != NULL)
        g_variant_dict_insert_value (&changes, keys[i], value);
    }
  return g_variant_dict_end (&changes);
}
