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

DEFINE_WORDS (BgtOperationKind, operation_kind)
DEFINE_WORDS (BgtOperationStatus, operation_status)
DEFINE_WORDS (BgtCostPolicy, cost_policy)
DEFINE_WORDS (BgtPriority, priority)
DEFINE_WORDS (BgtOverwrite, overwrite)
DEFINE_WORDS (BgtConnectivity, connectivity)
DEFINE_WORDS (BgtCostType, cost_type)

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
