/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/upload-record.h"

void
bts_upload_record_init (BtsUploadRecord *self, GVariant *checkpoint)
{
  g_autoptr (GVariant) cookies = NULL;

  *self = (BtsUploadRecord){ .files = NULL };
  if (checkpoint != NULL)
    cookies = g_variant_lookup_value (checkpoint, "cookies", NULL);
  self->cookies = bts_http_cookies_new (cookies);
  if (checkpoint == NULL)
    return;
  self->files = g_variant_lookup_value (checkpoint, "files", G_VARIANT_TYPE ("aa{sv}"));
  g_variant_lookup (checkpoint, "boundary", "s", &self->boundary);
  g_variant_lookup (checkpoint, "key", "s", &self->key);
  g_variant_lookup (checkpoint, "is-sending", "b", &self->is_sending);
  g_variant_lookup (checkpoint, "was-sent", "b", &self->was_sent);
  g_variant_lookup (checkpoint, "protocol", "s", &self->protocol);
  g_variant_lookup (checkpoint, "upload-uri", "s", &self->upload_uri);
  g_variant_lookup (checkpoint, "created-for", "s", &self->created_for);
  g_variant_lookup (checkpoint, "is-finishing", "b", &self->is_finishing);
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
  g_clear_pointer (&self->created_for, g_free);
  g_clear_pointer (&self->cookies, bts_http_cookies_free);
}

void
bts_upload_record_forget_upload (BtsUploadRecord *self)
{
  g_clear_pointer (&self->upload_uri, g_free);
  g_clear_pointer (&self->created_for, g_free);
  self->confirmed = 0;
  self->is_finishing = FALSE;
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
  g_autoptr (GVariant) cookies =
                 self->cookies != NULL ? bts_http_cookies_store (self->cookies) : NULL;

  if (self->files != NULL)
    g_variant_dict_insert_value (&dict, "files", self->files);
  insert_string (&dict, "boundary", self->boundary);
  insert_string (&dict, "key", self->key);
  g_variant_dict_insert (&dict, "is-sending", "b", self->is_sending);
  g_variant_dict_insert (&dict, "was-sent", "b", self->was_sent);
  insert_string (&dict, "protocol", self->protocol);
  insert_string (&dict, "upload-uri", self->upload_uri);
  insert_string (&dict, "created-for", self->created_for);
  g_variant_dict_insert (&dict, "is-finishing", "b", self->is_finishing);
  g_variant_dict_insert (&dict, "confirmed", "t", self->confirmed);
  if (cookies != NULL)
    g_variant_dict_insert_value (&dict, "cookies", cookies);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
