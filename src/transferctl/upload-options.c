/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "transferctl/upload-options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "transferctl/arguments.h"

/* What only a file that arrives can have. */
static const char *const download_entries[] = {
  "output", "body", "random-access", "checksum", "overwrite", "recoverable", NULL,
};

void
bts_upload_options_clear (BtsUploadOptions *self)
{
  bts_download_options_clear (&self->common);
  g_strfreev (self->forms);
  g_free (self->resumable);
  g_free (self->offset);
  g_free (self->length);
  g_free (self->subtype);
  g_free (self->boundary);
  memset (self, 0, sizeof *self);
}

GOptionEntry *
bts_upload_options_make_entries (BtsUploadOptions *self)
{
  g_autofree GOptionEntry *common = bts_download_options_make_entries (&self->common);
  const GOptionEntry own[] = {
    { "form", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &self->forms,
      N_ ("A part of a form: NAME=VALUE, or NAME=@FILE (may be repeated)"), N_ ("NAME=VALUE") },
    { "allow-restart", 0, 0, G_OPTION_ARG_NONE, &self->allow_restart,
      N_ ("A POST that was cut off may be sent again"), NULL },
    { "resumable", 0, 0, G_OPTION_ARG_FILENAME, &self->resumable,
      N_ ("“auto” (default), “none”, “tus” or “ietf”"), N_ ("PROTOCOL") },
    { "offset", 0, 0, G_OPTION_ARG_FILENAME, &self->offset,
      N_ ("Begin here in the file; k, M, G are powers of 1024"), N_ ("BYTES") },
    { "length", 0, 0, G_OPTION_ARG_FILENAME, &self->length, N_ ("Send so much of the file"),
      N_ ("BYTES") },
    { "multipart-subtype", 0, 0, G_OPTION_ARG_FILENAME, &self->subtype,
      N_ ("Kind of a multipart body (default: form-data)"), N_ ("KIND") },
    { "boundary", 0, 0, G_OPTION_ARG_FILENAME, &self->boundary,
      N_ ("What stands between the parts (default: random)"), N_ ("TEXT") },
  };
  g_autoptr (GArray) entries = g_array_new (TRUE, TRUE, sizeof (GOptionEntry));

  for (const GOptionEntry *entry = common; entry->long_name != NULL; entry++)
    {
      GOptionEntry copy = *entry;

      if (g_str_equal (copy.long_name, "method"))
        copy.description = N_ ("HTTP method (default: PUT, or POST for several parts)");
      if (!g_strv_contains (download_entries, copy.long_name))
        g_array_append_val (entries, copy);
    }
  g_array_append_vals (entries, own, G_N_ELEMENTS (own));
  return (GOptionEntry *) (gpointer) g_array_free (g_steal_pointer (&entries), FALSE);
}

static gboolean
add_size (GVariantDict *dict, const char *option, const char *key, const char *text, GError **error)
{
  guint64 size;

  if (text == NULL)
    return TRUE;
  if (!bts_arguments_parse_size (text, &size, error))
    {
      g_prefix_error (error, "%s: ", option);
      return FALSE;
    }
  g_variant_dict_insert (dict, key, "t", size);
  return TRUE;
}

static gboolean
add_string (
    GVariantDict *dict, const char *option, const char *key, const char *text, GError **error)
{
  if (text == NULL)
    return TRUE;
  if (!g_utf8_validate (text, -1, NULL))
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, _ ("The value of %s is not UTF-8"),
                   option);
      return FALSE;
    }
  g_variant_dict_insert (dict, key, "s", text);
  return TRUE;
}

GVariant *
bts_upload_options_make_variant (BtsUploadOptions *self, const char *name, GError **error)
{
  g_autoptr (GVariant) common =
                 bts_download_options_make_variant (&self->common, name, NULL, error);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (common == NULL)
    return NULL;
  g_variant_ref_sink (common);
  g_variant_dict_init (&dict, common);
  if (!add_size (&dict, "--offset", "offset", self->offset, error) ||
      !add_size (&dict, "--length", "length", self->length, error) ||
      !add_string (&dict, "--resumable", "resumable", self->resumable, error) ||
      !add_string (&dict, "--multipart-subtype", "multipart-subtype", self->subtype, error) ||
      !add_string (&dict, "--boundary", "boundary", self->boundary, error))
    return NULL;
  if (self->allow_restart)
    g_variant_dict_insert (&dict, "allow-restart", "b", TRUE);
  return g_variant_dict_end (&dict);
}

