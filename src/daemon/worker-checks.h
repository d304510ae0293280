/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The calls of Worker.Check for files that have a path. Many that are made in one turn of the loop,
 * which is what the creation of many operations does, go out as few messages. */

typedef struct _BtsWorkerChecks BtsWorkerChecks;

BtsWorkerChecks *bts_worker_checks_new (GDBusConnection *connection);
void bts_worker_checks_free (BtsWorkerChecks *self);

/* Takes @task and returns it with what was found, an a{sv}, or the worker's error. Its source
 * object holds @self. */
void bts_worker_checks_add (BtsWorkerChecks *self, GVariant *request, GTask *task);
