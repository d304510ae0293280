/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* What is configured, all in one value; the keys are in data/background-transfer.conf. A limit on
 * what runs at once (max_active…) that is 0 is none. */
typedef struct
{
  guint max_active;
  guint max_active_per_user;
  guint max_active_per_application;
  guint max_active_per_host;
  guint max_operations_per_application;
  guint max_operations_per_user;
  guint connect_timeout_seconds;
  guint response_timeout_seconds;
  guint max_retries;
  guint retry_delay_seconds;
  guint max_connections_per_download;
  guint64 checkpoint_bytes;
  guint64 max_rate; /* bytes per second, 0 without limit */
  guint64 max_spool_bytes_per_user;
  guint64 max_spool_bytes_per_application;

  guint finished_operations_days;

  guint low_battery_percent;
  gboolean pause_on_battery_saver;

  gboolean require_connectivity;

  gboolean allow_plain_http;
  char *tls_ca_file; /* (owned by the configuration) (nullable) */
} BtsLimits;
