/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "store/file-jobs.h"

/* Jobs that are joined are made over several turns of the main loop, in which those of other users
 * are made, too. They come to the writer together. */

/* (element-type uid_t GPtrArray): of BtsFileJob, to which the next one of that user belongs */
GHashTable *bts_joined_jobs_new (void);

/* Takes @job: to @whole, together with those that were joined to it, or where it waits for more. */
void bts_joined_jobs_add (GHashTable *self, GPtrArray *whole, BtsFileJob *job);
