/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Whether the caller may do what not everybody may. On the system bus polkit is asked; without it
 * only root may. In a session everybody may: it is their own service. The sandboxed never may.
 * Denied unless something says yes. */

/* @action is one of the BGT_ACTION_… names; @call stays the caller's. */
void bts_authority_check_async (BtsInvocation *call,
                                const char *action,
                                GAsyncReadyCallback callback,
                                gpointer user_data);

/* ACCESS_DENIED */
gboolean bts_authority_check_finish (GAsyncResult *result, GError **error);
