/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "common/clock.h"
#include "model/data-plans.h"
#include "monitor/conditions-source.h"
#include "store/state-files.h"

/* Counts what goes over the connection in use into its data plan, begins new periods, keeps it all
 * in the store, and says as a monitor what it means for transfers. */

#define BTS_TYPE_ACCOUNTING (bts_accounting_get_type ())
G_DECLARE_FINAL_TYPE (BtsAccounting, bts_accounting, BTS, ACCOUNTING, GObject)

/* @plans are as the store has them. It has to be the last of the monitors. */
BtsAccounting *bts_accounting_new (BtsDataPlans *plans, BtsStateFiles *files, BtsClock *clock);

/* The connection in use is another, or its device. */
void bts_accounting_update (BtsAccounting *self, const BtsConditions *conditions);

/* Saves what has not been yet; for a clean exit. */
void bts_accounting_save (BtsAccounting *self);
