/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "model/reported.h"

void
bts_reported_init (BtsReported *self)
{
  *self = (BtsReported){ .ranges = bts_byte_ranges_new () };
}

void
bts_reported_clear (BtsReported *self)
{
  g_clear_pointer (&self->ranges, bts_byte_ranges_free);
  g_clear_pointer (&self->ranges_variant, g_variant_unref);
  g_clear_pointer (&self->response, g_variant_unref);
  g_clear_pointer (&self->checkpoint, g_variant_unref);
  g_clear_pointer (&self->destination, g_free);
}

/* Returns @change where there is one. */
static guint
set_number (guint64 *member, guint64 value, guint change)
{
  if (*member == value)
    return 0;

  *member = value;
  return change;
}

static gboolean
set_flag (gboolean *member, gboolean value)
{
  if (!value || *member)
    return FALSE;

  *member = TRUE;
  return TRUE;
}

static gboolean
set_dictionary (GVariant **member, GVariant *value)
{
  g_autoptr (GVariant) compact = value != NULL ? bts_report_make_compact (value) : NULL;

  if (compact == NULL || (*member != NULL && bts_report_is_same (*member, compact)))
    return FALSE;

  g_clear_pointer (member, g_variant_unref);
  *member = g_steal_pointer (&compact);
  return TRUE;
}

/* Takes @ranges. */
static void
set_ranges (BtsReported *self, BtsByteRanges *ranges)
{
  bts_byte_ranges_free (self->ranges);
  self->ranges = ranges;
  g_clear_pointer (&self->ranges_variant, g_variant_unref);
}

guint
bts_reported_take_progress (BtsReported *self,
                            guint64 bytes_received,
                            guint64 total_to_receive,
                            guint64 bytes_sent,
                            guint64 total_to_send,
                            gboolean is_stream)
{
  return set_number (&self->bytes_received, bytes_received, BTS_CHANGE_PROGRESS) |
         set_number (&self->bytes_sent, bytes_sent, BTS_CHANGE_PROGRESS) |
         set_number (&self->total_to_receive, total_to_receive, BTS_CHANGE_RESPONSE) |
         set_number (&self->total_to_send, total_to_send,
                     is_stream ? BTS_CHANGE_PROGRESS : BTS_CHANGE_RESPONSE);
}

static gboolean
take_ranges (BtsReported *self, BtsWorkerUpdate *update, gboolean *was_restarted)
{
  g_autoptr (BtsByteRanges) ranges = NULL;

  if (update->ranges == NULL && update->added == NULL)
    return FALSE;

  ranges = bts_byte_ranges_copy (update->ranges != NULL ? update->ranges : self->ranges);
  for (gsize i = 0; update->added != NULL && i < g_variant_n_children (update->added); i++)
    {
      guint64 offset;
      guint64 length;

      g_variant_get_child (update->added, i, "(tt)", &offset, &length);
      bts_byte_ranges_add (ranges, offset, length);
    }

  if (bts_byte_ranges_get_count (ranges) > BTS_MAX_RANGES ||
      bts_byte_ranges_equal (self->ranges, ranges))
    return FALSE;

  *was_restarted = !bts_byte_ranges_contain (ranges, self->ranges);
  set_ranges (self, g_steal_pointer (&ranges));
  return TRUE;
}

static guint
take_numbers (BtsReported *self, BtsWorkerUpdate *update)
{
  guint changes = 0;

  if (update->is_set[BTS_WORKER_UPDATE_BYTES_RECEIVED])
    changes |= set_number (&self->bytes_received, update->bytes_received, BTS_CHANGE_PROGRESS);
  if (update->is_set[BTS_WORKER_UPDATE_BYTES_SENT])
    changes |= set_number (&self->bytes_sent, update->bytes_sent, BTS_CHANGE_PROGRESS);
  if (update->is_set[BTS_WORKER_UPDATE_TOTAL_TO_RECEIVE])
    changes |= set_number (&self->total_to_receive, update->total_to_receive, BTS_CHANGE_RESPONSE);
  if (update->is_set[BTS_WORKER_UPDATE_TOTAL_TO_SEND])
    changes |= set_number (&self->total_to_send, update->total_to_send, BTS_CHANGE_RESPONSE);

  return changes;
}

guint
bts_reported_take_update (BtsReported *self,
                          BtsWorkerUpdate *update,
                          const char *destination,
                          gboolean *was_restarted)
{
  guint changes = take_numbers (self, update);
  gboolean is_durable = FALSE;

  *was_restarted = FALSE;
  is_durable |= take_ranges (self, update, was_restarted);
  *was_restarted |= update->has_restarted && !self->has_restarted;
  is_durable |= set_dictionary (&self->checkpoint, update->checkpoint);
  is_durable |= set_dictionary (&self->response, update->response);
  is_durable |= set_flag (&self->has_restarted, update->has_restarted);
  is_durable |= set_flag (&self->has_response_changed, update->has_response_changed);
  is_durable |= set_flag (&self->source_is_kept, update->source_is_kept);
  if (update->destination != NULL && g_strcmp0 (update->destination, destination) != 0)
    {
      g_free (self->destination);
      self->destination = g_steal_pointer (&update->destination);
      is_durable = TRUE;
    }

  return changes | (is_durable ? BTS_CHANGE_RESPONSE : 0);
}

void
bts_reported_get_state (BtsReported *self, BtsOperationState *state)
{
  if (self->ranges_variant == NULL && bts_byte_ranges_get_count (self->ranges) > 0)
    self->ranges_variant = bts_byte_ranges_to_variant (self->ranges);

  state->bytes_received = self->bytes_received;
  state->total_to_receive = self->total_to_receive;
  state->bytes_sent = self->bytes_sent;
  state->total_to_send = self->total_to_send;
  state->has_restarted = self->has_restarted;
  state->has_response_changed = self->has_response_changed;
  state->source_is_kept = self->source_is_kept;
  state->destination = self->destination;
  state->response = self->response;
  state->checkpoint = self->checkpoint;
  state->ranges = self->ranges_variant;
}

void
bts_reported_restore (BtsReported *self, const BtsOperationState *state)
{
  BtsByteRanges *ranges =
      state->ranges != NULL ? bts_byte_ranges_from_variant (state->ranges) : NULL;

  self->bytes_received = state->bytes_received;
  self->total_to_receive = state->total_to_receive;
  self->bytes_sent = state->bytes_sent;
  self->total_to_send = state->total_to_send;
  self->has_restarted = state->has_restarted;
  self->has_response_changed = state->has_response_changed;
  self->source_is_kept = state->source_is_kept;
  g_free (self->destination);
  self->destination = g_strdup (state->destination);
  set_dictionary (&self->response, state->response);
  set_dictionary (&self->checkpoint, state->checkpoint);
  if (ranges != NULL)
    set_ranges (self, ranges);
}
