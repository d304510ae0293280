/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/operation.h"

#include "common/bgt-error.h"
#include "common/bgt-web-error.h"
#include "common/cut-text.h"
#include "model/headers.h"
#include "model/reported.h"

struct _BtsOperation
{
  GObject parent_instance;

  char *guid;          /* (owned) */
  BtsOwner *owner;     /* (owned) */
  BtsRequest *request; /* (owned) */
  guint64 version;
  BtsDescriptors files;

  BtsIntent intent;
  BgtOperationStatus final_status;
  gint64 created;
  gint64 started;
  gint64 finished;
  int web_error;
  char *error_message; /* (owned) (nullable) */
  guint attempts;
  gint64 retry_at;
  gboolean is_committed;
  guint n_leaving;

  /* The scheduler has not spoken since the operation began to be due. */
  gboolean is_undecided;
  BtsBlockers blockers; /* the scheduler's part */
  gint64 next_attempt;

  BtsReported reported;
};

G_DEFINE_FINAL_TYPE (BtsOperation, bts_operation, G_TYPE_OBJECT)

typedef enum
{
  SIGNAL_CHANGED,
  SIGNAL_FINISHED,
  SIGNAL_RANGES_DOWNLOADED,
  N_SIGNALS,
} Signal;

static guint signals[N_SIGNALS];

/* What the bus shows of the state; compared before and after a call to know what has changed. */
typedef struct
{
  BgtOperationStatus status;
  BtsBlockers blockers;
  gint64 next_attempt;
} Shown;

static void
bts_operation_finalize (GObject *object)
{
  BtsOperation *self = BTS_OPERATION (object);

  bts_descriptors_clear (&self->files);
  g_free (self->guid);
  g_clear_pointer (&self->owner, bts_owner_unref);
  g_clear_pointer (&self->request, bts_request_unref);
  g_free (self->error_message);
  bts_reported_clear (&self->reported);

  G_OBJECT_CLASS (bts_operation_parent_class)->finalize (object);
}

static void
bts_operation_class_init (BtsOperationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bts_operation_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", BTS_TYPE_OPERATION, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 1, G_TYPE_UINT);
  signals[SIGNAL_FINISHED] = g_signal_new ("finished", BTS_TYPE_OPERATION, G_SIGNAL_RUN_LAST, 0,
                                           NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_RANGES_DOWNLOADED] =
      g_signal_new ("ranges-downloaded", BTS_TYPE_OPERATION, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, G_TYPE_BOOLEAN, G_TYPE_VARIANT);
}

static void
bts_operation_init (BtsOperation *self)
{
  self->files = BTS_DESCRIPTORS_NONE;
  self->version = 1;
  self->is_undecided = TRUE;
  bts_reported_init (&self->reported);
}

BtsOperation *
bts_operation_new (const char *guid, BtsOwner *owner, BtsRequest *request, gint64 created)
{
  BtsOperation *self;

  g_return_val_if_fail (guid != NULL && owner != NULL && request != NULL, NULL);

  self = g_object_new (BTS_TYPE_OPERATION, NULL);
  self->guid = g_strdup (guid);
  self->owner = bts_owner_ref (owner);
  self->request = bts_request_ref (request);
  self->created = created;

  return self;
}

const char *
bts_operation_get_guid (BtsOperation *self)
{
  return self->guid;
}

BtsOwner *
bts_operation_get_owner (BtsOperation *self)
{
  return self->owner;
}

BtsRequest *
bts_operation_get_request (BtsOperation *self)
{
  return self->request;
}

BtsIntent
bts_operation_get_intent (BtsOperation *self)
{
  return self->intent;
}

/* One that is being canceled stands still because its application wanted it so. */
static BtsBlockers
get_own_blockers (BtsOperation *self)
{
  switch (self->intent)
    {
    case BTS_INTENT_NOT_STARTED:
      return BTS_BLOCKER_NOT_STARTED;
    case BTS_INTENT_PAUSED:
    case BTS_INTENT_CANCEL:
      return BTS_BLOCKER_PAUSED;
    case BTS_INTENT_RECOVERABLE_ERROR:
      return BTS_BLOCKER_RECOVERABLE_ERROR;
    case BTS_INTENT_GO:
    case BTS_INTENT_FINISHED:
      return 0;
    }
  g_assert_not_reached ();
}

