/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "bus/create-operation.h"

/* The parameters of the Create… calls as specs. */

/* @options with what the parameters of the call say. INVALID_ARGUMENT where an option says what
 * only a parameter may. Takes @fd. */
BtsCreateSpec *bts_create_spec_from_call (BgtOperationKind kind,
                                          const char *uri,
                                          const char *file, /* (nullable) */
                                          int fd,
                                          GVariant *options,
                                          GError **error);

/* The same for an upload of @parts with @files, as bts_part_files_take() leaves them. Takes what is
 * in @files. */
BtsCreateSpec *bts_create_spec_from_parts (
    const char *uri, GVariant *parts, BtsDescriptors *files, GVariant *options, GError **error);

/* One dictionary of CreateOperations; @call has the descriptors. */
BtsCreateSpec *
bts_create_spec_from_dictionary (BtsInvocation *call, GVariant *dictionary, GError **error);

/* Takes the descriptor that the option `body` of a download names, where it names one. */
gboolean bts_create_spec_take_body (BtsCreateSpec *self, BtsInvocation *call, GError **error);
