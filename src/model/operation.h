/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib-object.h>

#include "common/byte-ranges.h"
#include "model/descriptors.h"
#include "model/operation-status.h"
#include "model/owner.h"
#include "model/request.h"
#include "policy/blockers.h"

/* One download or upload: what was asked, what the application wants of it now, how far it is.
 * A state machine without I/O; every call that does not fit is BGT_ERROR_INVALID_STATE and
 * changes nothing. */

#define BTS_TYPE_OPERATION (bts_operation_get_type ())
G_DECLARE_FINAL_TYPE (BtsOperation, bts_operation, BTS, OPERATION, GObject)

/* What a `changed` signal is about. */
typedef enum
{
  BTS_CHANGE_STATUS = 1 << 0,   /* Status, Finished, WebErrorStatus, ErrorMessage */
  BTS_CHANGE_REQUEST = 1 << 1,  /* what was asked */
  BTS_CHANGE_RESPONSE = 1 << 2, /* response, totals, HasRestarted, HasResponseChanged, ranges */
  BTS_CHANGE_BLOCKERS = 1 << 3, /* BlockedBy, NextAttempt */
  BTS_CHANGE_PROGRESS = 1 << 4, /* bytes */
} BtsChange;

/* Those that are in the store before anyone is told. */
#define BTS_CHANGES_DURABLE (BTS_CHANGE_STATUS | BTS_CHANGE_REQUEST | BTS_CHANGE_RESPONSE)

/* Signals
 *   changed (guint changes)            any of BtsChange, at once
 *   finished ()                        the status has become final
 *   ranges-downloaded (gboolean was_restarted, GVariant *added)   a(tt) */

BtsOperation *
bts_operation_new (const char *guid, BtsOwner *owner, BtsRequest *request, gint64 created);

const char *bts_operation_get_guid (BtsOperation *self);
BtsOwner *bts_operation_get_owner (BtsOperation *self);
BtsRequest *bts_operation_get_request (BtsOperation *self);
BtsIntent bts_operation_get_intent (BtsOperation *self);
BgtOperationStatus bts_operation_get_status (BtsOperation *self);
gboolean bts_operation_is_finished (BtsOperation *self);
BtsBlockers bts_operation_get_blockers (BtsOperation *self); /* intent included */
gint64 bts_operation_get_next_attempt (BtsOperation *self);
gint64 bts_operation_get_created (BtsOperation *self);
gint64 bts_operation_get_started (BtsOperation *self);
gint64 bts_operation_get_finished (BtsOperation *self);
guint64 bts_operation_get_bytes_received (BtsOperation *self);
guint64 bts_operation_get_total_to_receive (BtsOperation *self); /* 0 unknown */
guint64 bts_operation_get_bytes_sent (BtsOperation *self);
guint64 bts_operation_get_total_to_send (BtsOperation *self);
gboolean bts_operation_has_restarted (BtsOperation *self);
gboolean bts_operation_has_response_changed (BtsOperation *self);
const BtsByteRanges *bts_operation_get_ranges (BtsOperation *self);
int bts_operation_get_web_error (BtsOperation *self);
/* Cut where it is longer: a message of the bus has to hold those of all operations. */
#define BTS_MAX_ERROR_MESSAGE_BYTES 2048
const char *bts_operation_get_error_message (BtsOperation *self);
GVariant *bts_operation_get_response (BtsOperation *self);   /* (nullable) a{sv} */
GVariant *bts_operation_get_checkpoint (BtsOperation *self); /* (nullable) a{sv}, the worker's */
guint bts_operation_get_attempts (BtsOperation *self);       /* failures without progress */

/* Wall time before which the server does not want to be asked again; 0 where it has not said. Kept
 * over a restart, forgotten by _resume. */
gint64 bts_operation_get_retry_at (BtsOperation *self);
void bts_operation_set_retry_at (BtsOperation *self, gint64 retry_at);

/* (nullable): the name that the file has been given, else the one asked for; as on the bus. */
const char *bts_operation_get_destination (BtsOperation *self);