BtsBlockers
bts_operation_get_blockers (BtsOperation *self)
{
  if (self->intent == BTS_INTENT_FINISHED)
    return 0;
  if (self->intent == BTS_INTENT_GO)
    return self->blockers;
  /* The scheduler may not yet have taken away what concerns only those that are to go. */
  return (self->blockers & ~BTS_BLOCKERS_OF_TURN) | get_own_blockers (self);
}

BgtOperationStatus
bts_operation_get_status (BtsOperation *self)
{
  if (self->intent == BTS_INTENT_FINISHED)
    return self->final_status;

  /* Without a slot it must not claim to run. */
  if (self->intent == BTS_INTENT_GO && self->is_undecided)
    return BGT_OPERATION_STATUS_IDLE;

  return bts_blockers_to_status (bts_operation_get_blockers (self));
}

gboolean
bts_operation_is_finished (BtsOperation *self)
{
  return self->intent == BTS_INTENT_FINISHED;
}

gint64
bts_operation_get_next_attempt (BtsOperation *self)
{
  return self->intent == BTS_INTENT_GO ? self->next_attempt : 0;
}

gint64
bts_operation_get_created (BtsOperation *self)
{
  return self->created;
}

gint64
bts_operation_get_started (BtsOperation *self)
{
  return self->started;
}

gint64
bts_operation_get_finished (BtsOperation *self)
{
  return self->finished;
}

guint64
bts_operation_get_bytes_received (BtsOperation *self)
{
  return self->reported.bytes_received;
}

guint64
bts_operation_get_total_to_receive (BtsOperation *self)
{
  return self->reported.total_to_receive;
}

guint64
bts_operation_get_bytes_sent (BtsOperation *self)
{
  return self->reported.bytes_sent;
}

guint64
bts_operation_get_total_to_send (BtsOperation *self)
{
  return self->reported.total_to_send;
}

gboolean
bts_operation_has_restarted (BtsOperation *self)
{
  return self->reported.has_restarted;
}

gboolean
bts_operation_has_response_changed (BtsOperation *self)
{
  return self->reported.has_response_changed;
}

const BtsByteRanges *
bts_operation_get_ranges (BtsOperation *self)
{
  return self->reported.ranges;
}

int
bts_operation_get_web_error (BtsOperation *self)
{
  return self->web_error;
}

const char *
bts_operation_get_error_message (BtsOperation *self)
{
  return self->error_message;
}

GVariant *
bts_operation_get_response (BtsOperation *self)
{
  return self->reported.response;
}

GVariant *
bts_operation_get_checkpoint (BtsOperation *self)
{
  return self->reported.checkpoint;
}

guint
bts_operation_get_attempts (BtsOperation *self)
{
  return self->attempts;
}

const char *
bts_operation_get_destination (BtsOperation *self)
{
  return self->reported.destination != NULL ? self->reported.destination
                                            : bts_request_get_destination (self->request);
}

guint64
bts_operation_get_version (BtsOperation *self)
{
  return self->version;
}

gint64
bts_operation_get_retry_at (BtsOperation *self)
{
  return self->retry_at;
}

void
bts_operation_set_retry_at (BtsOperation *self, gint64 retry_at)
{
  if (self->retry_at == retry_at)
    return;
  self->retry_at = retry_at;
  self->version++;
}

BtsDescriptors *
bts_operation_get_files (BtsOperation *self)
{
  return &self->files;
}

gboolean
bts_operation_awaits_source (BtsOperation *self)
{
  return !self->reported.source_is_kept && self->intent != BTS_INTENT_FINISHED &&
         bts_request_has_streams (self->request);
}

gboolean
bts_operation_may_have_files (BtsOperation *self)
{
  return self->started != 0 || bts_request_has_streams (self->request);
}

static Shown
get_shown (BtsOperation *self)
{
  return (Shown){ bts_operation_get_status (self), bts_operation_get_blockers (self),
                  bts_operation_get_next_attempt (self) };
}

/* Tells once what is durable (@changes, counted as a version) together with what shows of it. */
static void
emit_changed (BtsOperation *self, const Shown *before, guint changes)
{
  Shown now = get_shown (self);

  if ((changes & BTS_CHANGES_DURABLE) != 0)
    self->version++;

  if (now.status != before->status)
    changes |= BTS_CHANGE_STATUS;
  if (now.blockers != before->blockers || now.next_attempt != before->next_attempt)
    changes |= BTS_CHANGE_BLOCKERS;

  if (changes != 0)
    g_signal_emit (self, signals[SIGNAL_CHANGED], 0, changes);
}

static gboolean
check_call (BtsOperation *self, BtsCall call, GError **error)
{
  return bts_operation_status_check_call (self->intent, self->final_status, self->n_leaving > 0,
                                          bts_operation_get_status (self), call, error);
}

