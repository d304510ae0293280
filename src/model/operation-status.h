/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "common/bgt-enums.h"
#include "model/request-keys.h"

/* Which call fits which status: one table. Pure. */

/* What the application wants; with the blockers it makes the status. */
typedef enum
{
  BTS_INTENT_NOT_STARTED,
  BTS_INTENT_GO,
  BTS_INTENT_PAUSED,
  BTS_INTENT_RECOVERABLE_ERROR, /* paused by an error that the application may mend */
  BTS_INTENT_CANCEL,            /* asked to end; what is on disk has yet to be removed */
  BTS_INTENT_FINISHED,          /* completed, canceled or error */
} BtsIntent;

typedef enum
{
  BTS_CALL_START = 1 << 0,
  BTS_CALL_PAUSE = 1 << 1,
  BTS_CALL_RESUME = 1 << 2,
  BTS_CALL_CANCEL = 1 << 3,
  BTS_CALL_ACKNOWLEDGE = 1 << 4,
} BtsCall;

/* @final_status and @is_leaving (it is being forgotten) count only where @intent is finished;
 * @status is what the error calls it. */
gboolean bts_operation_status_check_call (BtsIntent intent,
                                          BgtOperationStatus final_status,
                                          gboolean is_leaving,
                                          BgtOperationStatus status,
                                          BtsCall call,
                                          GError **error);

/* Whether that option may change now; BGT_ERROR_INVALID_ARGUMENT where it never may, or where there
 * is no such option. */
gboolean bts_operation_status_check_change (BtsIntent intent,
                                            BgtOperationStatus final_status,
                                            gboolean is_leaving,
                                            BgtOperationStatus status,
                                            const char *key,
                                            GError **error);
