/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "common/bgt-enums.h"

static const char *const operation_kind_words[] = {
  [BGT_OPERATION_KIND_DOWNLOAD] = "download",
  [BGT_OPERATION_KIND_UPLOAD] = "upload",
};

static const char *const operation_status_words[] = {
  [BGT_OPERATION_STATUS_IDLE] = "idle",
  [BGT_OPERATION_STATUS_RUNNING] = "running",
  [BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION] = "paused-by-application",
  [BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK] = "paused-costed-network",
  [BGT_OPERATION_STATUS_PAUSED_NO_NETWORK] = "paused-no-network",
  [BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR] = "paused-recoverable-error",
  [BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY] = "paused-system-policy",
  [BGT_OPERATION_STATUS_COMPLETED] = "completed",
  [BGT_OPERATION_STATUS_CANCELED] = "canceled",
  [BGT_OPERATION_STATUS_ERROR] = "error",
};

static const char *const cost_policy_words[] = {
  [BGT_COST_POLICY_DEFAULT] = "default",
  [BGT_COST_POLICY_UNRESTRICTED_ONLY] = "unrestricted-only",
  [BGT_COST_POLICY_ALWAYS] = "always",
};

static const char *const priority_words[] = {
  [BGT_PRIORITY_LOW] = "low",
  [BGT_PRIORITY_DEFAULT] = "default",
  [BGT_PRIORITY_HIGH] = "high",
};

static const char *const overwrite_words[] = {
  [BGT_OVERWRITE_FAIL] = "fail",
  [BGT_OVERWRITE_REPLACE] = "replace",
  [BGT_OVERWRITE_UNIQUE] = "unique",
};

static const char *const connectivity_words[] = {
  [BGT_CONNECTIVITY_UNKNOWN] = "unknown", [BGT_CONNECTIVITY_NONE] = "none",
  [BGT_CONNECTIVITY_PORTAL] = "portal",   [BGT_CONNECTIVITY_LIMITED] = "limited",
  [BGT_CONNECTIVITY_FULL] = "full",
};

static const char *const cost_type_words[] = {
  [BGT_COST_TYPE_UNKNOWN] = "unknown",
  [BGT_COST_TYPE_UNRESTRICTED] = "unrestricted",
  [BGT_COST_TYPE_FIXED] = "fixed",
  [BGT_COST_TYPE_VARIABLE] = "variable",
};

static const char *const group_behavior_words[] = {
  [BGT_GROUP_BEHAVIOR_PARALLEL] = "parallel",
  [BGT_GROUP_BEHAVIOR_SERIALIZED] = "serialized",
};

/* "" for a number that is none of the enum's: the caller has made it up. */
static const char *
get_word (const char *const *words, gsize n_words, guint value)
{
  return value < n_words ? words[value] : "";
}

static gboolean
find_word (const char *const *words, gsize n_words, const char *string, guint *value)
{
  for (gsize i = 0; i < n_words; i++)
    if (g_strcmp0 (words[i], string) == 0)
      {
        *value = (guint) i;
        return TRUE;
      }

  return FALSE;
}

