/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/ftp-session.h"
#include "worker/transport/http-session.h"

/* What the daemon says in Configure; what it does not say stays as it was. */

typedef struct
{
  guint64 checkpoint_bytes;
  guint max_connections; /* of a download with random access */
  guint64 max_rate;      /* of all together, this worker's part of it; 0 without limit */
  guint64 max_spool_bytes;
  guint64 max_spool_bytes_per_application;
} BtsWorkerSettings;

void bts_worker_settings_init (BtsWorkerSettings *self);
void bts_worker_settings_read (BtsWorkerSettings *self, GVariant *settings);

/* Then everything else stays, also what is read by _read_transports. */
gboolean bts_worker_settings_is_rate_only (GVariant *settings);

/* What the transports want of them; strings are lent. */
void bts_worker_settings_read_transports (GVariant *settings,
                                          BtsHttpSettings *http,
                                          BtsFtpSettings *ftp);
