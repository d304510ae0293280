/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* A call of a worker that ends with G_IO_ERROR_TIMED_OUT where it is not answered in time. Time in
 * which this process stands still does not count: a machine that was paused, or that had no room in
 * memory, would else end workers whose answers have long been there. */

/* Consumes a floating @parameters. */
void bts_patient_call_async (GDBusConnection *worker,
                             const char *method,
                             GVariant *parameters,
                             const char *reply_type,
                             guint timeout_ms,
                             GUnixFDList *fds,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);

/* @fds (out) (optional) (nullable): what came with the reply. */
GVariant *bts_patient_call_finish (GDBusConnection *worker,
                                   GAsyncResult *result,
                                   GUnixFDList **fds,
                                   GError **error);