#define STANDARD_INPUT "/dev/stdin"

/* What can only be read here, once: its name, if it has any, means nothing to the service. */
static gboolean
is_stream (const char *path)
{
  struct stat status;

  return stat (path, &status) == 0 && (S_ISFIFO (status.st_mode) || S_ISSOCK (status.st_mode));
}

static void
set_error (GError **error, const char *path)
{
  const char *reason = g_strerror (errno);
  g_autofree char *name = g_filename_display_name (path);

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "%s: %s", name, reason);
}

static GVariant *
open_stream (const char *path, GUnixFDList *files, GError **error)
{
  /* A socket cannot be opened by its name. */
  int fd = g_str_equal (path, STANDARD_INPUT) ? fcntl (STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                              : open (path, O_RDONLY | O_CLOEXEC);
  int handle;

  if (fd < 0)
    {
      set_error (error, path);
      return NULL;
    }
  handle = g_unix_fd_list_append (files, fd, error);
  close (fd);
  return handle >= 0 ? g_variant_ref_sink (g_variant_new_handle (handle)) : NULL;
}

GVariant *
bts_upload_options_make_source (const char *text, GUnixFDList *files, GError **error)
{
  const char *given = g_str_equal (text, "-") ? STANDARD_INPUT : text;
  char *path;
  char *source;

  if (is_stream (given))
    return open_stream (given, files, error);
  path = realpath (given, NULL);
  if (path == NULL)
    {
      set_error (error, given);
      return NULL;
    }
  source =
      g_utf8_validate (path, -1, NULL) ? g_strdup (path) : g_filename_to_uri (path, NULL, error);
  free (path);
  return source != NULL ? g_variant_ref_sink (g_variant_new_take_string (source)) : NULL;
}

static void
append_part (GVariantBuilder *parts, const char *name, const char *key, GVariant *value)
{
  g_auto (GVariantDict) part = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&part, "name", "s", name);
  g_variant_dict_insert_value (&part, key, value);
  g_variant_builder_add_value (parts, g_variant_dict_end (&part));
}

static void
append_source (GVariantBuilder *parts, const char *name, GVariant *source)
{
  gboolean is_handle = g_variant_is_of_type (source, G_VARIANT_TYPE_HANDLE);

  append_part (parts, name, is_handle ? "fd" : "file", source);
}

static gboolean
append_form (GVariantBuilder *parts, const char *form, GUnixFDList *files, GError **error)
{
  const char *equals = strchr (form, '=');
  g_autofree char *name = NULL;
  g_autoptr (GVariant) source = NULL;

  if (equals == NULL || equals == form || !g_utf8_validate (form, equals - form, NULL) ||
      (equals[1] != '@' && !g_utf8_validate (equals, -1, NULL)))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           _ ("--form wants NAME=VALUE or NAME=@FILE, in UTF-8"));
      return FALSE;
    }
  name = g_strndup (form, (gsize) (equals - form));
  if (equals[1] != '@')
    {
      append_part (parts, name, "text", g_variant_new_string (equals + 1));
      return TRUE;
    }
  source = bts_upload_options_make_source (equals + 2, files, error);
  if (source == NULL)
    return FALSE;
  append_source (parts, name, source);
  return TRUE;
}

GVariant *
bts_upload_options_make_parts (BtsUploadOptions *self,
                               GPtrArray *sources,
                               GUnixFDList *files,
                               GError **error)
{
  g_auto (GVariantBuilder) parts = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; self->forms != NULL && self->forms[i] != NULL; i++)
    if (!append_form (&parts, self->forms[i], files, error))
      return NULL;
  for (guint i = 0; i < sources->len; i++)
    append_source (&parts, "file", sources->pdata[i]);
  return g_variant_builder_end (&parts);
}
