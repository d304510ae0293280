/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The descriptors that a call brings. */

/* Those that @handles, an `ah`, names, closed with the array; NULL where one cannot be had: which
 * is for what is told by their order. (transfer full) (element-type int) */
GArray *bts_call_files_get (GDBusMethodInvocation *invocation, GVariant *handles, GError **error);

/* Which of @files, of Check or Start, is the destination of @request, a download, and, standing
 * last, what it sends as its body; -1 where there is none. */
void bts_call_files_sort (GArray *files, GVariant *request, int *file, int *body);
