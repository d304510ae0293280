/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/job-outcome.h"

#include "common/bgt-web-error.h"
#include "daemon/operation-log.h"
#include "policy/cost.h"
#include "policy/retry.h"

typedef struct
{
  int web_error;
  const char *message;   /* (nullable) */
  gint64 retry_after_us; /* -1 unknown */
  gboolean made_progress;
  gboolean must_not_retry; /* it may have reached the server, and not everything may twice */
} Failure;

static gboolean
has_network (BtsOperation *operation, const BtsJobContext *context)
{
  BgtCostPolicy policy = bts_request_get_cost_policy (bts_operation_get_request (operation));
  BtsBlockers blockers = bts_cost_get_blockers (context->conditions, context->limits, policy);

  return (blockers & (BTS_BLOCKER_NO_NETWORK | BTS_BLOCKER_CAPTIVE_PORTAL)) == 0;
}

static void
finish (BtsOperation *operation,
        const BtsJobContext *context,
        BgtOperationStatus status,
        int web_error,
        const char *message)
{
  bts_operation_log (operation, "%s%s%s", bgt_operation_status_to_string (status),
                     web_error != BGT_WEB_ERROR_NONE ? ": " : "",
                     bgt_web_error_to_string (web_error));
  bts_operation_finish (operation, status, web_error, message,
                        bts_clock_get_wall_time (context->clock));
}

static gint64
take_failure (BtsOperation *operation, const BtsJobContext *context, const Failure *failure)
{
  int web_error = failure->web_error;
  BtsFailure counted = {
    .web_error = web_error,
    .retry_after_us = failure->retry_after_us,
    .random = g_random_int (),
  };
  gint64 delay_us = 0;

  /* What was stopped is not judged by how it took it. */
  if (bts_operation_get_intent (operation) != BTS_INTENT_GO)
    return 0;
  if (bts_request_is_recoverable (bts_operation_get_request (operation), web_error))
    {
      bts_operation_pause_for_error (operation, web_error, failure->message);
      return 0;
    }
  if (!failure->must_not_retry && bgt_web_error_is_worth_a_retry (web_error))
    {
      /* Without a network nothing is counted; it goes on as soon as there is one. */
      if (!has_network (operation, context))
        return 0;
      bts_operation_take_failure (operation, web_error, failure->message, failure->made_progress);
      counted.attempts = MAX (bts_operation_get_attempts (operation), 1);
      if (bts_retry_decide (&counted, context->limits, &delay_us))
        {
          bts_operation_log (operation, "%s, tried again in %.1f s",
                             bgt_web_error_to_string (web_error),
                             (double) delay_us / G_USEC_PER_SEC);
          if (failure->retry_after_us >= 0)
            bts_operation_set_retry_at (operation,
                                        bts_clock_get_wall_time (context->clock) + delay_us);
          return bts_clock_get_boot_time (context->clock) + delay_us;
        }
    }
  finish (operation, context, BGT_OPERATION_STATUS_ERROR, web_error, failure->message);
  return 0;
}

gint64
bts_job_outcome_take_refusal (BtsOperation *operation,
                              const BtsJobContext *context,
                              const char *message)
{
  const Failure failure = { .web_error = BGT_WEB_ERROR_CONNECTION_ABORTED,
                            .message = message,
                            .retry_after_us = -1 };

  if (!bts_operation_awaits_source (operation))
    return take_failure (operation, context, &failure);
  if (bts_operation_get_intent (operation) != BTS_INTENT_CANCEL)
    finish (operation, context, BGT_OPERATION_STATUS_ERROR, failure.web_error, message);
  return 0;
}

void
bts_job_outcome_take_kept (BtsOperation *operation, const BtsJobContext *context, GVariant *update)
{
  const char *word = "";
  const char *message = "The worker did not say why the stream is not kept";
  int web_error = BGT_WEB_ERROR_FILE_ERROR;

  if (!bts_operation_awaits_source (operation) ||
      bts_operation_get_intent (operation) == BTS_INTENT_CANCEL)
    return;
  g_variant_lookup (update, "error-message", "&s", &message);
  g_variant_lookup (update, "web-error-status", "&s", &word);
  if (*word != '\0')
    bgt_web_error_from_string (word, &web_error);
  finish (operation, context, BGT_OPERATION_STATUS_ERROR, web_error, message);
}

gint64
bts_job_outcome_take_end (BtsOperation *operation, const BtsJobContext *context, GVariant *update)
{
  Failure failure = { .retry_after_us = -1 };
  const char *word = NULL;
  gboolean may_retry = TRUE;
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (update);

  g_variant_dict_lookup (&dict, "may-retry", "b", &may_retry);
  failure.must_not_retry = !may_retry;
  g_variant_dict_lookup (&dict, "error-message", "&s", &failure.message);
  g_variant_dict_lookup (&dict, "retry-after", "x", &failure.retry_after_us);
  g_variant_dict_lookup (&dict, "made-progress", "b", &failure.made_progress);
  if (!g_variant_dict_lookup (&dict, "web-error-status", "&s", &word))
    {
      failure.web_error = BGT_WEB_ERROR_CONNECTION_ABORTED;
      failure.message = "The worker did not say how the transfer ended";
      return take_failure (operation, context, &failure);
    }
  if (*word == '\0')
    {
      finish (operation, context, BGT_OPERATION_STATUS_COMPLETED, BGT_WEB_ERROR_NONE, NULL);
      return 0;
    }
  if (!bgt_web_error_from_string (word, &failure.web_error))
    failure.web_error = BGT_WEB_ERROR_CONNECTION_ABORTED;
  return take_failure (operation, context, &failure);
}

gint64
bts_job_outcome_get_retry_at (BtsOperation *operation, const BtsJobContext *context)
{
  gint64 remainder_us = bts_retry_get_remainder (bts_operation_get_retry_at (operation),
                                                 bts_clock_get_wall_time (context->clock));

  return remainder_us > 0 ? bts_clock_get_boot_time (context->clock) + remainder_us : 0;
}
