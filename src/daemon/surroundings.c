/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/surroundings.h"

#include "monitor/modem.h"
#include "monitor/network-gio.h"
#include "monitor/network-nm.h"
#include "monitor/power-saver.h"
#include "monitor/power-upower.h"

static void
take_monitor (BtsSurroundings *self, BtsMonitor *monitor)
{
  bts_conditions_source_add_monitor (self->source, monitor);
  g_object_unref (monitor);
}

BtsSurroundings *
bts_surroundings_new (BtsClock *clock,
                      const BtsLimits *limits,
                      BtsDataPlans *plans,
                      BtsStateFiles *files)
{
  BtsSurroundings *self = g_new0 (BtsSurroundings, 1);
  g_autoptr (BtsMonitor) routes = bts_network_gio_new ();

  self->source = bts_conditions_source_new (clock, limits);
  self->sleep = BTS_SLEEP (bts_sleep_new ());
  take_monitor (self, bts_network_nm_new (routes));
  take_monitor (self, bts_modem_new ());
  take_monitor (self, bts_power_upower_new ());
  take_monitor (self, bts_power_saver_new ());
  take_monitor (self, BTS_MONITOR (g_object_ref (self->sleep)));
  self->accounting = bts_accounting_new (plans, files, clock);
  take_monitor (self, BTS_MONITOR (g_object_ref (self->accounting)));
  return self;
}

void
bts_surroundings_free (BtsSurroundings *self)
{
  g_clear_object (&self->source);
  g_clear_object (&self->accounting);
  g_clear_object (&self->sleep);
  g_free (self);
}

void
bts_surroundings_update (BtsSurroundings *self, BtsJobs *jobs)
{
  const BtsConditions *conditions = bts_conditions_source_get (self->source);

  bts_accounting_update (self->accounting, conditions);
  /* Nothing begins any more while it is so. */
  if (conditions->is_suspending && bts_jobs_are_at_rest (jobs))
    bts_sleep_let (self->sleep);
}
