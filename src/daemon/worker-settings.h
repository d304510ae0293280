/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "daemon/known-servers.h"
#include "policy/limits.h"

/* What workers are configured with: a{sv} of Worker.Configure, floating. */

GVariant *bts_worker_settings_new (const BtsLimits *limits, BtsKnownServers *servers);

/* Nothing but the rate, which changes whenever users come and go. */
GVariant *bts_worker_settings_new_rate (guint64 max_rate);

/* A user's part of the machine's rate, who has @n_jobs of @n_all. */
guint64 bts_worker_settings_share_rate (const BtsLimits *limits, guint n_jobs, guint n_all);
