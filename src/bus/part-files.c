/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "bus/part-files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bgt-error.h"
#include "common/descriptor.h"

static gboolean
check (int fd, struct stat *status, GError **error)
{
  int flags = fcntl (fd, F_GETFL);

  if (flags < 0 || (flags & O_PATH) != 0 || fstat (fd, status) != 0)
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                         "“fd” must be the descriptor of a file");
  else if ((flags & O_ACCMODE) == O_WRONLY)
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_ACCESS_DENIED,
                         "“fd” must be a descriptor that is open for reading");
  else if (!S_ISREG (status->st_mode) && !bts_descriptor_is_stream (fd))
    g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                         "“fd” must be the descriptor of a regular file, a pipe or a connection");
  else
    return TRUE;
  return FALSE;
}

/* a{sv}, floating. Takes @fd. */
static GVariant *
describe (int fd, BtsDescriptors *files, GError **error)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *path = g_file_read_link (link, NULL);
  g_auto (GVariantDict) found = G_VARIANT_DICT_INIT (NULL);
  struct stat status;

  if (!check (fd, &status, error))
    {
      close (fd);
      return NULL;
    }
  if (bts_descriptor_is_stream (fd))
    {
      bts_descriptors_add_stream (files, fd);
      g_variant_dict_insert (&found, "is-stream", "b", TRUE);
      return g_variant_dict_end (&found);
    }
  close (fd);
  g_variant_dict_insert (&found, "path", "^ay", path != NULL ? path : "");
  g_variant_dict_insert (&found, "device", "t", (guint64) status.st_dev);
  g_variant_dict_insert (&found, "inode", "t", (guint64) status.st_ino);
  return g_variant_dict_end (&found);
}

static GVariant *
take_part (BtsInvocation *call, GVariant *part, BtsDescriptors *files, GError **error)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (part);
  GVariant *found;
  gint32 handle;
  int fd;

  if (g_variant_dict_contains (&dict, "found"))
    {
      g_set_error_literal (error, BGT_ERROR, BGT_ERROR_INVALID_ARGUMENT,
                           "“found” is not a key of a part");
      return NULL;
    }
  if (!g_variant_dict_lookup (&dict, "fd", "h", &handle))
    return g_variant_ref_sink (g_variant_dict_end (&dict));

  fd = bts_invocation_dup_fd (call, handle, error);
  if (fd < 0)
    return NULL;
  found = describe (fd, files, error);
  if (found == NULL)
    return NULL;
  g_variant_dict_remove (&dict, "fd");
  g_variant_dict_insert_value (&dict, "found", found);
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
