/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include <glib.h>

/* Whether @fd is to be read once, to its end: a pipe, a socket of a connection, or a regular file
 * without a name, such as a memfd, which nobody could open again. */
gboolean bts_descriptor_is_stream (int fd);
