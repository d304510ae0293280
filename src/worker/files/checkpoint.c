/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/files/checkpoint.h"

#include <string.h>

#include "worker/files/unique-name.h"

void
bts_file_checkpoint_free (BtsFileCheckpoint *self)
{
  g_free (self->partial_name);
  g_free (self->published_name);
  g_free (self->folder);
  g_clear_pointer (&self->ranges, bts_byte_ranges_free);
  g_free (self);
}

/* One name, not a path out of the folder. */
static gboolean
is_plain_name (const char *name)
{
  return name[0] != '\0' && strchr (name, '/') == NULL && strcmp (name, ".") != 0 &&
         strcmp (name, "..") != 0;
}

static char *
dup_name (GVariant *variant, const char *key)
{
  g_autoptr (GVariant) value = g_variant_lookup_value (variant, key, G_VARIANT_TYPE_BYTESTRING);
  g_autofree char *name = value != NULL ? g_variant_dup_bytestring (value, NULL) : NULL;

  return name != NULL && is_plain_name (name) ? g_steal_pointer (&name) : NULL;
}

static char *
dup_folder (GVariant *variant)
{
  g_autoptr (GVariant) value =
                 g_variant_lookup_value (variant, "folder", G_VARIANT_TYPE_BYTESTRING);
  g_autofree char *folder = value != NULL ? g_variant_dup_bytestring (value, NULL) : NULL;

  return folder != NULL && folder[0] == '/' ? g_steal_pointer (&folder) : NULL;
}

BtsFileCheckpoint *
bts_file_checkpoint_new (GVariant *variant, const char *guid)
{
  g_autoptr (BtsFileCheckpoint) self = g_new0 (BtsFileCheckpoint, 1);
  g_autoptr (GVariant) ranges = NULL;

  if (variant != NULL && g_variant_is_of_type (variant, G_VARIANT_TYPE_VARDICT))
    {
      self->partial_name = dup_name (variant, "partial-name");
      self->published_name = dup_name (variant, "published-name");
      self->folder = dup_folder (variant);
      bts_file_identity_take_from (&self->identity, variant);
      g_variant_lookup (variant, "file-total", "t", &self->total);
      ranges = g_variant_lookup_value (variant, "file-ranges", G_VARIANT_TYPE ("a(tt)"));
    }

  if (self->partial_name != NULL && !bts_partial_name_is_of (self->partial_name, guid))
    g_clear_pointer (&self->partial_name, g_free);
  if (ranges != NULL)
    self->ranges = bts_byte_ranges_from_variant (ranges);
  if (self->ranges == NULL)
    self->ranges = bts_byte_ranges_new ();

  return g_steal_pointer (&self);
}

GVariant *
bts_file_checkpoint_to_variant (const BtsFileCheckpoint *self)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) ranges = bts_byte_ranges_to_variant (self->ranges);

  if (self->partial_name != NULL)
    g_variant_dict_insert (&dict, "partial-name", "^ay", self->partial_name);
  if (self->published_name != NULL)
    g_variant_dict_insert (&dict, "published-name", "^ay", self->published_name);
  if (self->folder != NULL)
    g_variant_dict_insert (&dict, "folder", "^ay", self->folder);
  bts_file_identity_add_to (&self->identity, &dict);
  g_variant_dict_insert_value (&dict, "file-ranges", ranges);
  g_variant_dict_insert (&dict, "file-total", "t", self->total);

  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
