/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "daemon/scheduler.h"

#include "policy/cost.h"
#include "policy/power.h"
#include "policy/queue.h"

/* Alarms count boot time, while some of what they wait for is set in wall time, which may be put
 * right under way: so it is looked at again now and then. */
#define MAX_ALARM_US (15 * G_TIME_SPAN_MINUTE)

/* A decision looks at every operation, so what comes in together is decided together; but a
 * service that is kept busy must not forget to decide. */
#define MAX_DECISION_DELAY_MS 5

/* Nor does it do little else, with thousands of operations: after a decision there is this many
 * times as much for the rest. */
#define REST_PER_DECISION 4
#define MAX_REST_US (50 * G_TIME_SPAN_MILLISECOND)

#define DEAL_INTERVAL_US (10 * G_TIME_SPAN_SECOND)

struct _BtsScheduler
{
  GObject parent;

  BtsRegistry *registry; /* (owned) */
  BtsJobs *jobs;         /* (owned) */
  BtsJobContext context;
  guint decide_source_id; /* when nothing else is left to do */
  guint decide_limit_id;  /* at the latest */
  gint64 decide_earliest; /* boot time */
  guint alarm_id;
  gint64 deal_at;      /* boot time; 0 while no user waits for another's place */
  gboolean is_telling; /* operations what keeps them: their `changed` is our own echo */
  gboolean is_stopped;
};

G_DEFINE_FINAL_TYPE (BtsScheduler, bts_scheduler, G_TYPE_OBJECT)

/* What one decision works with. */
typedef struct
{
  gint64 wall_now;
  gint64 boot_now;
  gboolean is_new_deal; /* nobody has a place yet */
  gint64 next_alarm;    /* boot time, 0 where none */
  GArray *candidates;   /* (owned) (element-type BtsCandidate) */
  GPtrArray *expired;   /* (owned) (element-type BtsOperation) */
  GPtrArray *to_stop;   /* (owned) (element-type BtsOperation) */
  GPtrArray *to_keep;   /* (owned) (element-type BtsOperation): whose streams are to be read */
  GHashTable *held;     /* (owned) (element-type BtsGroup guint64): serialized groups of which that
                         * position has its turn, though it waits to try again */
} Decision;

