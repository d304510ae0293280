/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Whether @fd is to be read once, to its end: a pipe, a socket of a connection, or a regular file
 * without a name, such as a memfd, which nobody could open again. */
gboolean bts_descriptor_is_stream (int fd);

/* Lets this process have as many descriptors as it may: what is usual is little, for the sake of
 * programs that use select(). */
void bts_descriptor_raise_limit (void);
