/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "bus/engine.h"
#include "common/clock.h"
#include "model/data-plans.h"
#include "model/groups.h"
#include "policy/conditions.h"
#include "policy/limits.h"
#include "store/state-files.h"
#include "store/store.h"

/* What the bus layer works on. The service refers to the objects; @limits and @conditions stay
 * the daemon's, must outlive the service, and may change at any time. */
typedef struct
{
  GDBusConnection *connection;
  gboolean is_session; /* the session bus: signals are broadcast */
  BtsRegistry *registry;
  BtsGroups *groups;
  BtsStore *store;
  BtsStateFiles *files;
  BtsDataPlans *plans;
  BtsEngine *engine;
  BtsClock *clock;
  const BtsLimits *limits;
  const BtsConditions *conditions;
} BtsServiceContext;

/* The objects on the bus. Signals
 *   name-acquired ()
 *   name-lost ()       also where the name could not be had, or the connection closed
 *   activity ()        a call came, or _is_idle may have changed */

#define BTS_TYPE_SERVICE (bts_service_get_type ())
G_DECLARE_FINAL_TYPE (BtsService, bts_service, BTS, SERVICE, GObject)

/* Exports the objects. */
BtsService *bts_service_new (const BtsServiceContext *context);

/* Asks for the well-known name; to be called once the registry holds what the store had. */
void bts_service_own_name (BtsService *self);

/* The conditions are others now: clients are told. */
void bts_service_take_conditions (BtsService *self);

/* TRUE while no call is under way and no connection that still exists has attached itself to an
 * unfinished operation. */
gboolean bts_service_is_idle (BtsService *self);

/* Takes the objects off the bus and gives the name back. Answers to calls still go out. */
void bts_service_stop (BtsService *self);
