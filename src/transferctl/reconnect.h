/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "lib/background-transfer.h"

/* Has the bus start the service again when it is gone, for half a minute. */
typedef struct
{
  BgtManager *manager; /* (unowned) */
  void (*give_up) (gpointer user_data);
  gpointer user_data;
  gint64 lost_us; /* since when the service is gone; 0 while it is there */
  guint timer;
} BtsReconnect;

/* To be called when the manager's `connected` changes; returns what it is now. */
gboolean bts_reconnect_check (BtsReconnect *self);

void bts_reconnect_stop (BtsReconnect *self);