/* Counts the durable changes; the store saves a version at most once. */
guint64 bts_operation_get_version (BtsOperation *self);

/* Lends; what is put there is owned. */
BtsDescriptors *bts_operation_get_files (BtsOperation *self);

/* Whether its streams have yet to be read to their ends. Until then it cannot move, also where it
 * has been started; reading needs neither a start nor a network nor a turn. */
gboolean bts_operation_awaits_source (BtsOperation *self);

/* Whether the worker may have made files for it. */
gboolean bts_operation_may_have_files (BtsOperation *self);

/* The calls of the application. @now is wall time. */
gboolean bts_operation_start (BtsOperation *self, gint64 now, GError **error);
gboolean bts_operation_pause (BtsOperation *self, GError **error);
gboolean bts_operation_resume (BtsOperation *self, gint64 now, GError **error);
gboolean bts_operation_cancel (BtsOperation *self, GError **error);
/* Counts those who are about to forget a finished one: while there are any, it takes no call but
 * Acknowledge, and no change. */
void bts_operation_count_leaving (BtsOperation *self, int change);
gboolean bts_operation_may_acknowledge (BtsOperation *self, GError **error);

/* Changes one key of the request if the status allows it (RequestedUri only while paused or in
 * error, RandomAccess only before Start, ...). Takes a floating @value; NULL removes the key. */
gboolean
bts_operation_set_option (BtsOperation *self, const char *key, GVariant *value, GError **error);
gboolean bts_operation_set_header (BtsOperation *self,
                                   const char *name,
                                   const char *value, /* (nullable): removes it */
                                   GError **error);

/* The scheduler's decision; @next_attempt is wall time, 0 where the clock does not decide. */
void bts_operation_set_blockers (BtsOperation *self, BtsBlockers blockers, gint64 next_attempt);

/* The worker's reports. Unknown keys of @update are ignored, of known ones the type is checked;
 * the keys are in org.example.BackgroundTransfer.Worker.xml. */
void bts_operation_take_progress (BtsOperation *self,
                                  guint64 bytes_received,
                                  guint64 total_to_receive,
                                  guint64 bytes_sent,
                                  guint64 total_to_send);
void bts_operation_take_update (BtsOperation *self, GVariant *update);

/* A try failed and will be made again; @made_progress starts the count of attempts afresh. Why is
 * told until the blockers say that it is tried. */
void bts_operation_take_failure (BtsOperation *self,
                                 int web_error,
                                 const char *message, /* (nullable) */
                                 gboolean made_progress);

/* Whether a request is on its way that may reach the server only once: then it cannot be paused,
 * and nothing else should stop it. Of the try under way: cleared by the caller when that has ended.
 */
gboolean bts_operation_is_committed (BtsOperation *self);
void bts_operation_clear_committed (BtsOperation *self);

/* The end: completed, canceled, or error with @web_error. */
void bts_operation_finish (
    BtsOperation *self, BgtOperationStatus status, int web_error, const char *message, gint64 now);

/* An error that the application asked to pause on. */
void bts_operation_pause_for_error (BtsOperation *self, int web_error, const char *message);

/* For the store only: everything that a record holds beyond what _new takes. */
typedef struct
{
  BtsIntent intent;
  BgtOperationStatus final_status;
  gint64 started;
  gint64 finished;
  gint64 retry_at;
  guint64 bytes_received;
  guint64 total_to_receive;
  guint64 bytes_sent;
  guint64 total_to_send;
  gboolean has_restarted;
  gboolean has_response_changed;
  gboolean source_is_kept;
  int web_error;
  const char *error_message;
  const char *destination; /* (nullable): the name that the file has been given */
  GVariant *response;
  GVariant *checkpoint;
  GVariant *ranges;
} BtsOperationState;

void bts_operation_get_state (BtsOperation *self, BtsOperationState *state); /* lends */
void bts_operation_restore (BtsOperation *self, const BtsOperationState *state);
