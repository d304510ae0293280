/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/byte-ranges.h"
#include "daemon/worker-link.h"
#include "daemon/worker-pool.h"
#include "model/request.h"

/* What the worker of a job that runs is told of its operation's changes: one call at a time, so
 * that one who changes it faster than the worker answers, or not at all, fills no memory. What is
 * changed meanwhile is told together. */
typedef struct _BtsJobUpdates BtsJobUpdates;

/* @request: what the worker has been started with. A worker that does not answer is killed. */
BtsJobUpdates *bts_job_updates_new (BtsWorkerPool *pool,
                                    BtsWorkerLink *link,
                                    const char *guid,
                                    BtsRequest *request);

/* Nothing more is told. */
void bts_job_updates_end (BtsJobUpdates *self);

void bts_job_updates_take_request (BtsJobUpdates *self, BtsRequest *request);
void bts_job_updates_add_range (BtsJobUpdates *self, BtsByteRange range);
