/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* The first @max_bytes of @text (nullable), or some bytes less, so that no character is cut apart.
 * NULL where @text is. */
char *bts_cut_text (const char *text, gsize max_bytes);
