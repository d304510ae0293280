/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/worker-pool.h"

/* A job that does not stop, as where a file system does not answer, and that nobody waits for. */

/* Takes @link, which the job held, and releases it when the job has ended, which may be never.
 * Until then the worker stays: it may have to remove what the job has made. */
void bts_left_job_follow (BtsWorkerPool *pool, BtsWorkerLink *link, const char *guid);
