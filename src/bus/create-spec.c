/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/create-spec.h"

#include "bus/part-files.h"
#include "common/bgt-error.h"
#include "common/closing.h"

/* What a spec or the worker may say, but no application in the options of a call. */
static const char *const parameter_keys[] = {
  "kind",        "uri",       "destination", "source", "parts", "start", "destination-file",
  "source-file", "body-file", NULL,
};

/* What not even a spec may say: only the worker. */
static const char *const internal_keys[] = { "destination-file", "source-file", "body-file", NULL };

static gboolean
check_has_none (GVariant *options, const char *const *keys, GError **error)
{
  for (guint i = 0; keys[i] != NULL; i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (options, keys[i], NULL);

      if (value == NULL)
        continue;
      g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT, "“%s” is not an option here",
                   keys[i]);
      return FALSE;
    }

  return TRUE;
}

static void
add_string (GVariantBuilder *builder, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (value));
}

/* All entries of @options but those that @keys names. */
static void
add_others (GVariantBuilder *builder, GVariant *options, const char *const *keys)
{
  GVariantIter iter;
  GVariant *entry;

  g_variant_iter_init (&iter, options);
  while ((entry = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autoptr (GVariant) owned = entry;
      const char *key;

      g_variant_get_child (entry, 0, "&s", &key);
      if (!g_strv_contains (keys, key))
        g_variant_builder_add_value (builder, entry);
    }
}

static const char *
get_file_key (BgtOperationKind kind)
{
  return kind == BGT_OPERATION_KIND_UPLOAD ? "source" : "destination";
}

BtsCreateSpec *
bts_create_spec_from_call (BgtOperationKind kind,
                           const char *uri,
                           const char *file,
                           int fd,
                           GVariant *options,
                           GError **error)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *const none[] = { NULL };

  if (!check_has_none (options, parameter_keys, error))
    {
      if (fd >= 0)
        bts_close_elsewhere (fd);
      return NULL;
    }

  add_string (&builder, "kind", bgt_operation_kind_to_string (kind));
  add_string (&builder, "uri", uri);
  add_string (&builder, get_file_key (kind), file);
  add_others (&builder, options, none);

  return bts_create_spec_new (kind, g_variant_builder_end (&builder), fd);
}

BtsCreateSpec *
bts_create_spec_from_parts (
    const char *uri, GVariant *parts, BtsDescriptors *files, GVariant *options, GError **error)
{
  BtsCreateSpec *spec;
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *const none[] = { NULL };

  if (!check_has_none (options, parameter_keys, error))
    return NULL;
  add_string (&builder, "kind", bgt_operation_kind_to_string (BGT_OPERATION_KIND_UPLOAD));
  add_string (&builder, "uri", uri);
  g_variant_builder_add (&builder, "{sv}", "parts", parts);
  add_others (&builder, options, none);
  spec = bts_create_spec_new (BGT_OPERATION_KIND_UPLOAD, g_variant_builder_end (&builder), -1);
  spec->files = bts_descriptors_steal (files);
  return spec;
}

static gboolean
read_kind (GVariant *dictionary, BgtOperationKind *kind, GError **error)
{
  const char *word;

  if (g_variant_lookup (dictionary, "kind", "&s", &word) &&
      bgt_operation_kind_from_string (word, kind))
    return TRUE;

  g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                       "Option “kind” must be there and be download or upload");
  return FALSE;
}

static gboolean
read_start (GVariant *dictionary, gboolean *is_started, GError **error)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (dictionary, "start", NULL);

  if (value == NULL)
    return TRUE;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN))
    {
      *is_started = g_variant_get_boolean (value);
      return TRUE;
    }

  g_set_error (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
               "Option “start” must be of type b, not %s", g_variant_get_type_string (value));
  return FALSE;
}

/* All entries of @dictionary that an operation keeps; the descriptors in it are those of @files,
 * to which those of parts are added. */
static GVariant *
build_options (BtsInvocation *call,
               GVariant *dictionary,
               const char *file_key,
               BtsDescriptors *files,
               GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *const others[] = { "start", "parts", files->file >= 0 ? file_key : NULL, NULL };
  g_autoptr (GVariant) given = g_variant_lookup_value (dictionary, "parts", NULL);
  g_autoptr (GVariant) parts = NULL;

  if (given != NULL && files->file >= 0 && g_str_equal (file_key, "source"))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "only one of source and parts may say what is to be sent");
      return NULL;
    }
  if (given != NULL && g_variant_is_of_type (given, G_VARIANT_TYPE ("aa{sv}")))
    {
      parts = bts_part_files_take (call, given, files, error);
      if (parts == NULL)
        return NULL;
    }
  add_others (&builder, dictionary, others);
  if (given != NULL)
    g_variant_builder_add (&builder, "{sv}", "parts", parts != NULL ? parts : given);
  return g_variant_builder_end (&builder);
}

BtsCreateSpec *
bts_create_spec_from_dictionary (BtsInvocation *call, GVariant *dictionary, GError **error)
{
  GVariant *options;
  const char *file_key;
  BgtOperationKind kind;
  gboolean is_started = FALSE;
  gint32 handle;
  g_auto (BtsDescriptors) files = BTS_DESCRIPTORS_NONE;
  BtsCreateSpec *spec;

  if (!check_has_none (dictionary, internal_keys, error) || !read_kind (dictionary, &kind, error) ||
      !read_start (dictionary, &is_started, error))
    return NULL;
  file_key = get_file_key (kind);
  if (g_variant_lookup (dictionary, file_key, "h", &handle))
    {
      files.file = bts_invocation_dup_fd (call, handle, error);
      if (files.file < 0)
        return NULL;
    }

  options = build_options (call, dictionary, file_key, &files, error);
  if (options == NULL)
    return NULL;
  spec = bts_create_spec_new (kind, options, -1);
  spec->files = bts_descriptors_steal (&files);
  spec->is_started = is_started;

  return spec;
}

gboolean
bts_create_spec_take_body (BtsCreateSpec *self, BtsInvocation *call, GError **error)
{
  GVariantBuilder builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *const taken[] = { "body", NULL };
  gint32 handle;

  if (self->kind != BGT_OPERATION_KIND_DOWNLOAD ||
      !g_variant_lookup (self->options, "body", "h", &handle))
    return TRUE;
  self->files.body = bts_invocation_dup_fd (call, handle, error);
  if (self->files.body < 0)
    {
      g_prefix_error_literal (error, "Option “body”: ");
      return FALSE;
    }

  add_others (&builder, self->options, taken);
  g_variant_unref (self->options);
  self->options = g_variant_ref_sink (g_variant_builder_end (&builder));
  return TRUE;
}
