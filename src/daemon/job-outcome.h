/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/job.h"

/* What the end of a try means for its operation: done, again later, paused, or over. */

/* Reads the keys of WorkerHost.Finished, which the worker may have got wrong. Returns the boot
 * time of the next try, 0 where there is none or where nothing but the network is waited for. */
gint64
bts_job_outcome_take_end (BtsOperation *operation, const BtsJobContext *context, GVariant *update);

/* The same of a job that only reads streams; there is no other try. */
void
bts_job_outcome_take_kept (BtsOperation *operation, const BtsJobContext *context, GVariant *update);

/* The same where the worker did not begin. */
gint64 bts_job_outcome_take_refusal (BtsOperation *operation,
                                     const BtsJobContext *context,
                                     const char *message);

/* The boot time of the next try that a server asked for in the life of another process; 0 where it
 * need not be waited for. */
gint64 bts_job_outcome_get_retry_at (BtsOperation *operation, const BtsJobContext *context);
