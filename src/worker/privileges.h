/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>
#include <sys/types.h>

/* Becomes @uid for good, with its groups and its environment. Of no effect where the process
 * runs as @uid already. */
gboolean bts_privileges_become (uid_t uid, GError **error);

/* Nothing that is executed from here on gains anything, and the memory, where credentials are, is
 * readable by nobody: no core dump, no debugger of the same user. */
gboolean bts_privileges_lock (GError **error);
