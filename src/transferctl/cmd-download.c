/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "transferctl/arguments.h"
#include "transferctl/commands.h"
#include "transferctl/created.h"
#include "transferctl/download-options.h"
#include "transferctl/follow.h"

/* The service must find the file of an operation that it keeps. */
static gboolean
may_be_renamed (const BtsDownloadOptions *options)
{
  return options->output == NULL && !options->keeps && !options->is_detached;
}

/* Nothing is replaced before it is known which name the server gives. Returns whether it is to be
 * then. */
static gboolean
put_off_replacing (BtsDownloadOptions *options)
{
  if (!may_be_renamed (options) || g_strcmp0 (options->overwrite, "replace") != 0)
    return FALSE;
  g_free (options->overwrite);
  options->overwrite = g_strdup ("unique");
  return TRUE;
}

static BtsExitStatus
download (BtsContext *context,
          BtsDownloadOptions *options,
          const char *uri,
          const char *destination,
          GVariant *variant,
          GUnixFDList *files,
          gboolean replaces)
{
  g_autoptr (BgtDownload) operation = NULL;
  g_autoptr (GPtrArray) operations = NULL;
  g_autoptr (GError) error = NULL;

  operation = bgt_manager_create_download_sync (context->manager, uri, destination, variant, files,
                                                NULL, &error);
  if (operation == NULL)
    return bts_created_refuse (context, uri, destination, error);
  if (options->is_detached)
    return bts_created_detach (context, BGT_OPERATION (operation));
  if (!may_be_renamed (options))
    return bts_created_follow (context, BGT_OPERATION (g_steal_pointer (&operation)),
                               options->keeps);

  operations = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (operations, g_steal_pointer (&operation));
  return bts_follow (context, operations,
                     BTS_FOLLOW_START | BTS_FOLLOW_ACKNOWLEDGE | BTS_FOLLOW_SERVED_NAME |
                         (replaces ? BTS_FOLLOW_REPLACE : BTS_FOLLOW_NONE));
}

BtsExitStatus
bts_cmd_download (BtsContext *context, char **arguments)
{
  g_auto (BtsDownloadOptions) options = { NULL };
  g_autofree GOptionEntry *entries = bts_download_options_make_entries (&options);
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  g_autofree char *destination = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GError) error = NULL;
  const char *uri;
  gboolean replaces;
  BtsExitStatus status;

  if (!bts_context_parse (context, entries, arguments, 1, 1))
    return BTS_EXIT_USAGE;
  uri = context->arguments[0];
  if (!bts_arguments_check_uri (uri, &error))
    return bts_context_usage_error (context, "%s", error->message);
  destination = bts_arguments_make_destination (options.output, uri, &error);
  if (destination == NULL)
    return bts_context_usage_error (context, "%s", error->message);
  name = g_path_get_basename (destination);
  replaces = put_off_replacing (&options);
  variant = bts_download_options_make_variant (&options, name, files, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return BTS_EXIT_INTERRUPTED;
  if (variant == NULL)
    return bts_context_usage_error (context, "%s", error->message);
  g_variant_ref_sink (variant);

  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  return download (context, &options, uri, destination, variant, files, replaces);
}
