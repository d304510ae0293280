/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-record.h"

void
bts_upload_record_init (BtsUploadRecord *self, GVariant *checkpoint)
{
  guint32 stream = BTS_STREAM_NONE;

  *self = (BtsUploadRecord){ .files = NULL };
  if (checkpoint == NULL)
    return;
  self->files = g_variant_lookup_value (checkpoint, "files", G_VARIANT_TYPE ("aa{sv}"));
  if (g_variant_lookup (checkpoint, "stream", "u", &stream) && stream <= BTS_STREAM_WHOLE)
    self->stream = (BtsStreamState) stream;
  g_variant_lookup (checkpoint, "boundary", "s", &self->boundary);
  g_variant_lookup (checkpoint, "key", "s", &self->key);
  g_variant_lookup (checkpoint, "is-sending", "b", &self->is_sending);
  g_variant_lookup (checkpoint, "was-sent", "b", &self->was_sent);
  g_variant_lookup (checkpoint, "has-answer", "b", &self->has_answer);
  g_variant_lookup (checkpoint, "protocol", "s", &self->protocol);
  g_variant_lookup (checkpoint, "upload-uri", "s", &self->upload_uri);
  g_variant_lookup (checkpoint, "confirmed", "t", &self->confirmed);
}

void
bts_upload_record_clear (BtsUploadRecord *self)
{
  g_clear_pointer (&self->files, g_variant_unref);
  g_clear_pointer (&self->boundary, g_free);
  g_clear_pointer (&self->key, g_free);
  g_clear_pointer (&self->protocol, g_free);
  g_clear_pointer (&self->upload_uri, g_free);
}

static void
insert_string (GVariantDict *dict, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, key, "s", value);
}

GVariant *
bts_upload_record_to_checkpoint (const BtsUploadRecord *self)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  if (self->files != NULL)
    g_variant_dict_insert_value (&dict, "files", self->files);
  g_variant_dict_insert (&dict, "stream", "u", (guint32) self->stream);
  insert_string (&dict, "boundary", self->boundary);
  insert_string (&dict, "key", self->key);
  g_variant_dict_insert (&dict, "is-sending", "b", self->is_sending);
  g_variant_dict_insert (&dict, "was-sent", "b", self->was_sent);
  g_variant_dict_insert (&dict, "has-answer", "b", self->has_answer);
  insert_string (&dict, "protocol", self->protocol);
  insert_string (&dict, "upload-uri", self->upload_uri);
  g_variant_dict_insert (&dict, "confirmed", "t", self->confirmed);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
