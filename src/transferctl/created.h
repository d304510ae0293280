/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "transferctl/context.h"

/* What the commands that create an operation do with it. */

/* Starts it and says which it is. */
BtsExitStatus bts_created_detach (BtsContext *context, BgtOperation *operation);

/* Starts it and stays until it is finished. Takes @operation. */
BtsExitStatus bts_created_follow (BtsContext *context, BgtOperation *operation, gboolean keeps);

/* There is none. @destination: "" for an upload. */
BtsExitStatus bts_created_refuse (BtsContext *context,
                                  const char *uri,
                                  const char *destination,
                                  const GError *error);
