/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One enum a set of words on the wire. `_to_string` never fails and lends a static string;
 * `_from_string` returns FALSE and leaves @value alone where @string is none of the words (or
 * NULL). A number that is none of the enum's is "". */

/**
 * BgtOperationKind:
 * @BGT_OPERATION_KIND_DOWNLOAD: to this machine, a #BgtDownload
 * @BGT_OPERATION_KIND_UPLOAD: from this machine, a #BgtUpload
 *
 * Which way an operation transfers.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_OPERATION_KIND_DOWNLOAD,
  BGT_OPERATION_KIND_UPLOAD,
} BgtOperationKind;

/**
 * BgtOperationStatus:
 * @BGT_OPERATION_STATUS_IDLE: `idle`: not started, or it waits for its turn
 * @BGT_OPERATION_STATUS_RUNNING: `running`: it moves, or is tried again after a failure
 * @BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION: `paused-by-application`: until it is resumed
 * @BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK: `paused-costed-network`: its cost policy forbids
 * the network there is
 * @BGT_OPERATION_STATUS_PAUSED_NO_NETWORK: `paused-no-network`: until there is a network
 * @BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR: `paused-recoverable-error`: an error that the
 * application is to mend, and then resume
 * @BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY: `paused-system-policy`: the battery, or the
 * machine going to sleep
 * @BGT_OPERATION_STATUS_COMPLETED: `completed`: all of it is there
 * @BGT_OPERATION_STATUS_CANCELED: `canceled`: it was given up
 * @BGT_OPERATION_STATUS_ERROR: `error`: it has failed; it can be resumed all the same
 *
 * How an operation is. The last three are final.
 *
 * Since: 1.0
 */
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

/**
 * BgtCostPolicy:
 * @BGT_COST_POLICY_DEFAULT: `default`: not while roaming, nor near the end of the data plan
 * @BGT_COST_POLICY_UNRESTRICTED_ONLY: `unrestricted-only`: only where traffic is not metered
 * @BGT_COST_POLICY_ALWAYS: `always`: on any, unless background data is restricted
 *
 * On which networks an operation may move.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_COST_POLICY_DEFAULT,
  BGT_COST_POLICY_UNRESTRICTED_ONLY,
  BGT_COST_POLICY_ALWAYS,
} BgtCostPolicy;

/**
 * BgtPriority:
 * @BGT_PRIORITY_LOW: `low`: waits while the battery saver is on
 * @BGT_PRIORITY_DEFAULT: `default`: as usual
 * @BGT_PRIORITY_HIGH: `high`: before others, and on a low battery too
 *
 * How urgent an operation is. Ordered, so that greater goes first.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_PRIORITY_LOW,
  BGT_PRIORITY_DEFAULT,
  BGT_PRIORITY_HIGH,
} BgtPriority;

/**
 * BgtOverwrite:
 * @BGT_OVERWRITE_FAIL: `fail`: it stays, and the operation is refused
 * @BGT_OVERWRITE_REPLACE: `replace`: it is replaced once the new file is whole
 * @BGT_OVERWRITE_UNIQUE: `unique`: it stays, and the new file gets another name
 *
 * What happens to an existing destination.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_OVERWRITE_FAIL,
  BGT_OVERWRITE_REPLACE,
  BGT_OVERWRITE_UNIQUE,
} BgtOverwrite;

/**
 * BgtConnectivity:
 * @BGT_CONNECTIVITY_UNKNOWN: `unknown`: nobody can say
 * @BGT_CONNECTIVITY_NONE: `none`: there is no network
 * @BGT_CONNECTIVITY_PORTAL: `portal`: a login page answers for everybody
 * @BGT_CONNECTIVITY_LIMITED: `limited`: not as far as the internet
 * @BGT_CONNECTIVITY_FULL: `full`: as far as the internet
 *
 * How far the network reaches.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_CONNECTIVITY_UNKNOWN,
  BGT_CONNECTIVITY_NONE,
  BGT_CONNECTIVITY_PORTAL,
  BGT_CONNECTIVITY_LIMITED,
  BGT_CONNECTIVITY_FULL,
} BgtConnectivity;

/**
 * BgtCostType:
 * @BGT_COST_TYPE_UNKNOWN: `unknown`: nobody can say
 * @BGT_COST_TYPE_UNRESTRICTED: `unrestricted`: nothing
 * @BGT_COST_TYPE_FIXED: `fixed`: nothing up to a limit
 * @BGT_COST_TYPE_VARIABLE: `variable`: by the byte
 *
 * What traffic costs.
 *
 * Since: 1.0
 */
typedef enum
{
  BGT_COST_TYPE_UNKNOWN,
  BGT_COST_TYPE_UNRESTRICTED,
  BGT_COST_TYPE_FIXED,
  BGT_COST_TYPE_VARIABLE,
} BgtCostType;

/**
 * BgtGroupBehavior:
 * @BGT_GROUP_BEHAVIOR_PARALLEL: `parallel`: together
 * @BGT_GROUP_BEHAVIOR_SERIALIZED: `serialized`: in the order in which they were started
 *
 * Whether the operations of a group run together or one after the other.
 *
 * Since: 1.0
 */
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
