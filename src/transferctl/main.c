/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>

#include "transferctl/commands.h"

static void
print_help (void)
{
  printf (
      _ ("Usage: transferctl [--system|--session] [--all-users] [--json] [--quiet] COMMAND …\n\n"
         "Transfers that go on without you, and survive whatever happens.\n\nCommands\n"));
  for (const BtsCommand *command = bts_commands; command->name != NULL; command++)
    printf ("  %-12s %s\n", command->name, _ (command->summary));
  printf (_ ("\nOperations are named by GUID, by a unique beginning of it, or by object path.\n"
             "“transferctl COMMAND --help” explains a command, “transferctl --version” the "
             "version.\n\n"
             "Exit status: 0 done, 1 failed, 2 usage, 3 the service cannot be reached, "
             "130 interrupted.\n"));
}

/* The place of the command: the first argument that is no option, none of which take a value
 * before a command. */
static int
find_command (int argc, char **argv)
{
  int place = 1;

  while (place < argc && argv[place][0] == '-')
    place++;
  return place;
}

/* The command's arguments: its name, and every other argument of the program. */
static char **
make_arguments (int argc, char **argv, int place)
{
  GStrvBuilder *builder = g_strv_builder_new ();
  char **arguments;

  g_strv_builder_add (builder, argv[place]);
  for (int i = 1; i < argc; i++)
    if (i != place)
      g_strv_builder_add (builder, argv[i]);
  arguments = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return arguments;
}

static BtsExitStatus
run (int argc, char **argv)
{
  g_auto (BtsContext) context = { NULL };
  g_auto (GStrv) arguments = NULL;
  const int place = find_command (argc, argv);

  for (int i = 1; i < place; i++)
    {
      if (g_str_equal (argv[i], "--version"))
        {
          printf ("transferctl %s\n", BTS_VERSION);
          return BTS_EXIT_DONE;
        }
      if (g_str_equal (argv[i], "--help") || g_str_equal (argv[i], "-h"))
        {
          print_help ();
          return BTS_EXIT_DONE;
        }
    }
  if (place >= argc)
    return bts_context_usage_error (&context,
                                    _ ("A command is missing; “transferctl --help” lists them"));
  context.command = bts_commands_lookup (argv[place]);
  if (context.command == NULL)
    return bts_context_usage_error (
        &context, _ ("“%s” is no command; “transferctl --help” lists them"), argv[place]);

  arguments = make_arguments (argc, argv, place);
  return context.command->run (&context, arguments);
}

/* A list that is not there as a whole must not count as printed. */
static BtsExitStatus
end_output (BtsExitStatus status)
{
  if (fflush (stdout) == 0 && !ferror (stdout))
    return status;
  bts_context_complain (_ ("Standard output: %s"), g_strerror (errno));
  return status == BTS_EXIT_DONE ? BTS_EXIT_FAILED : status;
}

int
main (int argc, char *argv[])
{
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, BTS_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("transferctl");

  return (int) end_output (run (argc, argv));
}
