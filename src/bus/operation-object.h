/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* An operation as the object manager shows it. */

/* The interfaces of @operation with their properties, a{sa{sv}}; floating. */
GVariant *
bts_operation_object_describe (const BtsBus *bus, BtsOperation *operation, BtsViewpoint viewpoint);

/* Tells clients that @operation has come or gone. */
void bts_operation_object_emit_added (BtsBus *bus, BtsOperation *operation);
void bts_operation_object_emit_removed (BtsBus *bus, BtsOperation *operation);
