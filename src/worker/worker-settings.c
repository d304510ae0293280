/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/worker-settings.h"

void
bts_worker_settings_init (BtsWorkerSettings *self)
{
  *self = (BtsWorkerSettings){
    .checkpoint_bytes = 32 * 1024 * 1024,
    .max_connections = 4,
    .max_spool_bytes = G_GUINT64_CONSTANT (4) << 30,
    .max_spool_bytes_per_application = G_GUINT64_CONSTANT (2) << 30,
  };
}

void
bts_worker_settings_read (BtsWorkerSettings *self, GVariant *settings)
{
  g_variant_lookup (settings, "checkpoint-bytes", "t", &self->checkpoint_bytes);
  g_variant_lookup (settings, "max-rate", "t", &self->max_rate);
  g_variant_lookup (settings, "max-connections-per-download", "u", &self->max_connections);
  g_variant_lookup (settings, "max-spool-bytes", "t", &self->max_spool_bytes);
  g_variant_lookup (settings, "max-spool-bytes-per-application", "t",
                    &self->max_spool_bytes_per_application);
}

gboolean
bts_worker_settings_is_rate_only (GVariant *settings)
{
  return g_variant_n_children (settings) == 1 && g_variant_lookup (settings, "max-rate", "t", NULL);
}

void
bts_worker_settings_read_transports (GVariant *settings, BtsHttpSettings *http, BtsFtpSettings *ftp)
{
  *http = (BtsHttpSettings){ .connect_timeout_seconds = 300,
                             .response_timeout_seconds = 120,
                             .allow_plain_http = TRUE };
  g_variant_lookup (settings, "connect-timeout", "u", &http->connect_timeout_seconds);
  g_variant_lookup (settings, "response-timeout", "u", &http->response_timeout_seconds);
  g_variant_lookup (settings, "tls-ca-file", "&s", &http->tls_ca_file);
  g_variant_lookup (settings, "allow-plain-http", "b", &http->allow_plain_http);
  if (http->tls_ca_file != NULL && http->tls_ca_file[0] == '\0')
    http->tls_ca_file = NULL;

  *ftp = (BtsFtpSettings){
    .connect_timeout_seconds = http->connect_timeout_seconds,
    .response_timeout_seconds = http->response_timeout_seconds,
    .tls_ca_file = http->tls_ca_file,
    .allow_plain = http->allow_plain_http,
  };
}
