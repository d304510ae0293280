/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* One line an interface, and one file each with its rows and handlers. */

extern const BtsInterface bts_manager_interface;
extern const BtsInterface bts_operation_interface;
extern const BtsInterface bts_download_interface;
extern const BtsInterface bts_upload_interface;
extern const BtsInterface bts_group_interface;
extern const BtsInterface bts_network_interface;
extern const BtsInterface bts_power_interface;
extern const BtsInterface bts_properties_interface;
extern const BtsInterface bts_object_manager_interface;

/* The interfaces of an object, NULL-terminated: of an operation, or of the root where NULL. Those
 * with properties come first. */
const BtsInterface *const *bts_interfaces_get_for (BtsOperation *operation);

const BtsInterface *const *bts_interfaces_get_for_group (void);

/* Those of the object that @call is about. */
const BtsInterface *const *bts_interfaces_get_for_call (BtsInvocation *call);

/* The interfaces of @group with their properties, a{sa{sv}}; floating. */
GVariant *bts_group_describe (const BtsBus *bus, BtsGroup *group);

/* Everything that any operation may have: what is introspected before it is known which one. */
const BtsInterface *const *bts_interfaces_get_for_any_operation (void);
