/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/operation-view.h"

BtsOperationView *
bts_operation_view_new (BtsOperation *operation)
{
  BtsOperationView *self = g_new0 (BtsOperationView, 1);

  self->operation = g_object_ref (operation);
  self->viewpoint = BTS_VIEWPOINT_USER;
  self->is_canceling = bts_operation_get_intent (operation) == BTS_INTENT_CANCEL;
  self->status = bts_operation_get_status (operation);
  self->finished = bts_operation_get_finished (operation);
  self->web_error = bts_operation_get_web_error (operation);
  self->error_message = g_strdup (bts_operation_get_error_message (operation));
  self->request = bts_request_ref (bts_operation_get_request (operation));
  self->destination = g_strdup (bts_operation_get_destination (operation));
  self->has_restarted = bts_operation_has_restarted (operation);
  self->has_response_changed = bts_operation_has_response_changed (operation);
  self->total_to_receive = bts_operation_get_total_to_receive (operation);
  self->total_to_send = bts_operation_get_total_to_send (operation);
  self->ranges = bts_byte_ranges_copy (bts_operation_get_ranges (operation));
  bts_operation_view_refresh (self, TRUE);

  return self;
}

BtsOperationView *
bts_operation_view_copy (const BtsOperationView *self)
{
  BtsOperationView *copy = g_memdup2 (self, sizeof (BtsOperationView));

  g_object_ref (copy->operation);
  bts_request_ref (copy->request);
  copy->error_message = g_strdup (self->error_message);
  copy->destination = g_strdup (self->destination);
  copy->ranges = bts_byte_ranges_copy (self->ranges);

  return copy;
}

void
bts_operation_view_free (BtsOperationView *self)
{
  g_clear_object (&self->operation);
  g_clear_pointer (&self->request, bts_request_unref);
  g_free (self->error_message);
  g_free (self->destination);
  bts_byte_ranges_free (self->ranges);
  g_free (self);
}

gboolean
bts_operation_view_refresh (BtsOperationView *self, gboolean is_saved)
{
  BtsOperation *operation = self->operation;
  BtsOperationView before = *self;

  self->bytes_received = bts_operation_get_bytes_received (operation);
  self->bytes_sent = bts_operation_get_bytes_sent (operation);
  if (bts_operation_awaits_source (operation))
    self->total_to_send = bts_operation_get_total_to_send (operation);
  if (is_saved)
    {
      self->blockers = bts_operation_get_blockers (operation);
      self->next_attempt = bts_operation_get_next_attempt (operation);
    }

  return self->bytes_received != before.bytes_received || self->bytes_sent != before.bytes_sent ||
         self->total_to_send != before.total_to_send || self->blockers != before.blockers ||
         self->next_attempt != before.next_attempt;
}
