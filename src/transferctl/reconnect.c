/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/reconnect.h"

#define INTERVAL_MS 1000
#define PATIENCE_US (30 * G_TIME_SPAN_SECOND)

static gboolean
on_timer (gpointer user_data)
{
  BtsReconnect *self = user_data;

  /* To a bus that is gone there is no way back. */
  if (g_dbus_connection_is_closed (bgt_manager_get_connection (self->manager)) ||
      g_get_monotonic_time () - self->lost_us > PATIENCE_US)
    {
      self->timer = 0;
      self->give_up (self->user_data);
      return G_SOURCE_REMOVE;
    }
  /* Whether that works shows in the manager being connected. */
  bgt_manager_activate_async (self->manager, NULL, NULL, NULL);
  return G_SOURCE_CONTINUE;
}

gboolean
bts_reconnect_check (BtsReconnect *self)
{
  bts_reconnect_stop (self);
  if (bgt_manager_is_connected (self->manager))
    {
      self->lost_us = 0;
      return TRUE;
    }
  self->lost_us = g_get_monotonic_time ();
  self->timer = g_timeout_add (INTERVAL_MS, on_timer, self);
  bgt_manager_activate_async (self->manager, NULL, NULL, NULL);
  return FALSE;
}

void
bts_reconnect_stop (BtsReconnect *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
}
