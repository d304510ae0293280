/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#pragma once

#include "transferctl/context.h"
#include "transferctl/exit-status.h"

/* One row a subcommand. */
struct _BtsCommand
{
  const char *name;
  const char *parameters; /* as in the usage line */
  const char *summary;    /* N_() */
  BtsExitStatus (*run) (BtsContext *context, char **arguments);
};

/* Ends with a row without a name. */
extern const BtsCommand bts_commands[];

const BtsCommand *bts_commands_lookup (const char *name);

BtsExitStatus bts_cmd_cat (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_control (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_data_plan (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_download (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_groups (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_list (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_monitor (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_network (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_power (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_set (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_show (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_upload (BtsContext *context, char **arguments);
BtsExitStatus bts_cmd_wait (BtsContext *context, char **arguments);
