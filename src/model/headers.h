/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* @headers (nullable), an a{ss}, with @name as @value, or without it where that is NULL; floating,
 * NULL where there were none and are none. Names are compared without regard to case. */
GVariant *bts_headers_with (GVariant *headers, const char *name, const char *value);