#define DEFINE_WORDS(Type, name)                                                                   \
  const char *bgt_##name##_to_string (Type value)                                                  \
  {                                                                                                \
    return get_word (name##_words, G_N_ELEMENTS (name##_words), (guint) value);                    \
  }                                                                                                \
                                                                                                   \
  gboolean bgt_##name##_from_string (const char *string, Type *value)                              \
  {                                                                                                \
    guint found;                                                                                   \
                                                                                                   \
    if (!find_word (name##_words, G_N_ELEMENTS (name##_words), string, &found))                    \
      return FALSE;                                                                                \
                                                                                                   \
    *value = (Type) found;                                                                         \
    return TRUE;                                                                                   \
  }

/**
 * bgt_operation_kind_to_string:
 * @value: a kind of operation
 *
 * Returns: its word on the bus; empty for a number that is no #BgtOperationKind
 * Since: 1.0
 */

/**
 * bgt_operation_kind_from_string:
 * @string: (nullable): a word
 * @value: (out): the kind of operation of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtOperationKind, operation_kind)

/**
 * bgt_operation_status_to_string:
 * @value: a status
 *
 * Returns: its word on the bus; empty for a number that is no #BgtOperationStatus
 * Since: 1.0
 */

/**
 * bgt_operation_status_from_string:
 * @string: (nullable): a word
 * @value: (out): the status of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtOperationStatus, operation_status)

/**
 * bgt_cost_policy_to_string:
 * @value: a cost policy
 *
 * Returns: its word on the bus; empty for a number that is no #BgtCostPolicy
 * Since: 1.0
 */

/**
 * bgt_cost_policy_from_string:
 * @string: (nullable): a word
 * @value: (out): the cost policy of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtCostPolicy, cost_policy)

/**
 * bgt_priority_to_string:
 * @value: a priority
 *
 * Returns: its word on the bus; empty for a number that is no #BgtPriority
 * Since: 1.0
 */

/**
 * bgt_priority_from_string:
 * @string: (nullable): a word
 * @value: (out): the priority of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtPriority, priority)

/**
 * bgt_overwrite_to_string:
 * @value: a way to treat an existing destination
 *
 * Returns: its word on the bus; empty for a number that is no #BgtOverwrite
 * Since: 1.0
 */

/**
 * bgt_overwrite_from_string:
 * @string: (nullable): a word
 * @value: (out): the way to treat an existing destination of that name; left alone where there is
 * none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtOverwrite, overwrite)

/**
 * bgt_connectivity_to_string:
 * @value: a connectivity
 *
 * Returns: its word on the bus; empty for a number that is no #BgtConnectivity
 * Since: 1.0
 */

/**
 * bgt_connectivity_from_string:
 * @string: (nullable): a word
 * @value: (out): the connectivity of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtConnectivity, connectivity)

/**
 * bgt_cost_type_to_string:
 * @value: a cost type
 *
 * Returns: its word on the bus; empty for a number that is no #BgtCostType
 * Since: 1.0
 */

/**
 * bgt_cost_type_from_string:
 * @string: (nullable): a word
 * @value: (out): the cost type of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtCostType, cost_type)

/**
 * bgt_group_behavior_to_string:
 * @value: a behavior
 *
 * Returns: its word on the bus; empty for a number that is no #BgtGroupBehavior
 * Since: 1.0
 */

/**
 * bgt_group_behavior_from_string:
 * @string: (nullable): a word
 * @value: (out): the behavior of that name; left alone where there is none
 *
 * Returns: whether there is one
 * Since: 1.0
 */
DEFINE_WORDS (BgtGroupBehavior, group_behavior)

/**
 * bgt_operation_status_is_final:
 * @status: a status
 *
 * Returns: whether nothing will happen to an operation of that status, unless it is resumed
 * Since: 1.0
 */
gboolean
bgt_operation_status_is_final (BgtOperationStatus status)
{
  switch (status)
    {
    case BGT_OPERATION_STATUS_COMPLETED:
    case BGT_OPERATION_STATUS_CANCELED:
    case BGT_OPERATION_STATUS_ERROR:
      return TRUE;
    case BGT_OPERATION_STATUS_IDLE:
    case BGT_OPERATION_STATUS_RUNNING:
    case BGT_OPERATION_STATUS_PAUSED_BY_APPLICATION:
    case BGT_OPERATION_STATUS_PAUSED_COSTED_NETWORK:
    case BGT_OPERATION_STATUS_PAUSED_NO_NETWORK:
    case BGT_OPERATION_STATUS_PAUSED_RECOVERABLE_ERROR:
    case BGT_OPERATION_STATUS_PAUSED_SYSTEM_POLICY:
      return FALSE;
    }

  g_assert_not_reached ();
}
