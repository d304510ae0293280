/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* A worker's call that waits for its answer. The last reference that goes without one answers
 * that nobody wanted it. */
typedef struct _BtsWorkerReport BtsWorkerReport;

/* Of WorkerHost.Checkpoint or, where it @is_final, Finished. Takes @invocation. */
BtsWorkerReport *bts_worker_report_new (GDBusMethodInvocation *invocation, gboolean is_final);
BtsWorkerReport *bts_worker_report_ref (BtsWorkerReport *self);
void bts_worker_report_unref (BtsWorkerReport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWorkerReport, bts_worker_report_unref)

const char *bts_worker_report_get_guid (BtsWorkerReport *self);
GVariant *bts_worker_report_get_update (BtsWorkerReport *self); /* lent, a{sv} */

/* Leaves little of what it says: dictionaries and ranges only where they are small, the checkpoint
 * where it has @checkpoint_room. */
void bts_worker_report_cut (BtsWorkerReport *self, gsize checkpoint_room);
gboolean bts_worker_report_is_final (BtsWorkerReport *self);
void bts_worker_report_answer (BtsWorkerReport *self, const GError *error); /* NULL: taken */
