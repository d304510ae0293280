/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* Ends a call that has changed its operation: waits until the worker obeys and the store holds
 * the change, tells clients, then answers with nothing. */
void bts_settle_and_return (BtsInvocation *call);