static void
set_web_error (BtsOperation *self, int web_error, const char *message)
{
  char *copy = bts_cut_text (message, BTS_MAX_ERROR_MESSAGE_BYTES);

  self->web_error = web_error;
  g_free (self->error_message);
  self->error_message = copy;
}

gboolean
bts_operation_start (BtsOperation *self, gint64 now, GError **error)
{
  Shown before = get_shown (self);

  if (!check_call (self, BTS_CALL_START, error))
    return FALSE;

  self->intent = BTS_INTENT_GO;
  self->started = now;
  self->is_undecided = TRUE;
  emit_changed (self, &before, BTS_CHANGE_STATUS);

  return TRUE;
}

gboolean
bts_operation_pause (BtsOperation *self, GError **error)
{
  Shown before = get_shown (self);

  if (!check_call (self, BTS_CALL_PAUSE, error))
    return FALSE;
  if (self->is_committed)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_STATE,
                           "Pause needs what may be sent twice; this has begun and goes on");
      return FALSE;
    }

  self->intent = BTS_INTENT_PAUSED;
  set_web_error (self, BGT_WEB_ERROR_NONE, NULL);
  emit_changed (self, &before, BTS_CHANGE_STATUS);

  return TRUE;
}

/* @now is not kept: an operation that is tried again has the age of its first start. */
gboolean
bts_operation_resume (BtsOperation *self, gint64 now, GError **error)
{
  Shown before = get_shown (self);

  if (!check_call (self, BTS_CALL_RESUME, error))
    return FALSE;

  self->intent = BTS_INTENT_GO;
  self->final_status = BGT_OPERATION_STATUS_IDLE;
  self->finished = 0;
  self->attempts = 0;
  self->retry_at = 0;
  self->is_undecided = TRUE;
  self->next_attempt = 0;
  set_web_error (self, BGT_WEB_ERROR_NONE, NULL);
  emit_changed (self, &before, BTS_CHANGE_STATUS);

  return TRUE;
}

gboolean
bts_operation_cancel (BtsOperation *self, GError **error)
{
  Shown before = get_shown (self);

  if (!check_call (self, BTS_CALL_CANCEL, error))
    return FALSE;

  if (self->intent == BTS_INTENT_CANCEL)
    return TRUE;

  self->intent = BTS_INTENT_CANCEL;
  emit_changed (self, &before, BTS_CHANGE_STATUS);

  return TRUE;
}

void
bts_operation_count_leaving (BtsOperation *self, int change)
{
  self->n_leaving += (guint) change;
}

gboolean
bts_operation_may_acknowledge (BtsOperation *self, GError **error)
{
  return check_call (self, BTS_CALL_ACKNOWLEDGE, error);
}

gboolean
bts_operation_set_option (BtsOperation *self, const char *key, GVariant *value, GError **error)
{
  g_autoptr (GVariant) taken = value != NULL ? g_variant_ref_sink (value) : NULL;
  g_autoptr (BtsRequest) changed = NULL;
  Shown before = get_shown (self);

  if (!bts_operation_status_check_change (self->intent, self->final_status, self->n_leaving > 0,
                                          before.status, key, error))
    return FALSE;

  changed = bts_request_with (self->request, key, taken, error);
  if (changed == NULL)
    return FALSE;

  if (g_variant_equal (bts_request_get_variant (changed), bts_request_get_variant (self->request)))
    return TRUE;

  bts_request_unref (self->request);
  self->request = g_steal_pointer (&changed);
  emit_changed (self, &before, BTS_CHANGE_REQUEST);

  return TRUE;
}

gboolean
bts_operation_set_header (BtsOperation *self, const char *name, const char *value, GError **error)
{
  GVariant *headers = bts_request_lookup (self->request, "headers");

  return bts_operation_set_option (self, "headers", bts_headers_with (headers, name, value), error);
}

void
bts_operation_set_blockers (BtsOperation *self, BtsBlockers blockers, gint64 next_attempt)
{
  Shown before = get_shown (self);
  guint changes = 0;

  if (self->intent == BTS_INTENT_FINISHED)
    return;

  self->blockers = blockers;
  self->next_attempt = next_attempt;
  self->is_undecided = FALSE;
  /* Why the last try has failed is told until the next one. */
  if (self->intent != BTS_INTENT_RECOVERABLE_ERROR && (blockers & BTS_BLOCKER_RETRY_DELAY) == 0 &&
      self->web_error != BGT_WEB_ERROR_NONE)
    {
      set_web_error (self, BGT_WEB_ERROR_NONE, NULL);
      changes = BTS_CHANGE_STATUS;
    }
  emit_changed (self, &before, changes);
}

