/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* What of groups is called on other objects than theirs. */

/* Manager.CreateGroup */
void bts_group_handle_create (BtsInvocation *call, GVariant *parameters);

/* Operation.MakeCurrentInTransferGroup */
void bts_group_handle_make_current (BtsInvocation *call, GVariant *parameters);
