/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Sees every call before GDBus does, which answers some by itself and at once: those on nothing of
 * ours, and those of its own interfaces. */
typedef struct _BtsCallFilter BtsCallFilter;

typedef struct
{
  /* A call of Introspect on one of our paths, taken out of the stream: GDBus cannot wait for its
   * caller to be looked up. */
  void (*introspected) (GDBusMessage *message, gpointer user_data);
  /* @name has made @n_calls more; also after its first one. */
  void (*called) (const char *name, guint n_calls, gpointer user_data);
} BtsCallFilterHooks;

/* The hooks are called in the thread-default main context of this call. Of one connection no more
 * than @max_descriptors are kept open at once: others are closed before anybody sees them. */
BtsCallFilter *bts_call_filter_new (GDBusConnection *connection,
                                    guint max_descriptors,
                                    const BtsCallFilterHooks *hooks,
                                    gpointer user_data);
void bts_call_filter_free (BtsCallFilter *self);

/* From now on no call of @name reaches anybody, or each does again. */
void bts_call_filter_ignore (BtsCallFilter *self, const char *name, gboolean is_ignored);

/* The connection has gone. */
void bts_call_filter_forget (BtsCallFilter *self, const char *name);
