/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <sys/types.h>

#include "common/clock.h"

/* What waits unread for each connection. A bus keeps what a client does not read, and stops taking
 * anything from a service of which it keeps too much: then everybody waits for one. So each
 * connection, and all of a user together, may leave so much unread and no more. How much that is,
 * the bus is asked now and then; between two questions everything counts as unread. */
typedef struct _BtsUnread BtsUnread;

/* In the order of how bad it is. */
typedef enum
{
  BTS_UNREAD_GO_ON,  /* it may be sent more */
  BTS_UNREAD_REFUSE, /* others of its user read nothing: it gets nothing but an error */
  BTS_UNREAD_WAIT,   /* not now: `changed` says when */
  BTS_UNREAD_IGNORE, /* likewise; and it makes so many calls that none is even looked at */
} BtsUnreadVerdict;

/* The user of a connection of which it is not known yet. */
#define BTS_UNREAD_UNKNOWN_UID ((uid_t) -1)

typedef struct
{
  /* Finds out how much waits for a connection, for bts_unread_take_answer, after this has
   * returned. */
  void (*ask) (const char *name, gpointer user_data);
  /* The verdict over a connection is another one now than what was said last. */
  void (*changed) (const char *name, BtsUnreadVerdict verdict, gpointer user_data);
} BtsUnreadHooks;

/* @hooks stay the caller's. */
BtsUnread *bts_unread_new (BtsClock *clock, const BtsUnreadHooks *hooks, gpointer user_data);
void bts_unread_free (BtsUnread *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BtsUnread, bts_unread_free)

/* Begins to count for a connection, or only says whose it is. Others may be sent anything. */
void bts_unread_add (BtsUnread *self, const char *name, uid_t uid);
void bts_unread_remove (BtsUnread *self, const char *name);

/* What a message has beside its body, about. */
#define BTS_UNREAD_HEADER_BYTES 256

/* So much has been sent to it. */
void bts_unread_count (BtsUnread *self, const char *name, gsize n_bytes);

/* It has made so many calls, and who answers them is not known. */
void bts_unread_count_calls (BtsUnread *self, const char *name, guint n_calls);

BtsUnreadVerdict bts_unread_judge (BtsUnread *self, const char *name);

/* The answer to `ask`: so much of what was sent before the question is unread. */
void bts_unread_take_answer (BtsUnread *self, const char *name, gsize n_bytes);
