/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* The parts of a multipart upload with `found` in place of `fd`: by which file it was, the user's
 * worker opens it again. aa{sv}, not floating. INVALID_ARGUMENT and ACCESS_DENIED where a
 * descriptor cannot be sent. Of pipes and sockets only that they are such can be said: they are
 * added to @files. */
GVariant *
bts_part_files_take (BtsInvocation *call, GVariant *parts, BtsDescriptors *files, GError **error);
