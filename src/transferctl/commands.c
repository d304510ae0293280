/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/commands.h"

#include <glib/gi18n.h>

const BtsCommand bts_commands[] = {
  { "download", "URL", N_ ("Get a file, and follow it until it is here"), bts_cmd_download },
  { "upload", "FILE… URL", N_ ("Send files, and follow them until they are there"),
    bts_cmd_upload },
  { "list", "", N_ ("List the operations"), bts_cmd_list },
  { "show", "ID", N_ ("Show everything about an operation"), bts_cmd_show },
  { "wait", "ID…", N_ ("Wait until operations are finished"), bts_cmd_wait },
  { "monitor", "", N_ ("Print whatever happens"), bts_cmd_monitor },
  { "start", "ID…", N_ ("Start operations"), bts_cmd_control },
  { "pause", "ID…", N_ ("Pause operations, keeping what has arrived"), bts_cmd_control },
  { "resume", "ID…", N_ ("Go on with paused or failed operations"), bts_cmd_control },
  { "cancel", "ID…", N_ ("Give operations up and remove their partial files"), bts_cmd_control },
  { "acknowledge", "ID…", N_ ("Forget finished operations"), bts_cmd_control },
  { "set", "ID PROPERTY=VALUE…", N_ ("Change an operation"), bts_cmd_set },
  { "cat", "ID", N_ ("Print what has arrived, following while it grows"), bts_cmd_cat },
  { "groups", "", N_ ("List the groups"), bts_cmd_groups },
  { "network", "", N_ ("Show what the service knows of the network"), bts_cmd_network },
  { "power", "", N_ ("Show what the service knows of the power supply"), bts_cmd_power },
  { "data-plan", "[set|remove [UUID]]", N_ ("Show and change data plans"), bts_cmd_data_plan },
  { NULL, NULL, NULL, NULL },
};

const BtsCommand *
bts_commands_lookup (const char *name)
{
  for (const BtsCommand *command = bts_commands; command->name != NULL; command++)
    if (g_str_equal (command->name, name))
      return command;
  return NULL;
}
