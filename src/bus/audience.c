/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/audience.h"

typedef struct
{
  BtsAudience *audience;      /* (unowned) */
  const BtsOwner *owner;      /* (unowned) */
  const char *object_path;    /* (unowned) */
  const char *interface_name; /* (unowned) */
  const char *signal_name;    /* (unowned) */
  GVariant *parameters;       /* (unowned) */
} Emission;

BtsAudience *
bts_audience_new (GDBusConnection *connection,
                  BtsCallerCache *callers,
                  BtsUnread *unread,
                  gboolean is_session)
{
  BtsAudience *self = g_new0 (BtsAudience, 1);

  self->connection = g_object_ref (connection);
  self->callers = g_object_ref (callers);
  self->unread = unread;
  self->is_session = is_session;

  return self;
}

void
bts_audience_free (BtsAudience *self)
{
  g_clear_object (&self->connection);
  g_clear_object (&self->callers);
  g_free (self);
}

gboolean
bts_audience_is_empty (BtsAudience *self, const BtsOwner *owner)
{
  return !self->is_session && !bts_caller_cache_has_audience (self->callers, owner);
}

#define HEADER_BYTES 256

static void
emit_to (const Emission *emission, const char *destination)
{
  /* It fails only on a closed connection, and then there is nobody to tell. */
  g_dbus_connection_emit_signal (emission->audience->connection, destination, emission->object_path,
                                 emission->interface_name, emission->signal_name,
                                 emission->parameters, NULL);
}

static void
emit_if_entitled (const char *name, BtsCaller *caller, gpointer user_data)
{
  const Emission *emission = user_data;
  BtsUnread *unread = emission->audience->unread;

  if (emission->owner != NULL && !bts_owner_may_see (caller->owner, emission->owner))
    return;
  if (bts_unread_judge (unread, name) != BTS_UNREAD_GO_ON)
    return;

  bts_unread_count (unread, name, HEADER_BYTES + g_variant_get_size (emission->parameters));
  emit_to (emission, name);
}

void
bts_audience_emit (BtsAudience *self,
                   const BtsOwner *owner,
                   const char *object_path,
                   const char *interface_name,
                   const char *signal_name,
                   GVariant *parameters)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (parameters);
  Emission emission = { self, owner, object_path, interface_name, signal_name, sunk };

  if (self->is_session)
    emit_to (&emission, NULL);
  else
    bts_caller_cache_foreach (self->callers, emit_if_entitled, &emission);
}
