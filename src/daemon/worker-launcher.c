/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/worker-launcher.h"

G_DEFINE_INTERFACE (BtsWorkerLauncher, bts_worker_launcher, G_TYPE_OBJECT)

static guint exited_signal;

static void
bts_worker_launcher_default_init (BtsWorkerLauncherInterface *iface)
{
  exited_signal = g_signal_new ("exited", BTS_TYPE_WORKER_LAUNCHER, G_SIGNAL_RUN_LAST, 0, NULL,
                                NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
}

void
bts_worker_launcher_launch_async (BtsWorkerLauncher *self,
                                  uid_t uid,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  BTS_WORKER_LAUNCHER_GET_IFACE (self)->launch_async (self, uid, cancellable, callback, user_data);
}

GSocketConnection *
bts_worker_launcher_launch_finish (BtsWorkerLauncher *self,
                                   GAsyncResult *result,
                                   guint *worker_id,
                                   GError **error)
{
  return BTS_WORKER_LAUNCHER_GET_IFACE (self)->launch_finish (self, result, worker_id, error);
}

void
bts_worker_launcher_stop (BtsWorkerLauncher *self, guint worker_id)
{
  BTS_WORKER_LAUNCHER_GET_IFACE (self)->stop (self, worker_id);
}

void
bts_worker_launcher_emit_exited (BtsWorkerLauncher *self, guint worker_id)
{
  g_signal_emit (self, exited_signal, 0, worker_id);
}
