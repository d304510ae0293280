/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One enum a set of words on the wire. `_to_string` never fails and lends a static string;
 * `_from_string` returns FALSE and leaves @value alone where @string is none of the words (or
 * NULL). A number that is none of the enum's is "". */

/** BgtOperationKind: */
typedef enum
{
  BGT_OPERATION_KIND_DOWNLOAD,
  BGT_OPERATION_KIND_UPLOAD,
} BgtOperationKind;

/** BgtOperationStatus: `idle`, `running`, `paused-…`, and the final three */
typedef enum
{
  BGT_OPERATION_STATUS_IDLE,
  BGT_OPERATION_STATUS_RUNNING,
  BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION,
  BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK,
  BGT_OPERATION_STATUS_PAUSED_NO_NETWORK,
  BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR,
  BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY,
  BGT_OPERATION_STATUS_COMPLETED,
  BGT_OPERATION_STATUS_CANCELED,
  BGT_OPERATION_STATUS_ERROR,
} BgtOperationStatus;

/** BgtCostPolicy: on which networks an operation may move */
typedef enum
{
  BGT_COST_POLICY_DEFAULT,
  BGT_COST_POLICY_UNRESTRICTED_ONLY,
  BGT_COST_POLICY_ALWAYS,
} BgtCostPolicy;

/** BgtPriority: ordered, so that greater goes first */
typedef enum
{
  BGT_PRIORITY_LOW,
  BGT_PRIORITY_DEFAULT,
  BGT_PRIORITY_HIGH,
} BgtPriority;

/** BgtOverwrite: what happens to an existing destination */
typedef enum
{
  BGT_OVERWRITE_FAIL,
  BGT_OVERWRITE_REPLACE,
  BGT_OVERWRITE_UNIQUE,
} BgtOverwrite;

/** BgtConnectivity: */
typedef enum
{
  BGT_CONNECTIVITY_UNKNOWN,
  BGT_CONNECTIVITY_NONE,
  BGT_CONNECTIVITY_PORTAL,
  BGT_CONNECTIVITY_LIMITED,
  BGT_CONNECTIVITY_FULL,
} BgtConnectivity;

/** BgtCostType: */
typedef enum
{
  BGT_COST_TYPE_UNKNOWN,
  BGT_COST_TYPE_UNRESTRICTED,
  BGT_COST_TYPE_FIXED,
  BGT_COST_TYPE_VARIABLE,
} BgtCostType;

/** BgtGroupBehavior: whether the operations of a group run together or one after the other */
typedef enum
{
  BGT_GROUP_BEHAVIOR_PARALLEL,
  BGT_GROUP_BEHAVIOR_SERIALIZED,
} BgtGroupBehavior;

const char *bgt_operation_kind_to_string (BgtOperationKind value);
gboolean bgt_operation_kind_from_string (const char *string, BgtOperationKind *value);

const char *bgt_operation_status_to_string (BgtOperationStatus value);
gboolean bgt_operation_status_from_string (const char *string, BgtOperationStatus *value);
gboolean bgt_operation_status_is_final (BgtOperationStatus status);

const char *bgt_cost_policy_to_string (BgtCostPolicy value);
gboolean bgt_cost_policy_from_string (const char *string, BgtCostPolicy *value);

const char *bgt_priority_to_string (BgtPriority value);
gboolean bgt_priority_from_string (const char *string, BgtPriority *value);

const char *bgt_overwrite_to_string (BgtOverwrite value);
gboolean bgt_overwrite_from_string (const char *string, BgtOverwrite *value);

const char *bgt_connectivity_to_string (BgtConnectivity value);
gboolean bgt_connectivity_from_string (const char *string, BgtConnectivity *value);

const char *bgt_cost_type_to_string (BgtCostType value);
gboolean bgt_cost_type_from_string (const char *string, BgtCostType *value);

const char *bgt_group_behavior_to_string (BgtGroupBehavior value);
gboolean bgt_group_behavior_from_string (const char *string, BgtGroupBehavior *value);

G_END_DECLS
