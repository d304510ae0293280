/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

#include "model/operation.h"

/* The folder of the operations' records, each under its operation's GUID, as it is found at a
 * start. */

/* Makes it where it is missing, takes its lock, and removes what a crash has left half done. The
 * descriptor, or -1 and FAILED where it cannot be written. */
int bts_record_folder_open (const char *path, GError **error);

/* Reads every operation: what is newer is in @journaled (bts_journal_dup_changes()). A file that
 * cannot be read is renamed to NAME.unreadable and named in the log. */
GPtrArray * /* (element-type BtsOperation) (transfer container) */
bts_record_folder_load (int folder, const char *path, GHashTable *journaled);
