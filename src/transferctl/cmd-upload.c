/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include <unistd.h>

#include <gio/gunixfdlist.h>
#include <glib/gi18n.h>

#include "transferctl/arguments.h"
#include "transferctl/commands.h"
#include "transferctl/created.h"
#include "transferctl/upload-options.h"

/* All arguments but the last, as the service wants them. */
static GPtrArray *
make_sources (char **arguments, guint n, GUnixFDList *files, GError **error)
{
  g_autoptr (GPtrArray) sources = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (guint i = 0; i < n; i++)
    {
      GVariant *source = bts_upload_options_make_source (arguments[i], files, error);

      if (source == NULL)
        return NULL;
      g_ptr_array_add (sources, source);
    }
  return g_steal_pointer (&sources);
}

static BgtUpload *
create_of_one (BtsContext *context,
               const char *uri,
               GVariant *source,
               GVariant *variant,
               GUnixFDList *files,
               GError **error)
{
  BgtUpload *operation = NULL;
  int fd;

  if (!g_variant_is_of_type (source, G_VARIANT_TYPE_HANDLE))
    return bgt_manager_create_upload_sync (
        context->manager, uri, g_variant_get_string (source, NULL), variant, NULL, error);
  fd = g_unix_fd_list_get (files, g_variant_get_handle (source), error);
  if (fd < 0)
    return NULL;
  operation =
      bgt_manager_create_upload_from_fd_sync (context->manager, uri, fd, variant, NULL, error);
  close (fd);
  return operation;
}

static BtsExitStatus
upload (BtsContext *context,
        BtsUploadOptions *options,
        const char *uri,
        GPtrArray *sources,
        GVariant *parts,
        GVariant *variant,
        GUnixFDList *files)
{
  g_autoptr (BgtUpload) operation = NULL;
  g_autoptr (GError) error = NULL;

  if (parts != NULL)
    operation = bgt_manager_create_multipart_upload_sync (context->manager, uri, parts, variant,
                                                          files, NULL, &error);
  else
    operation = create_of_one (context, uri, sources->pdata[0], variant, files, &error);
  if (operation == NULL)
    return bts_created_refuse (context, uri, "", error);
  if (options->common.is_detached)
    return bts_created_detach (context, BGT_OPERATION (operation));
  return bts_created_follow (context, BGT_OPERATION (g_steal_pointer (&operation)),
                             options->common.keeps);
}

static BtsExitStatus
complain (BtsContext *context, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return BTS_EXIT_INTERRUPTED;
  return bts_context_usage_error (context, "%s", error->message);
}

BtsExitStatus
bts_cmd_upload (BtsContext *context, char **arguments)
{
  g_auto (BtsUploadOptions) options = { { NULL } };
  g_autofree GOptionEntry *entries = bts_upload_options_make_entries (&options);
  g_autoptr (GUnixFDList) files = g_unix_fd_list_new ();
  g_autoptr (GPtrArray) sources = NULL;
  g_autofree char *name = NULL;
  g_autoptr (GVariant) parts = NULL;
  g_autoptr (GVariant) variant = NULL;
  g_autoptr (GError) error = NULL;
  BtsExitStatus status;
  const char *uri;
  guint n;

  if (!bts_context_parse (context, entries, arguments, 1, G_MAXUINT))
    return BTS_EXIT_USAGE;
  n = g_strv_length (context->arguments) - 1;
  uri = context->arguments[n];
  if (n == 0 && options.forms == NULL)
    return bts_context_usage_error (context, _ ("Say what to send: a FILE, or --form"));
  if (!bts_arguments_check_uri (uri, &error))
    return complain (context, error);
  sources = make_sources (context->arguments, n, files, &error);
  if (sources == NULL)
    return complain (context, error);
  if (n != 1 || options.forms != NULL)
    {
      parts = bts_upload_options_make_parts (&options, sources, files, &error);
      if (parts == NULL)
        return complain (context, error);
      g_variant_ref_sink (parts);
    }
  name = n > 0 ? g_filename_display_basename (context->arguments[0]) : g_strdup (uri);
  variant = bts_upload_options_make_variant (&options, name, &error);
  if (variant == NULL)
    return complain (context, error);
  g_variant_ref_sink (variant);

  status = bts_context_connect (context);
  if (status != BTS_EXIT_DONE)
    return status;
  return upload (context, &options, uri, sources, parts, variant, files);
}
