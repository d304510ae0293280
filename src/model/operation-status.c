/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/operation-status.h"

#include "common/bgt-error.h"

typedef struct
{
  guint calls;   /* of BtsCall */
  guint changes; /* bits of BtsChangeRule */
} Allowed;

#define RULE(rule) (1u << BTS_CHANGE_RULE_##rule)
#define ALWAYS_BUT_AT_THE_END (RULE (UNFINISHED) | RULE (UNFINISHED_OR_ERROR))

static const Allowed allowed_unfinished[] = {
  [BTS_INTENT_NOT_STARTED] = { BTS_CALL_START | BTS_CALL_CANCEL,
                               ALWAYS_BUT_AT_THE_END | RULE (BEFORE_START) },
  [BTS_INTENT_GO] = { BTS_CALL_PAUSE | BTS_CALL_CANCEL, ALWAYS_BUT_AT_THE_END },
  [BTS_INTENT_PAUSED] = { BTS_CALL_RESUME | BTS_CALL_CANCEL,
                          ALWAYS_BUT_AT_THE_END | RULE (HELD_OR_ERROR) },
  [BTS_INTENT_RECOVERABLE_ERROR] = { BTS_CALL_RESUME | BTS_CALL_CANCEL,
                                     ALWAYS_BUT_AT_THE_END | RULE (HELD_OR_ERROR) },
  [BTS_INTENT_CANCEL] = { BTS_CALL_CANCEL, 0 },
};

static const Allowed allowed_completed = { BTS_CALL_ACKNOWLEDGE, 0 };
static const Allowed allowed_canceled = { BTS_CALL_ACKNOWLEDGE, 0 };
static const Allowed allowed_error = { BTS_CALL_RESUME | BTS_CALL_ACKNOWLEDGE,
                                       RULE (UNFINISHED_OR_ERROR) | RULE (HELD_OR_ERROR) };

static const Allowed allowed_leaving = { BTS_CALL_ACKNOWLEDGE, 0 };

static const struct
{
  BtsCall call;
  const char *name;
  const char *wanted;
} calls[] = {
  { BTS_CALL_START, "Start", "an operation that has not been started" },
  { BTS_CALL_PAUSE, "Pause", "an operation that has been started and is not paused already" },
  { BTS_CALL_RESUME, "Resume", "an operation that is paused by the application or by an error" },
  { BTS_CALL_CANCEL, "Cancel", "an operation that is not finished" },
  { BTS_CALL_ACKNOWLEDGE, "Acknowledge", "a finished operation" },
};

static const char *const change_rules[] = {
  [BTS_CHANGE_RULE_NEVER] = "never",
  [BTS_CHANGE_RULE_BEFORE_START] = "before Start",
  [BTS_CHANGE_RULE_UNFINISHED] = "until the operation is finished",
  [BTS_CHANGE_RULE_UNFINISHED_OR_ERROR] = "until the operation is completed or canceled",
  [BTS_CHANGE_RULE_HELD_OR_ERROR] = "while paused by the application or by an error",
};

static const Allowed *
get_allowed (BtsIntent intent, BgtOperationStatus final_status, gboolean is_leaving)
{
  if (intent != BTS_INTENT_FINISHED)
    return &allowed_unfinished[intent];
  if (is_leaving)
    return &allowed_leaving;
  if (final_status == BGT_OPERATION_STATUS_ERROR)
    return &allowed_error;

  return final_status == BGT_OPERATION_STATUS_CANCELED ? &allowed_canceled : &allowed_completed;
}

/* What an error calls it. */
static const char *
describe (BtsIntent intent, gboolean is_leaving, BgtOperationStatus status)
{
  if (intent == BTS_INTENT_CANCEL)
    return "being canceled";

  return is_leaving ? "being forgotten" : bgt_operation_status_to_string (status);
}

gboolean
bts_operation_status_check_call (BtsIntent intent,
                                 BgtOperationStatus final_status,
                                 gboolean is_leaving,
                                 BgtOperationStatus status,
                                 BtsCall call,
                                 GError **error)
{
  if ((get_allowed (intent, final_status, is_leaving)->calls & call) != 0)
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    if (calls[i].call == call)
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE, "%s needs %s, this one is %s",
                   calls[i].name, calls[i].wanted, describe (intent, is_leaving, status));

  return FALSE;
}

gboolean
bts_operation_status_check_change (BtsIntent intent,
                                   BgtOperationStatus final_status,
                                   gboolean is_leaving,
                                   BgtOperationStatus status,
                                   const char *key,
                                   GError **error)
{
  const BtsRequestKey *row = bts_request_key_find (key);

  if (row == NULL)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "there is no option “%s”", key);
      return FALSE;
    }
  if (row->change_rule == BTS_CHANGE_RULE_NEVER)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "option “%s” cannot be changed once the operation exists", key);
      return FALSE;
    }

  if ((get_allowed (intent, final_status, is_leaving)->changes & (1u << row->change_rule)) != 0)
    return TRUE;

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_STATE,
               "option “%s” can be changed %s, this operation is %s", key,
               change_rules[row->change_rule], describe (intent, is_leaving, status));
  return FALSE;
}
