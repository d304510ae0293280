/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/engine.h"
#include "daemon/jobs.h"

/* BtsEngine over the workers. */

#define BTS_TYPE_WORKER_ENGINE (bts_worker_engine_get_type ())
G_DECLARE_FINAL_TYPE (BtsWorkerEngine, bts_worker_engine, BTS, WORKER_ENGINE, GObject)

BtsEngine *bts_worker_engine_new (BtsWorkerPool *pool, BtsJobs *jobs, BtsStore *store);
