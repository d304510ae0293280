/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <gio/gio.h>

/* The descriptors that a call brings. */

/* Those that @handles, an `ah`, names; lent one by one. (transfer container) (element-type int) */
GArray *bts_call_files_get (GDBusMethodInvocation *invocation, GVariant *handles);

/* Copies of @files (nullable), closed with the array; what cannot be copied is left out. */
GArray *bts_call_files_dup (GArray *files);

/* Which of @files, of Check or Start, is the destination of @request, a download, and, standing
 * last, what it sends as its body; -1 where there is none. */
void bts_call_files_sort (GArray *files, GVariant *request, int *file, int *body);
