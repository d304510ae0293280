/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Manager.SetDataPlan and Manager.RemoveDataPlan */
void bts_network_handle_set_data_plan (BtsInvocation *call, GVariant *parameters);
void bts_network_handle_remove_data_plan (BtsInvocation *call, GVariant *parameters);
