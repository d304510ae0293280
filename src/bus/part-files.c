/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/part-files.h"

#include "common/bgt-error.h"
#include "model/part-checks.h"

/* The kernel passes 253 in one message, to the worker too. */
#define MAX_DESCRIPTORS 250

static gboolean
take_descriptor (BtsInvocation *call, gint32 handle, BtsDescriptors *files, GError **error)
{
  int fd;

  if (files->parts != NULL && files->parts->len >= MAX_DESCRIPTORS)
    {
      g_set_error (error, BGT_ERROR, BGT_ERROR_LIMIT_EXCEEDED,
                   "An upload may have %d parts that are descriptors", MAX_DESCRIPTORS);
      return FALSE;
    }
  fd = bts_invocation_dup_fd (call, handle, error);
  if (fd < 0)
    return FALSE;
  bts_descriptors_add_part (files, fd);
  return TRUE;
}

static GVariant *
take_part (BtsInvocation *call, GVariant *part, BtsDescriptors *files, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (part);
  gint32 handle;

  if (g_variant_dict_contains (&dict, "found"))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "“found” is not a key of a part");
      return NULL;
    }
  if (!g_variant_dict_lookup (&dict, "fd", "h", &handle))
    return g_variant_ref_sink (g_variant_dict_end (&dict));

  if (!take_descriptor (call, handle, files, error))
    return NULL;
  g_variant_dict_remove (&dict, "fd");
  g_variant_dict_insert (&dict, "found", "a{sv}", NULL);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

GVariant *
bts_part_files_take (BtsInvocation *call, GVariant *parts, BtsDescriptors *files, GError **error)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
      g_autoptr (GVariant) taken = take_part (call, part, files, error);

      if (taken == NULL)
        {
          g_prefix_error (error, "Option “parts”: part %" G_GSIZE_FORMAT ": ", i);
          return NULL;
        }
      g_variant_builder_add_value (&builder, taken);
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
set_part_streams_apart (BtsDescriptors *files, GVariant *parts)
{
  g_autoptr (GArray) all = g_steal_pointer (&files->parts);
  guint n_found = 0;

  for (gsize i = 0; all != NULL && i < g_variant_n_children (parts); i++)
    {
      g_autoptr (GVariant) part = g_variant_get_child_value (parts, i);
      g_autoptr (GVariant) found = g_variant_lookup_value (part, "found", G_VARIANT_TYPE_VARDICT);

      if (found == NULL || n_found == all->len)
        continue;
      if (bts_found_file_is_stream (found))
        bts_descriptors_add_stream (files, g_steal_fd (&g_array_index (all, int, n_found)));
      else
        bts_descriptors_add_part (files, g_steal_fd (&g_array_index (all, int, n_found)));
      n_found++;
    }
}

void
bts_part_files_set_streams_apart (BtsDescriptors *files, BtsRequest *request)
{
  if (files->file >= 0 && bts_found_file_is_stream (bts_request_lookup (request, "source-file")))
    bts_descriptors_add_stream (files, g_steal_fd (&files->file));
  if (files->body >= 0 && bts_found_file_is_stream (bts_request_lookup (request, "body-file")))
    bts_descriptors_add_stream (files, g_steal_fd (&files->body));
  if (files->parts != NULL)
    set_part_streams_apart (files, bts_request_lookup (request, "parts"));
}
