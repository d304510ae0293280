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

static const BtsInterface *const upload_interfaces[] = {
  &bts_operation_interface,
  &bts_upload_interface,
  &bts_properties_interface,
  NULL,
};

static const BtsInterface *const any_operation_interfaces[] = {
  &bts_operation_interface,
  &bts_download_interface,
  &bts_upload_interface,
  &bts_properties_interface,
  NULL,
};

const BtsInterface *const *
bts_interfaces_get_for (BtsOperation *operation)
{
  if (operation == NULL)
    return root_interfaces;
  if (bts_request_get_kind (bts_operation_get_request (operation)) == BGT_OPERATION_KIND_UPLOAD)
    return upload_interfaces;
  return download_interfaces;
}

const BtsInterface *const *
bts_interfaces_get_for_any_operation (void)
{
  return any_operation_interfaces;
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
