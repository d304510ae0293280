/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/interface.h"

/* The parts of a multipart upload, aa{sv}, not floating. Their descriptors are added to @files, and
 * an empty `found` stands in place of each `fd`: what it is, the engine finds out. INVALID_ARGUMENT
 * where the call does not bring it, LIMIT_EXCEEDED. */
GVariant *
bts_part_files_take (BtsInvocation *call, GVariant *parts, BtsDescriptors *files, GError **error);

/* What of @files cannot be read twice is read first: moves it to the streams. Which of them that
 * is, the engine has found out and @request says. */
void bts_part_files_set_streams_apart (BtsDescriptors *files, BtsRequest *request);
