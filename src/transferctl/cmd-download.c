/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <stdio.h>

#include "transferctl/arguments.h"
#include "transferctl/commands.h"
#include "transferctl/download-options.h"
#include "transferctl/follow.h"
#include "transferctl/json.h"

static BtsExitStatus
detach (BtsContext *context, BgtDownload *download)
{
  BgtOperation *operation = BGT_OPERATION (download);
  g_autoptr (GError) error = NULL;

  if (!bgt_operation_start_sync (operation, NULL, &error))
    return bts_context_report (context, bgt_operation_get_guid (operation), error);
  if (context->is_json)
    bts_json_print_line (bts_json_describe (operation, NULL, FALSE));
  else
    printf ("%s\n", bgt_operation_get_guid (operation));
  return BTS_EXIT_DONE;
}

/* The last object says why, also where there is no operation that it could describe. */
static void
print_refusal (const char *uri, const char *destination, const GError *error)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "guid", "");
  json_object_set_string_member (object, "status", "error");
  json_object_set_string_member (object, "requested_uri", uri);
  json_object_set_string_member (object, "web_error_status", "");
  json_object_set_string_member (object, "error_message", error->message);
  json_object_set_int_member (object, "http_status", 0);
  json_object_set_int_member (object, "bytes_received", 0);
  json_object_set_int_member (object, "bytes_sent", 0);
  json_object_set_string_member (object, "destination", destination);
  bts_json_print_line (object);
}

static BtsExitStatus
download (BtsContext *context,
          BtsDownloadOptions *options,
          const char *uri,
          const char *destination,
          GVariant *variant,
          GUnixFDList *files)
{
  g_autoptr (GPtrArray) operations = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  BgtDownload *operation;

  operation = bgt_manager_create_download_sync (context->manager, uri, destination, variant, files,
                                                NULL, &error);
  if (operation == NULL)
    {
      if (context->is_json)
        print_refusal (uri, destination, error);
      return bts_context_report (context, NULL, error);
    }
  g_ptr_array_add (operations, operation);
  if (options->is_detached)
    return detach (context, operation);
  return bts_follow (context, operations,
                     BTS_FOLLOW_START | (options->keeps ? 0 : BTS_FOLLOW_ACKNOWLEDGE));
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
  variant = bts_download_options_make_variant (&options, name, files, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return BTS_EXIT_INTERRUPTED;
  if (variant == NULL)
    return bts_context_usage_error (context, "%s", error->message);
  g_variant_ref_sink (variant);

  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  return download (context, &options, uri, destination, variant, files);
}
