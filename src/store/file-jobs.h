/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <sys/types.h>

#include <glib.h>

/* What is to become of one file. */
typedef struct
{
  char *name;         /* (owned) */
  GBytes *text;       /* (owned) (nullable): NULL removes the file */
  guint64 version;    /* the caller's */
  uid_t uid;          /* whose it is, for who takes turns */
  gboolean is_joined; /* durable only together with the next one of that user */
  GError *error;      /* (owned) (nullable): why it failed */
} BtsFileJob;

/* Takes @text. */
BtsFileJob *bts_file_job_new (const char *name, GBytes *text, guint64 version);
void bts_file_job_free (BtsFileJob *self);

/* Does all of @jobs (element-type BtsFileJob), durably: all written, then all synced, then all
 * renamed or removed, then the folder synced once. Each says how it went. All are open at once, so
 * they should be no more than BTS_FILE_JOBS_MAX. */
#define BTS_FILE_JOBS_MAX 256
void bts_file_jobs_run (GPtrArray *jobs, int folder);