static void
decision_clear (Decision *decision)
{
  g_clear_pointer (&decision->candidates, g_array_unref);
  g_clear_pointer (&decision->expired, g_ptr_array_unref);
  g_clear_pointer (&decision->to_stop, g_ptr_array_unref);
  g_clear_pointer (&decision->to_keep, g_ptr_array_unref);
  g_clear_pointer (&decision->held, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Decision, decision_clear)

static void
want_alarm (Decision *decision, gint64 boot_time)
{
  if (decision->next_alarm == 0 || boot_time < decision->next_alarm)
    decision->next_alarm = boot_time;
}

static gint64
to_boot_time (Decision *decision, gint64 wall_time)
{
  gint64 delay = wall_time - decision->wall_now;

  return decision->boot_now + MIN (delay, MAX_ALARM_US);
}

/* All that keeps @operation but its turn; @next_attempt is wall time. */
static BtsBlockers
get_blockers (BtsScheduler *self, Decision *decision, BtsOperation *operation, gint64 *next_attempt)
{
  const BtsJobContext *context = &self->context;
  BtsRequest *request = bts_operation_get_request (operation);
  gint64 not_before = bts_request_get_not_before (request);
  gint64 retry_at = bts_jobs_get_retry_at (self->jobs, operation);
  BtsBlockers blockers = bts_cost_get_blockers (context->conditions, context->limits,
                                                bts_request_get_cost_policy (request)) |
                         bts_power_get_blockers (context->conditions, context->limits,
                                                 bts_request_get_priority (request));

  *next_attempt = 0;
  if (not_before > decision->wall_now)
    {
      blockers |= BTS_BLOCKER_NOT_BEFORE;
      *next_attempt = not_before;
      want_alarm (decision, to_boot_time (decision, not_before));
    }
  if (retry_at != 0 && !bts_operation_awaits_source (operation) &&
      (blockers & (BTS_BLOCKER_NO_NETWORK | BTS_BLOCKER_CAPTIVE_PORTAL)) != 0)
    {
      /* Once the network is back it is another try anyway. */
      bts_jobs_clear_retry (self->jobs, operation);
      retry_at = 0;
    }
  if (retry_at > decision->boot_now)
    {
      blockers |= BTS_BLOCKER_RETRY_DELAY;
      *next_attempt = MAX (*next_attempt, decision->wall_now + retry_at - decision->boot_now);
      want_alarm (decision, retry_at);
    }
  return blockers;
}

static gboolean
is_expired (Decision *decision, BtsOperation *operation)
{
  gint64 deadline = bts_request_get_deadline (bts_operation_get_request (operation));

  if (deadline == 0)
    return FALSE;
  if (deadline <= decision->wall_now)
    return TRUE;
  want_alarm (decision, to_boot_time (decision, deadline));
  return FALSE;
}

static void
tell (BtsScheduler *self, BtsOperation *operation, BtsBlockers blockers, gint64 next_attempt)
{
  self->is_telling = TRUE;
  bts_operation_set_blockers (operation, blockers, next_attempt);
  self->is_telling = FALSE;
}

/* (nullable): the serialized group in which @operation has to wait for its turn */
static BtsGroup *
get_serialized_group (BtsScheduler *self, BtsOperation *operation)
{
  BtsGroup *group = bts_groups_find_of (self->context.groups, operation);

  return group != NULL && bts_group_get_behavior (group) == BGT_GROUP_BEHAVIOR_SERIALIZED ? group
                                                                                          : NULL;
}

/* One that will be tried again keeps its turn. */
static void
hold_turn (BtsScheduler *self, Decision *decision, BtsOperation *operation)
{
  BtsGroup *group = get_serialized_group (self, operation);
  guint64 position;
  guint64 *held;

  if (group == NULL ||
      bts_request_get_priority (bts_operation_get_request (operation)) == BGT_PRIORITY_HIGH)
    return;
  position = bts_group_get_position (group, operation);
  held = g_hash_table_lookup (decision->held, group);
  if (held == NULL || position < *held)
    g_hash_table_insert (decision->held, group, g_memdup2 (&position, sizeof position));
}

static gboolean
is_behind_a_held_turn (BtsScheduler *self, Decision *decision, const BtsCandidate *candidate)
{
  BtsGroup *group;
  guint64 *held = NULL;

  if (candidate->group == NULL || candidate->priority == BGT_PRIORITY_HIGH)
    return FALSE;
  group = bts_groups_find_of (self->context.groups, candidate->user_data);
  held = g_hash_table_lookup (decision->held, group);
  return held != NULL && *held < candidate->group_position;
}

static gboolean
has_place (BtsScheduler *self, Decision *decision, const BtsCandidate *candidate)
{
  return candidate->is_active ||
         (decision->is_new_deal && bts_jobs_is_active (self->jobs, candidate->user_data));
}

/* Takes those out of the candidates that have to wait for one that will be tried again. */
static void
drop_held (BtsScheduler *self, Decision *decision)
{
  for (guint i = 0; i < decision->candidates->len;)
    {
      BtsCandidate *candidate = &g_array_index (decision->candidates, BtsCandidate, i);

      if (!is_behind_a_held_turn (self, decision, candidate))
        {
          i++;
          continue;
        }
      tell (self, candidate->user_data, BTS_BLOCKER_GROUP_ORDER, 0);
      if (has_place (self, decision, candidate))
        g_ptr_array_add (decision->to_stop, g_object_ref (candidate->user_data));
      g_array_remove_index_fast (decision->candidates, i);
    }
}

static void
add_candidate (BtsScheduler *self, Decision *decision, BtsOperation *operation, guint sequence)
{
  BtsRequest *request = bts_operation_get_request (operation);
  BtsOwner *owner = bts_operation_get_owner (operation);
  BtsGroup *group = get_serialized_group (self, operation);
  BtsCandidate candidate = {
    .priority = bts_request_get_priority (request),
    .started = bts_operation_get_started (operation),
    .sequence = sequence,
    .uid = bts_owner_get_uid (owner),
    .application = bts_owner_get_application (owner),
    .host = bts_request_get_host (request),
    .is_active = !decision->is_new_deal && bts_jobs_is_active (self->jobs, operation),
    .user_data = operation,
  };

  if (group != NULL)
    {
      candidate.group = bts_group_get_id (group);
      candidate.group_application = bts_owner_get_application (bts_group_get_owner (group));
      candidate.group_position = bts_group_get_position (group, operation);
    }
  g_array_append_val (decision->candidates, candidate);
}

/* Sorts @operation into who has a deadline behind it, who is kept, and who only waits for its
 * turn. */
static void
look_at (BtsScheduler *self, Decision *decision, BtsOperation *operation, guint sequence)
{
  BtsIntent intent = bts_operation_get_intent (operation);
  BtsBlockers blockers;
  gint64 next_attempt;

  if (intent == BTS_INTENT_FINISHED || intent == BTS_INTENT_CANCEL ||
      bts_registry_is_arriving (self->registry, operation))
    return;
  if (is_expired (decision, operation))
    {
      g_ptr_array_add (decision->expired, g_object_ref (operation));
      return;
    }
  blockers = get_blockers (self, decision, operation, &next_attempt);
  /* As long as its streams are read it has not started, whatever it has been told. That takes no
   * turn and no network. */
  if (bts_operation_awaits_source (operation))
    {
      tell (self, operation, blockers | BTS_BLOCKER_NOT_STARTED, next_attempt);
      if (bts_jobs_get_retry_at (self->jobs, operation) <= decision->boot_now)
        g_ptr_array_add (decision->to_keep, g_object_ref (operation));
      return;
    }
  /* What can only be done once is not broken off. */
  if (bts_operation_is_committed (operation))
    blockers = 0;
  if (blockers == 0 && intent == BTS_INTENT_GO)
    {
      add_candidate (self, decision, operation, sequence);
      return;
    }
  if (blockers == BTS_BLOCKER_RETRY_DELAY && intent == BTS_INTENT_GO)
    hold_turn (self, decision, operation);
  tell (self, operation, blockers, next_attempt);
  if (bts_jobs_is_active (self->jobs, operation))
    g_ptr_array_add (decision->to_stop, g_object_ref (operation));
}

/* Who has a place keeps it, however long; so while one user waits for what another has, the places
 * are dealt anew from time to time. */
static void
plan_deal (BtsScheduler *self,
           Decision *decision,
           const BtsCandidate *candidates,
           gsize n_candidates)
{
  gboolean are_several = FALSE;
  BtsBlockers blockers = 0;

  for (gsize i = 0; i < n_candidates; i++)
    {
      are_several |= candidates[i].uid != candidates[0].uid;
      blockers |= candidates[i].blockers;
    }
  if (!are_several || (blockers & (BTS_BLOCKER_MACHINE_LIMIT | BTS_BLOCKER_HOST_LIMIT)) == 0)
    self->deal_at = 0;
  else if (self->deal_at <= decision->boot_now)
    self->deal_at = decision->boot_now + DEAL_INTERVAL_US;
  if (self->deal_at != 0)
    want_alarm (decision, self->deal_at);
}

static void set_alarm (BtsScheduler *self, gint64 boot_time);

/* Stops come first: what they free is what the starts take. */
static void
apply (BtsScheduler *self, Decision *decision)
{
  BtsCandidate *candidates;
  gsize n_candidates;

  drop_held (self, decision);
  candidates = (BtsCandidate *) (gpointer) decision->candidates->data;
  n_candidates = decision->candidates->len;
  bts_queue_decide (candidates, n_candidates, self->context.limits);
  plan_deal (self, decision, candidates, n_candidates);
  for (gsize i = 0; i < n_candidates; i++)
    {
      if (bts_operation_is_committed (candidates[i].user_data))
        candidates[i].blockers = 0;
      tell (self, candidates[i].user_data, candidates[i].blockers, 0);
      if (candidates[i].blockers != 0 && has_place (self, decision, &candidates[i]))
        g_ptr_array_add (decision->to_stop, g_object_ref (candidates[i].user_data));
    }
  for (guint i = 0; i < decision->expired->len; i++)
    bts_jobs_expire (self->jobs, decision->expired->pdata[i]);
  for (guint i = 0; i < decision->to_stop->len; i++)
    bts_jobs_set_wanted (self->jobs, decision->to_stop->pdata[i], FALSE);
  for (guint i = 0; i < decision->to_keep->len; i++)
    bts_jobs_set_wanted (self->jobs, decision->to_keep->pdata[i], TRUE);
  for (gsize i = 0; i < n_candidates; i++)
    {
      if (candidates[i].blockers == 0 && !candidates[i].is_active)
        bts_jobs_set_wanted (self->jobs, candidates[i].user_data, TRUE);
    }
  set_alarm (self, decision->next_alarm);
}

static void
clear_decision (BtsScheduler *self)
{
  g_clear_handle_id (&self->decide_source_id, g_source_remove);
  g_clear_handle_id (&self->decide_limit_id, g_source_remove);
}

static void
note_duration (BtsScheduler *self, gint64 begin)
{
  gint64 end = bts_clock_get_boot_time (self->context.clock);

  self->decide_earliest = end + MIN (REST_PER_DECISION * (end - begin), MAX_REST_US);
}

static gboolean
on_decide (gpointer user_data)
{
  BtsScheduler *self = BTS_SCHEDULER (user_data);
  GPtrArray *operations = bts_registry_get_operations (self->registry);
  g_auto (Decision) decision = {
    .wall_now = bts_clock_get_wall_time (self->context.clock),
    .boot_now = bts_clock_get_boot_time (self->context.clock),
    .candidates = g_array_new (FALSE, FALSE, sizeof (BtsCandidate)),
    .expired = g_ptr_array_new_with_free_func (g_object_unref),
    .to_stop = g_ptr_array_new_with_free_func (g_object_unref),
    .to_keep = g_ptr_array_new_with_free_func (g_object_unref),
    .held = g_hash_table_new_full (NULL, NULL, NULL, g_free),
  };

  clear_decision (self);
  decision.is_new_deal = self->deal_at != 0 && self->deal_at <= decision.boot_now;
  for (guint i = 0; i < operations->len; i++)
    look_at (self, &decision, operations->pdata[i], i);
  apply (self, &decision);
  note_duration (self, decision.boot_now);
  return G_SOURCE_REMOVE;
}

static void
on_alarm (gpointer user_data)
{
  BtsScheduler *self = BTS_SCHEDULER (user_data);

  self->alarm_id = 0;
  bts_scheduler_queue (self);
}

static void
set_alarm (BtsScheduler *self, gint64 boot_time)
{
  if (self->alarm_id != 0)
    bts_clock_remove_alarm (self->context.clock, self->alarm_id);
  self->alarm_id =
      boot_time != 0 ? bts_clock_add_alarm (self->context.clock, boot_time, on_alarm, self) : 0;
}

/* One that has been given its turn changes nothing for the others until it gives it back; and what
 * a finished one makes room for has been decided when it finished. */
static void
on_job_changed (BtsScheduler *self, BtsOperation *operation)
{
  if (!bts_jobs_is_active (self->jobs, operation) && !bts_operation_is_finished (operation))
    bts_scheduler_queue (self);
}

static void
on_operation_changed (BtsScheduler *self, BtsOperation *operation, guint changes)
{
  if (!self->is_telling && (changes & (BTS_CHANGE_STATUS | BTS_CHANGE_REQUEST)) != 0)
    bts_scheduler_queue (self);
}

static void
bts_scheduler_dispose (GObject *object)
{
  BtsScheduler *self = BTS_SCHEDULER (object);

  if (self->registry != NULL)
    bts_scheduler_stop (self);
  g_clear_object (&self->jobs);
  g_clear_object (&self->registry);
  G_OBJECT_CLASS (bts_scheduler_parent_class)->dispose (object);
}

static void
bts_scheduler_class_init (BtsSchedulerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bts_scheduler_dispose;
}

static void
bts_scheduler_init (BtsScheduler *self)
{
}

BtsScheduler *
bts_scheduler_new (BtsRegistry *registry, BtsJobs *jobs, const BtsJobContext *context)
{
  BtsScheduler *self = g_object_new (BTS_TYPE_SCHEDULER, NULL);

  self->registry = g_object_ref (registry);
  self->jobs = g_object_ref (jobs);
  self->context = *context;
  g_signal_connect_object (registry, "operation-added", G_CALLBACK (bts_scheduler_queue), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (registry, "operation-removed", G_CALLBACK (bts_scheduler_queue), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (registry, "operation-changed", G_CALLBACK (on_operation_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (context->groups, "group-changed", G_CALLBACK (bts_scheduler_queue), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (jobs, "changed", G_CALLBACK (on_job_changed), self, G_CONNECT_SWAPPED);
  bts_scheduler_queue (self);
  return self;
}

void
bts_scheduler_queue (BtsScheduler *self)
{
  gint64 rest_us;

  if (self->is_stopped || self->decide_limit_id != 0)
    return;
  rest_us = self->decide_earliest - bts_clock_get_boot_time (self->context.clock);
  if (rest_us < MAX_DECISION_DELAY_MS * G_TIME_SPAN_MILLISECOND)
    {
      self->decide_source_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, on_decide, self, NULL);
      rest_us = MAX_DECISION_DELAY_MS * G_TIME_SPAN_MILLISECOND;
    }
  self->decide_limit_id =
      g_timeout_add ((guint) (rest_us / G_TIME_SPAN_MILLISECOND), on_decide, self);
}

void
bts_scheduler_stop (BtsScheduler *self)
{
  self->is_stopped = TRUE;
  clear_decision (self);
  set_alarm (self, 0);
}
