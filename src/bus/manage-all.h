/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Manager.ManageAll: lets an authorised connection see what all users own. A connection has to ask
 * for it, root's too, so that nobody cancels everybody's transfers by accident. */
void bts_manage_all_handle (BtsInvocation *call, GVariant *parameters);
