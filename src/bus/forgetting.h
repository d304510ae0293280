/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/engine.h"
#include "model/registry.h"
#include "store/store.h"

/* Forgets a finished operation: its files, its record, the object, in this order. Meanwhile nothing
 * can be done to it; where it fails, the operation is what it was. INVALID_STATE where it is not
 * finished. Of several at once each succeeds. */
void bts_forget_async (BtsRegistry *registry,
                       BtsStore *store,
                       BtsEngine *engine,
                       BtsOperation *operation,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
gboolean bts_forget_finish (GAsyncResult *result, GError **error);
