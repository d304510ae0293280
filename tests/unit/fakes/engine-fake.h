/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/engine.h"
#include "common/clock.h"
#include "store/store.h"

/* An engine without workers: finds what it is told to find, obeys at once, and saves. */

#define BTS_TYPE_ENGINE_FAKE (bts_engine_fake_get_type ())
G_DECLARE_FINAL_TYPE (BtsEngineFake, bts_engine_fake, BTS, ENGINE_FAKE, GObject)

BtsEngineFake *bts_engine_fake_new (BtsStore *store, BtsClock *clock);

/* What a check finds for a request with @destination: this error, from now on. */
void bts_engine_fake_refuse (BtsEngineFake *self, const char *destination, int error_code);

/* What a check finds, an a{sv}, from now on. */
void bts_engine_fake_set_found (BtsEngineFake *self, GVariant *found);

/* How often each was called. */
guint bts_engine_fake_get_n_checks (BtsEngineFake *self);
guint bts_engine_fake_get_n_forgotten (BtsEngineFake *self);
