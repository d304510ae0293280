/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/settle.h"

#include "bus/property-notifier.h"

typedef struct
{
  BtsInvocation *call; /* (owned) */
  guint64 version;
} Settling;

static void
on_settled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autofree Settling *settling = user_data;
  g_autoptr (BtsInvocation) call = g_steal_pointer (&settling->call);
  GError *error = NULL;

  if (!bts_engine_settle_finish (BTS_ENGINE (source), result, &error))
    {
      bts_invocation_return_error (g_steal_pointer (&call), error);
      return;
    }

  bts_property_notifier_take_saved (call->bus->notifier, call->operation, settling->version);
  bts_invocation_return (g_steal_pointer (&call), NULL);
}

void
bts_settle_and_return (BtsInvocation *call)
{
  Settling *settling = g_new0 (Settling, 1);

  /* It is written into the store as a whole. */
  bts_call_pace_charge_bytes (call->bus->pace, bts_owner_get_uid (call->caller->owner),
                              bts_request_get_size (bts_operation_get_request (call->operation)));
  settling->call = call;
  settling->version = bts_operation_get_version (call->operation);
  bts_engine_settle_async (call->bus->service.engine, call->operation, NULL, on_settled, settling);
}
