/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/engine.h"
#include "common/clock.h"
#include "model/registry.h"
#include "policy/limits.h"
#include "store/store.h"

/* Forgets finished operations that nobody has acknowledged for FinishedOperationsDays: at once,
 * and once a day from then on. Where a user's operations leave little room for more, the oldest are
 * forgotten sooner, if they finished an hour ago. */

#define BTS_TYPE_RETENTION (bts_retention_get_type ())
G_DECLARE_FINAL_TYPE (BtsRetention, bts_retention, BTS, RETENTION, GObject)

BtsRetention *bts_retention_new (BtsRegistry *registry,
                                 BtsStore *store,
                                 BtsEngine *engine,
                                 BtsClock *clock,
                                 const BtsLimits *limits);
