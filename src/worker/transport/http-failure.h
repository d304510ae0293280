/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "worker/transport/http-exchange.h"
#include "worker/transport/http-target.h"

/* Why there is no answer, or not all of one: what libsoup says, and what the layers below it have
 * noted. */

/* What went wrong, by the layer that knows best. */
void bts_http_failure_set (BtsHttpExchange *exchange,
                           const GError *cause,
                           const char *what,
                           GError **error);

/* No answer has come from @target. */
void bts_http_failure_set_without_answer (BtsHttpExchange *exchange,
                                          const BtsHttpTarget *target,
                                          const GError *cause,
                                          GError **error);

/* What has come breaks the rules, or off. */
void bts_http_failure_set_problem (const char *problem, GError **error);
void bts_http_failure_set_within_head (GError **error);
