/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

/* How a worker comes to life as its user. Each launch yields a connected socket and an ID by which
 * the worker is known from then on. */

#define BTS_TYPE_WORKER_LAUNCHER (bts_worker_launcher_get_type ())
G_DECLARE_INTERFACE (BtsWorkerLauncher, bts_worker_launcher, BTS, WORKER_LAUNCHER, GObject)

struct _BtsWorkerLauncherInterface
{
  GTypeInterface parent;

  void (*launch_async) (BtsWorkerLauncher *self,
                        uid_t uid,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data);
  GSocketConnection *(*launch_finish) (BtsWorkerLauncher *self,
                                       GAsyncResult *result,
                                       guint *worker_id,
                                       GError **error);
  void (*stop) (BtsWorkerLauncher *self, guint worker_id);
};

/* Signal: exited (guint worker_id), once for every worker, after its launch has been finished.
 * From then on nothing of that worker touches a file any more. */

void bts_worker_launcher_launch_async (BtsWorkerLauncher *self,
                                       uid_t uid,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);

/* The daemon's end of the socket. NOT_SUPPORTED where this launcher cannot run anything as that
 * user. */
GSocketConnection *bts_worker_launcher_launch_finish (BtsWorkerLauncher *self,
                                                      GAsyncResult *result,
                                                      guint *worker_id,
                                                      GError **error);

/* Ends the worker at once, without asking it. Nothing happens where it has ended already. */
void bts_worker_launcher_stop (BtsWorkerLauncher *self, guint worker_id);

/* For implementations. */
void bts_worker_launcher_emit_exited (BtsWorkerLauncher *self, guint worker_id);
