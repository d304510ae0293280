/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "daemon/configuration.h"

/* The service as a whole: builds the objects and connects them, stops them in order, and says
 * when there is nothing left to do.
 *
 * Signal: stopped (int exit_status)   everything is saved; the process may end */

#define BTS_TYPE_DAEMON (bts_daemon_get_type ())
G_DECLARE_FINAL_TYPE (BtsDaemon, bts_daemon, BTS, DAEMON, GObject)

typedef struct
{
  gboolean is_session;
  const char *config_path;
  gboolean config_must_exist;
  const char *state_folder;
  gboolean has_idle_exit; /* overrides the configuration's */
  int idle_exit_seconds;
} BtsDaemonOptions;

/* Loads the configuration and what the store holds, and asks for the name on @connection. */
BtsDaemon *
bts_daemon_new (const BtsDaemonOptions *options, GDBusConnection *connection, GError **error);

/* Reads the configuration again; where it cannot be read the present one stays. */
void bts_daemon_reload (BtsDaemon *self);

/* Stops what runs, within 5 s; `stopped` follows. */
void bts_daemon_stop (BtsDaemon *self, int exit_status);
