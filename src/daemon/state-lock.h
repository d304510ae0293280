/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* One service a state folder: two would hand the same partial file to two workers. The lock goes
 * with the process. Makes the folder where it is missing; -1 where another service has it, or it
 * cannot be written. The caller keeps the descriptor open. */
int bts_state_lock_take (const char *folder, GError **error);
