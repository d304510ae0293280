/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <libsoup/soup.h>

#include "worker/transport/http-exchange.h"
#include "worker/transport/http-framing.h"
#include "worker/transport/http-target.h"

/* An answer whose head has come, and obeys the rules. */
typedef struct
{
  BtsHttpTarget target;    /* who has given it */
  SoupMessage *message;    /* (owned) */
  GInputStream *body;      /* (owned) */
  BtsHttpFraming *framing; /* (owned) */
  gboolean is_body_kept;   /* not sent, since only a challenge was to come of it */
  char spare[256];         /* read, but not yet asked for */
  gsize spare_start;
  gsize spare_end;
} BtsHttpAnswer;

/* Whether the rules are obeyed so far. */
gboolean
bts_http_answer_check_head (BtsHttpAnswer *self, BtsHttpExchange *exchange, GError **error);

/* As bts_http_client_read() and bts_http_client_check_excess(). */
gssize bts_http_answer_read (BtsHttpAnswer *self,
                             BtsHttpExchange *exchange,
                             gpointer buffer,
                             gsize size,
                             guint64 left,
                             GError **error);
gboolean
bts_http_answer_check_excess (BtsHttpAnswer *self, BtsHttpExchange *exchange, GError **error);

/* Lets go of the answer's own things, as bts_http_client_finish(); the target stays. */
void bts_http_answer_drop (BtsHttpAnswer *self, BtsHttpExchange *exchange);
