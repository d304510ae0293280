/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Which of the descriptors of a request are pipes or sockets, and have to be kept before anything
 * is sent. */

/* Whether that which @key of @dictionary, a request or a part of one, tells of is. */
gboolean bts_request_streams_has (GVariant *dictionary, const char *key);

/* How many there are in all. */
guint bts_request_streams_count (GVariant *request);
