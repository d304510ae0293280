/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/audience.h"

/* A signal on its way to all who are entitled to it, or to @name. */
typedef struct
{
  BtsAudience *audience; /* (unowned) */
  const BtsSignal *signal;
  const char *name;
  const BtsOwner *caller;
  gboolean is_missed;
} Emission;

BtsAudience *
bts_audience_new (GDBusConnection *connection,
                  BtsCallerCache *callers,
                  BtsUnread *unread,
                  BtsCallPace *pace,
                  gboolean is_session)
{
  BtsAudience *self = g_new0 (BtsAudience, 1);

  self->connection = g_object_ref (connection);
  self->callers = g_object_ref (callers);
  self->unread = unread;
  self->pace = bts_call_pace_ref (pace);
  self->missed = bts_missed_new ();
  self->is_session = is_session;

  return self;
}

void
bts_audience_free (BtsAudience *self)
{
  g_clear_object (&self->connection);
  g_clear_object (&self->callers);
  bts_call_pace_unref (self->pace);
  bts_missed_free (self->missed);
  g_free (self);
}

gboolean
bts_audience_is_empty (BtsAudience *self, const BtsOwner *owner, BtsViewpoint viewpoints)
{
  if (self->is_session)
    return (viewpoints & BTS_VIEWPOINT_USER) == 0;

  return !bts_caller_cache_has_audience (self->callers, owner, viewpoints);
}

static void
emit_to (BtsAudience *self, const BtsSignal *signal, const char *destination)
{
  /* It fails only on a closed connection, and then there is nobody to tell. */
  g_dbus_connection_emit_signal (self->connection, destination, signal->object_path,
                                 signal->interface_name, signal->signal_name, signal->parameters,
                                 NULL);
  if (destination == NULL)
    return;
  bts_unread_count (self->unread, destination,
                    BTS_UNREAD_HEADER_BYTES + g_variant_get_size (signal->parameters));
  if (signal->owner != NULL)
    bts_call_pace_charge_bytes (self->pace, bts_owner_get_uid (signal->owner),
                                g_variant_get_size (signal->parameters));
}

static gboolean
may_see (const BtsOwner *caller, const BtsSignal *signal)
{
  return signal->owner == NULL ||
         (bts_owner_may_see (caller, signal->owner) &&
          (bts_owner_get_viewpoint (caller, signal->owner) & signal->viewpoints) != 0);
}

static void
emit_if_entitled (const char *name, BtsCaller *caller, gpointer user_data)
{
  Emission *emission = user_data;
  BtsAudience *self = emission->audience;

  if (!may_see (caller->owner, emission->signal))
    return;
  if (!bts_missed_has (self->missed, name) &&
      bts_unread_judge (self->unread, name) == BTS_UNREAD_GO_ON)
    {
      emit_to (self, emission->signal, name);
      return;
    }
  bts_missed_note (self->missed, name);
  emission->is_missed = TRUE;
}

void
bts_audience_emit (BtsAudience *self,
                   const BtsOwner *owner,
                   BtsViewpoint viewpoints,
                   const char *object_path,
                   const char *interface_name,
                   const char *signal_name,
                   GVariant *parameters)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (parameters);
  BtsSignal signal = { owner, viewpoints, object_path, interface_name, signal_name, sunk };
  Emission emission = { .audience = self, .signal = &signal };

  if (self->is_session)
    {
      if ((viewpoints & BTS_VIEWPOINT_USER) != 0)
        emit_to (self, &signal, NULL);
      return;
    }
  bts_caller_cache_foreach (self->callers, emit_if_entitled, &emission);
  if (emission.is_missed)
    bts_missed_add (self->missed, &signal);
}

static gboolean
tell_missed (const BtsSignal *signal, gpointer user_data)
{
  Emission *emission = user_data;

  if (bts_unread_judge (emission->audience->unread, emission->name) != BTS_UNREAD_GO_ON)
    return FALSE;
  if (may_see (emission->caller, signal))
    emit_to (emission->audience, signal, emission->name);

  return TRUE;
}

void
bts_audience_catch_up (BtsAudience *self, const char *name)
{
  BtsCaller *caller = bts_caller_cache_get (self->callers, name);
  Emission emission = { .audience = self, .name = name };

  if (caller == NULL)
    return;
  emission.caller = caller->owner;
  bts_missed_replay (self->missed, name, tell_missed, &emission);
}

void
bts_audience_forget (BtsAudience *self, const char *name)
{
  bts_missed_forget (self->missed, name);
}
