/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* Tasks that are answered once a version of something is durable, or is known not to be. */

typedef struct _BtsWaiters BtsWaiters;

BtsWaiters *bts_waiters_new (void);
/* Those that still wait get no answer. */
void bts_waiters_free (BtsWaiters *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsWaiters, bts_waiters_free)

gboolean bts_waiters_is_empty (BtsWaiters *self);

void bts_waiters_add (BtsWaiters *self, GTask *task, guint64 version);

/* Takes those out that wait for @version or an older one. */
BtsWaiters *bts_waiters_steal (BtsWaiters *self, guint64 version);

/* TRUE, or @error where it is not NULL. */
void bts_waiters_answer (BtsWaiters *self, const GError *error);

/* @task, which has no other data, waits for so many things: it is answered with the last, by the
 * first error of any. */
void bts_waiter_expect (GTask *task, guint n_answers);

/* One answer, for which nobody has to wait. */
void bts_waiter_answer (GTask *task, const GError *error);
