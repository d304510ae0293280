/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* What workers answer: they are users' processes and may say anything, and some of it is passed on
 * to the bus, which would cut the service off for too long a message. */

/* Of an error that a call to a worker has ended with, leaves what is for its caller. */
void bts_worker_answer_clean_error (GError *error);

/* Whether so much can have been found out about a request. */
gboolean bts_worker_answer_check_found (GVariant *found, GError **error);

/* The same of what a process shows of itself, which is taken apart on the main loop. */
gboolean bts_worker_answer_check_process (GVariant *found, GError **error);
