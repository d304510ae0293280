/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <glib/gi18n.h>

#include "transferctl/commands.h"

/* Commands of the reference that no version of the service can do yet. */
BtsExitStatus
bts_cmd_unsupported (BtsContext *context, char **arguments)
{
  /* Their options are not known, so that only --help has a meaning. */
  if (arguments[1] != NULL && g_str_equal (arguments[1], "--help") &&
      !bts_context_parse (context, NULL, arguments, 0, G_MAXUINT))
    return BTS_EXIT_USAGE;
  bts_context_complain (_ ("The service does not support “%s” yet"), context->command->name);
  return BTS_EXIT_FAILED;
}
