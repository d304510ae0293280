/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>

/* The calls of Worker.Check. Many without descriptors that are made in one turn of the loop, which
 * is what the creation of many operations does, go out as few messages. */

/* How long a worker may take to answer: less than the 25 s that callers on the bus wait, who shall
 * learn why. */
#define BTS_WORKER_TIMEOUT_MS (20 * 1000)

typedef struct _BtsWorkerChecks BtsWorkerChecks;

BtsWorkerChecks *bts_worker_checks_new (GDBusConnection *connection);
void bts_worker_checks_free (BtsWorkerChecks *self);

/* Takes @task and returns it with what was found, an a{sv}, or the worker's error. Its source
 * object holds @self. @handles, an `ah`, is consumed where it floats; what it names is in @fds. */
void bts_worker_checks_add (
    BtsWorkerChecks *self, GVariant *request, GVariant *handles, GUnixFDList *fds, GTask *task);
