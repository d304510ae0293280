/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-check.h"

#include <sys/stat.h>

#include "common/bgt-error.h"
#include "worker/files/file-error.h"
#include "worker/files/source.h"
#include "worker/upload-body.h"

/* What says nothing about this kind of body. */
static gboolean
check_options (GVariant *request, GError **error)
{
  static const struct
  {
    const char *key;
    gboolean is_for_parts;
  } rows[] = {
    { "offset", FALSE }, { "length", FALSE }, { "multipart-subtype", TRUE }, { "boundary", TRUE }
  };
  gboolean has_parts = g_variant_lookup (request, "parts", "aa{sv}", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      if (rows[i].is_for_parts == has_parts || !g_variant_lookup (request, rows[i].key, "*", NULL))
        continue;
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "option “%s” is for uploads %s",
                   rows[i].key, has_parts ? "without parts only" : "of parts only");
      return FALSE;
    }
  return TRUE;
}

static gboolean
opens (GVariant *request, GArray *files, GError **error)
{
  g_autoptr (BtsUploadBody) body = bts_upload_body_open (request, NULL, files, "-", error);

  return body != NULL;
}

/* What the worker has to know of a descriptor when it is gone; a{sv}, not floating. */
static GVariant *
describe (int file, GError **error)
{
  if (!bts_source_check_fd (file, error))
    return NULL;
  if (bts_source_is_stream (file))
    return g_variant_ref_sink (g_variant_new_parsed ("{'is-stream': <true>}"));
  return bts_source_describe_fd (file);
}

static gboolean
is_regular (int file)
{
  struct stat status;

  return fstat (file, &status) == 0 && S_ISREG (status.st_mode);
}

static gboolean
is_pipe (int file)
{
  return bts_source_is_stream (file) && !is_regular (file);
}

static GVariant *
check_source (GVariant *request, GArray *files, GError **error)
{
  int file = g_array_index (files, int, 0);
  g_autoptr (GVariant) found = describe (file, error);
  g_auto (GVariantDict) keys = G_VARIANT_DICT_INIT (NULL);

  /* How long a pipe's is, nobody knows yet. */
  if (found == NULL || (!is_pipe (file) && !opens (request, files, error)))
    return NULL;
  g_variant_dict_insert_value (&keys, "source-file", found);
  return g_variant_ref_sink (g_variant_dict_end (&keys));
}

/* The parts of an upload, as they are gone through. */
typedef struct
{
  GArray *files;   /* (unowned) (element-type int): the application's */
  GArray *numbers; /* (owned) (element-type gsize): the parts of those so far */
  GArray *regular; /* (owned) (element-type int): lent; those that need not be kept first */
} Parts;

static void
parts_clear (Parts *self)
{
  g_array_unref (self->numbers);
  g_array_unref (self->regular);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Parts, parts_clear)

/* Whoever reads of a pipe takes from the others. */
static gboolean
check_is_no_pipe_so_far (Parts *self, int file, GError **error)
{
  struct stat status, other;

  for (guint i = 0; is_pipe (file) && i < self->numbers->len; i++)
    {
      if (fstat (file, &status) != 0 || fstat (g_array_index (self->files, int, i), &other) != 0 ||
          status.st_dev != other.st_dev || status.st_ino != other.st_ino)
        continue;
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                   "“fd” is the same pipe or connection as in part %" G_GSIZE_FORMAT
                   ", and can be read only once",
                   g_array_index (self->numbers, gsize, i));
      return FALSE;
    }
  return TRUE;
}

/* The part @number with what its descriptor is; a{sv}, not floating. */
static GVariant *
describe_part (Parts *self, GVariant *part, gsize number, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (part);
  g_autoptr (GVariant) found = NULL;
  int file;

  if (!g_variant_dict_contains (&dict, "found"))
    return g_variant_ref (part);
  if (self->numbers->len == self->files->len)
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_FAILED, "The descriptor has not arrived");
      return NULL;
    }
  file = g_array_index (self->files, int, self->numbers->len);
  found = describe (file, error);
  if (found == NULL || !check_is_no_pipe_so_far (self, file, error))
    return NULL;
  if (!is_regular (file) && !is_pipe (file))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "“fd” must be the descriptor of a regular file, a pipe or a connection");
      return NULL;
    }

  g_array_append_val (self->numbers, number);
  if (!bts_source_is_stream (file))
    g_array_append_val (self->regular, file);
  g_variant_dict_insert_value (&dict, "found", found);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* aa{sv}, not floating. */
static GVariant *
describe_parts (Parts *self, GVariant *parts, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
      g_autoptr (GVariant) described = describe_part (self, part, i, error);

      if (described == NULL)
        {
          g_prefix_error (error, "In part %" G_GSIZE_FORMAT ": ", i);
          return NULL;
        }
      g_variant_builder_add_value (&builder, described);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static GVariant *
check_parts (GVariant *request, GVariant *parts, GArray *files, GError **error)
{
  g_auto (Parts) self = { .files = files,
                          .numbers = g_array_new (FALSE, FALSE, sizeof (gsize)),
                          .regular = g_array_new (FALSE, FALSE, sizeof (int)) };
  g_autoptr (GVariant) described = describe_parts (&self, parts, error);
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (request);
  g_auto (GVariantDict) keys = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) whole = NULL;

  if (described == NULL)
    return NULL;
  g_variant_dict_insert_value (&dict, "parts", described);
  whole = g_variant_ref_sink (g_variant_dict_end (&dict));
  if (!opens (whole, self.regular, error))
    return NULL;
  g_variant_dict_insert_value (&keys, "parts", described);
  return g_variant_ref_sink (g_variant_dict_end (&keys));
}

static GVariant *
check_without_files (GVariant *request, GArray *files, GError **error)
{
  return opens (request, files, error) ? g_variant_ref_sink (g_variant_new ("a{sv}", NULL)) : NULL;
}

GVariant *
bts_upload_check (GVariant *request, GArray *files, GError **error)
{
  g_autoptr (GVariant) parts = g_variant_lookup_value (request, "parts", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr (GVariant) found = NULL;

  if (!check_options (request, error))
    return NULL;
  if (files->len == 0)
    found = check_without_files (request, files, error);
  else if (parts != NULL)
    found = check_parts (request, parts, files, error);
  else
    found = check_source (request, files, error);

  if (found == NULL)
    bts_file_error_make_public (error);
  return g_steal_pointer (&found);
}
