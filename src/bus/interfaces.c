/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/interfaces.h"

static const BtsInterface *const root_interfaces[] = {
  &bts_manager_interface,    &bts_network_interface,        &bts_power_interface,
  &bts_properties_interface, &bts_object_manager_interface, NULL,
};

static const BtsInterface *const group_interfaces[] = {
  &bts_group_interface,
  &bts_properties_interface,
  NULL,
};

static const BtsInterface *const download_interfaces[] = {
  &bts_operation_interface,
  &bts_download_interface,
  &bts_properties_interface,
  NULL,
};

const BtsInterface *const *
bts_interfaces_get_for (BtsOperation *operation)
{
  return operation != NULL ? download_interfaces : root_interfaces;
}

const BtsInterface *const *
bts_interfaces_get_for_any_operation (void)
{
  return download_interfaces;
}

const BtsInterface *const *
bts_interfaces_get_for_group (void)
{
  return group_interfaces;
}

const BtsInterface *const *
bts_interfaces_get_for_call (BtsInvocation *call)
{
  return call->group != NULL ? group_interfaces : bts_interfaces_get_for (call->operation);
}
