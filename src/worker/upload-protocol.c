/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-protocol.h"

#include <string.h>

static const BtsUploadProtocol protocols[] = {
  { "tus", "Tus-Resumable", "1.0.0", "POST", "application/offset+octet-stream", FALSE },
  { "ietf", "Upload-Draft-Interop-Version", "8", NULL, "application/partial-upload", TRUE },
};

const BtsUploadProtocol *
bts_upload_protocol_find (const char *name)
{
  for (gsize i = 0; name != NULL && i < G_N_ELEMENTS (protocols); i++)
    {
      if (g_str_equal (protocols[i].name, name))
        return &protocols[i];
    }
  return NULL;
}

void
bts_upload_add_header (GVariantBuilder *headers, const char *name, const char *value)
{
  g_variant_builder_add (headers, "{ss}", name, value);
}

void
bts_upload_add_number (GVariantBuilder *headers, const char *name, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  bts_upload_add_header (headers, name, text);
}

GVariant *
bts_upload_end_headers (GVariantBuilder *headers)
{
  return g_variant_ref_sink (g_variant_builder_end (headers));
}

gboolean
bts_upload_read_number (BtsUpload *self, const char *name, guint64 *number)
{
  const char *text = bts_upload_get_header (self, name);

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, number, NULL);
}

gboolean
bts_upload_read_limit (BtsUpload *self, const char *name, guint64 *number)
{
  const char *text = bts_upload_get_header (self, "Upload-Limit");
  g_auto (GStrv) members = text != NULL ? g_strsplit (text, ",", -1) : NULL;

  for (guint i = 0; members != NULL && members[i] != NULL; i++)
    {
      char *member = members[i];

      /* What a member may say of itself is not of interest. */
      member[strcspn (member, ";")] = '\0';
      member = g_strstrip (member);
      if (g_str_has_prefix (member, name) && member[strlen (name)] == '=' &&
          g_ascii_string_to_unsigned (member + strlen (name) + 1, 10, 0, G_MAXINT64, number, NULL))
        return TRUE;
    }
  return FALSE;
}
