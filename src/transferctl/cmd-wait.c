/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/commands.h"
#include "transferctl/follow.h"
#include "transferctl/resolve.h"

BtsExitStatus
bts_cmd_wait (BtsContext *context, char **arguments)
{
  g_autoptr (GPtrArray) operations = NULL;
  BtsExitStatus status;

  if (!bts_context_parse (context, NULL, arguments, 1, G_MAXUINT))
    return BTS_EXIT_USAGE;
  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  operations = bts_resolve_all (context, context->arguments, &status);
  if (operations == NULL)
    return status;
  return bts_follow (context, operations, BTS_FOLLOW_NONE);
}
