/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "model/data-plans.h"
#include "model/groups.h"
#include "store/state-files.h"
#include "store/store.h"

/* Everything that the service keeps over its own life: where it is kept, and the objects that it
 * was read into. */

typedef struct
{
  BtsStore *store;       /* (owned) */
  BtsStateFiles *files;  /* (owned) */
  BtsRegistry *registry; /* (owned) */
  BtsGroups *groups;     /* (owned) */
  BtsDataPlans *plans;   /* (owned) */
} BtsState;

void bts_state_clear (BtsState *self);

/* Takes @folder, which may be one service's only, and reads all that is in it; blocks. */
gboolean bts_state_load (BtsState *self, const char *folder, GError **error);
