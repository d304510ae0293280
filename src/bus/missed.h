/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "model/owner.h"

/* The signals that were kept from connections while they did not read, for when they do again: a
 * program that was stopped must not wait for ever for what has happened meanwhile. Kept once for
 * all connections; of several changes of a property only the last. */
typedef struct _BtsMissed BtsMissed;

typedef struct
{
  const BtsOwner *owner;   /* (nullable): whose object it is about; NULL where everybody's */
  BtsViewpoint viewpoints; /* as it is seen from there; of an @owner only */
  const char *object_path;
  const char *interface_name;
  const char *signal_name;
  GVariant *parameters;
} BtsSignal;

BtsMissed *bts_missed_new (void);
void bts_missed_free (BtsMissed *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsMissed, bts_missed_free)

/* The connection @name misses the signal that is added next. */
void bts_missed_note (BtsMissed *self, const char *name);
void bts_missed_add (BtsMissed *self, const BtsSignal *signal);

/* Whether it has missed something, so that it must not be told of anything later. */
gboolean bts_missed_has (BtsMissed *self, const char *name);

/* Calls @tell with what @name has missed, in order, as long as that returns TRUE; the rest waits
 * for the next time. */
typedef gboolean (*BtsMissedTell) (const BtsSignal *signal, gpointer user_data);
void bts_missed_replay (BtsMissed *self, const char *name, BtsMissedTell tell, gpointer user_data);

/* The connection has gone. */
void bts_missed_forget (BtsMissed *self, const char *name);
