/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* What a process shows of itself, as it is read: a{sv} with
 *   flatpak-info ay   the content of the /.flatpak-info that it sees, or the outermost of its
 *                     ancestors that sees one; none where there is none
 *   is-unseen b       TRUE where nobody but its own user may find that out, or it is not as it
 *                     ought to be; what then stands in the others is not to be relied upon
 *   started t         when it began, as bts_process_info_get_time() counts
 *   cgroup ay, executable ay, name ay   from /proc, those that could be read
 *
 * NOT_FOUND where the process has gone. Read in a thread, perhaps for long: its files are its own.
 */
void bts_process_info_read_async (guint32 pid, GAsyncReadyCallback callback, gpointer user_data);
GVariant *bts_process_info_read_finish (GAsyncResult *result, GError **error);

/* What time it is, in the steps in which the kernel says when processes began. */
guint64 bts_process_info_get_time (void);
