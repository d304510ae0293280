/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

#include "bus/call-pace.h"
#include "bus/caller-cache.h"
#include "bus/missed.h"
#include "bus/unread.h"

/* Which connections get whose signals: on the system bus each that may see them, by unicast; on
 * the session bus whoever listens. One that does not read gets none. Immutable, owned by the
 * service. */

typedef struct
{
  GDBusConnection *connection; /* (owned) */
  BtsCallerCache *callers;     /* (owned) */
  BtsUnread *unread;           /* (unowned) */
  BtsCallPace *pace;           /* (owned) */
  BtsMissed *missed;           /* (owned) */
  gboolean is_session;
} BtsAudience;

BtsAudience *bts_audience_new (GDBusConnection *connection,
                               BtsCallerCache *callers,
                               BtsUnread *unread,
                               BtsCallPace *pace,
                               gboolean is_session);
void bts_audience_free (BtsAudience *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsAudience, bts_audience_free)

/* Whether a signal about something of @owner would reach nobody at these viewpoints. */
gboolean bts_audience_is_empty (BtsAudience *self, const BtsOwner *owner, BtsViewpoint viewpoints);

/* Sends a signal about something of @owner to those who see it from one of these viewpoints, or of
 * nobody in particular where NULL, which is for everyone who has called; takes a floating
 * @parameters. */
void bts_audience_emit (BtsAudience *self,
                        const BtsOwner *owner, /* (nullable) */
                        BtsViewpoint viewpoints,
                        const char *object_path,
                        const char *interface_name,
                        const char *signal_name,
                        GVariant *parameters);

/* @name may be sent more again: it gets what it has missed. */
void bts_audience_catch_up (BtsAudience *self, const char *name);

/* The connection has gone. */
void bts_audience_forget (BtsAudience *self, const char *name);