void
bts_operation_take_progress (BtsOperation *self,
                             guint64 bytes_received,
                             guint64 total_to_receive,
                             guint64 bytes_sent,
                             guint64 total_to_send)
{
  Shown before = get_shown (self);

  if (self->intent == BTS_INTENT_FINISHED)
    return;

  emit_changed (self, &before,
                bts_reported_take_progress (&self->reported, bytes_received, total_to_receive,
                                            bytes_sent, total_to_send,
                                            bts_operation_awaits_source (self)));
}

void
bts_operation_take_update (BtsOperation *self, GVariant *variant)
{
  g_autoptr (BtsWorkerUpdate) update = bts_worker_update_new (variant, self->request);
  Shown before = get_shown (self);
  gboolean was_restarted;
  guint changes;

  if (self->intent == BTS_INTENT_FINISHED)
    return;

  self->is_committed = update->is_committed;
  changes = bts_reported_take_update (&self->reported, update, bts_operation_get_destination (self),
                                      &was_restarted);
  if (self->reported.source_is_kept)
    bts_descriptors_close_streams (&self->files);
  emit_changed (self, &before, changes);

  if (update->added != NULL)
    g_signal_emit (self, signals[SIGNAL_RANGES_DOWNLOADED], 0, was_restarted, update->added);
}

void
bts_operation_take_failure (BtsOperation *self,
                            int web_error,
                            const char *message,
                            gboolean made_progress)
{
  Shown before = get_shown (self);

  self->attempts = made_progress ? 1 : self->attempts + 1;
  set_web_error (self, web_error, message);
  emit_changed (self, &before, BTS_CHANGE_STATUS);
}

gboolean
bts_operation_is_committed (BtsOperation *self)
{
  return self->is_committed;
}

void
bts_operation_clear_committed (BtsOperation *self)
{
  self->is_committed = FALSE;
}

void
bts_operation_finish (
    BtsOperation *self, BgtOperationStatus status, int web_error, const char *message, gint64 now)
{
  Shown before = get_shown (self);

  g_return_if_fail (bgt_operation_status_is_final (status));

  if (self->intent == BTS_INTENT_FINISHED)
    return;

  /* Whoever ends it with an error has a reason; a word of another version is not known here. */
  if (status == BGT_OPERATION_STATUS_ERROR && web_error == BGT_WEB_ERROR_NONE)
    web_error = BGT_WEB_ERROR_CONNECTION_ABORTED;
  if (status == BGT_OPERATION_STATUS_COMPLETED)
    web_error = BGT_WEB_ERROR_NONE;

  self->intent = BTS_INTENT_FINISHED;
  self->final_status = status;
  self->finished = now;
  bts_descriptors_end (&self->files, status == BGT_OPERATION_STATUS_ERROR);
  self->blockers = 0;
  self->next_attempt = 0;
  set_web_error (self, web_error, status == BGT_OPERATION_STATUS_COMPLETED ? NULL : message);
  emit_changed (self, &before, BTS_CHANGE_STATUS);
  g_signal_emit (self, signals[SIGNAL_FINISHED], 0);
}

void
bts_operation_pause_for_error (BtsOperation *self, int web_error, const char *message)
{
  Shown before = get_shown (self);

  if (self->intent == BTS_INTENT_FINISHED || self->intent == BTS_INTENT_CANCEL)
    return;

  self->intent = BTS_INTENT_RECOVERABLE_ERROR;
  set_web_error (self, web_error, message);
  emit_changed (self, &before, BTS_CHANGE_STATUS);
}

void
bts_operation_get_state (BtsOperation *self, BtsOperationState *state)
{
  *state = (BtsOperationState){
    .intent = self->intent,
    .final_status = self->final_status,
    .started = self->started,
    .finished = self->finished,
    .retry_at = self->retry_at,
    .web_error = self->web_error,
    .error_message = self->error_message,
  };
  bts_reported_get_state (&self->reported, state);
}

void
bts_operation_restore (BtsOperation *self, const BtsOperationState *state)
{
  self->intent = state->intent;
  self->final_status = state->final_status;
  self->started = state->started;
  self->finished = state->finished;
  self->retry_at = state->retry_at;
  set_web_error (self, state->web_error, state->error_message);
  bts_reported_restore (&self->reported, state);
}
