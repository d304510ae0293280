/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "daemon/scheduler.h"
#include "tests/unit/fakes/clock-fake.h"
#include "tests/unit/fakes/launcher-fake.h"
#include "tests/unit/fakes/test-folder.h"

/* The daemon's inside without a bus: real model, store, pool, jobs and scheduler over a clock that
 * stands still and workers that do what the test says. */

typedef struct
{
  TestFolder *folder; /* (owned) */
  BtsLimits limits;
  BtsConditions conditions;
  uid_t uid;                 /* whose operations are added */
  BtsClockFake *clock;       /* (owned) */
  BtsLauncherFake *launcher; /* (owned) */
  BtsStore *store;           /* (owned) */
  BtsRegistry *registry;     /* (owned) */
  BtsGroups *groups;         /* (owned) */
  BtsWorkerPool *pool;       /* (owned) */
  BtsJobs *jobs;             /* (owned) */
  BtsScheduler *scheduler;   /* (owned) */
} DaemonFixture;

void daemon_fixture_set_up (DaemonFixture *self, gconstpointer data);
void daemon_fixture_tear_down (DaemonFixture *self, gconstpointer data);

/* A download that has not been started; lent, the registry has it. @key and @value, a text in
 * GVariant's form, are one more option. */
BtsOperation *daemon_fixture_add (DaemonFixture *self, const char *key, const char *value);
BtsOperation *daemon_fixture_add_started (DaemonFixture *self);
void daemon_fixture_start (DaemonFixture *self, BtsOperation *operation);

void daemon_fixture_assert_words (DaemonFixture *self, BtsOperation *operation, const char *words);
gboolean daemon_fixture_has_job (DaemonFixture *self, BtsOperation *operation);

/* Runs the loop until @condition; a minute without it fails the test. */
#define daemon_fixture_wait(condition)                                                             \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 wait_end = g_get_monotonic_time () + G_TIME_SPAN_MINUTE;                                \
    while (!(condition))                                                                           \
      {                                                                                            \
        daemon_fixture_turn ();                                                                    \
        g_assert_cmpint (g_get_monotonic_time (), <, wait_end);                                    \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

/* One turn of the loop, which waits a moment for threads and sockets where nothing is due. */
void daemon_fixture_turn (void);

/* Turns until nothing happens any more: for asserting that something does not happen. */
void daemon_fixture_settle (DaemonFixture *self);
