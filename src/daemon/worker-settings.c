/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-settings.h"

GVariant *
bts_worker_settings_new (const BtsLimits *limits, BtsKnownServers *servers)
{
  g_auto (GVariantDict) settings = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&settings, "connect-timeout", "u", limits->connect_timeout_seconds);
  g_variant_dict_insert (&settings, "response-timeout", "u", limits->response_timeout_seconds);
  g_variant_dict_insert (&settings, "checkpoint-bytes", "t", limits->checkpoint_bytes);
  g_variant_dict_insert (&settings, "max-rate", "t", limits->max_rate);
  g_variant_dict_insert (&settings, "max-spool-bytes", "t", limits->max_spool_bytes_per_user);
  g_variant_dict_insert (&settings, "max-spool-bytes-per-application", "t",
                         limits->max_spool_bytes_per_application);
  g_variant_dict_insert (&settings, "max-connections-per-download", "u",
                         limits->max_connections_per_download);
  g_variant_dict_insert (&settings, "tls-ca-file", "s",
                         limits->tls_ca_file != NULL ? limits->tls_ca_file : "");
  g_variant_dict_insert (&settings, "allow-plain-http", "b", limits->allow_plain_http);
  g_variant_dict_insert_value (&settings, "upload-protocols", bts_known_servers_build (servers));
  return g_variant_dict_end (&settings);
}

GVariant *
bts_worker_settings_new_rate (guint64 max_rate)
{
  g_auto (GVariantDict) settings = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&settings, "max-rate", "t", max_rate);
  return g_variant_dict_end (&settings);
}

guint64
bts_worker_settings_share_rate (const BtsLimits *limits, guint n_jobs, guint n_all)
{
  if (limits->max_rate == 0 || n_all == 0)
    return limits->max_rate;
  return MAX ((guint64) ((double) limits->max_rate * n_jobs / n_all), 1);
}
