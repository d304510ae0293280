/* SPDX-License-Identifier: LGPL-2.1-or-later
 * SPDX-FileCopyrightText: 2026 The background-transfer authors
 */

#include "config.h"

#include "worker/download-record.h"

#include <stddef.h>

#include "worker/content-digest.h"
#include "worker/transport/http-headers.h"

static const struct
{
  const char *key;
  gsize offset;
} text_members[] = {
  { "validator", offsetof (BtsDownloadRecord, validator) },
  { "last-modified", offsetof (BtsDownloadRecord, last_modified) },
  { "etag", offsetof (BtsDownloadRecord, etag) },
  { "actual-uri", offsetof (BtsDownloadRecord, actual_uri) },
  { "uri-digest", offsetof (BtsDownloadRecord, uri_digest) },
  { "digest", offsetof (BtsDownloadRecord, digest) },
};

static char **
get_text (const BtsDownloadRecord *self, gsize row)
{
  return G_STRUCT_MEMBER_P (self, text_members[row].offset);
}

static void
set_text (char **member, const char *text)
{
  g_free (*member);
  *member = text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

void
bts_download_record_init (BtsDownloadRecord *self, GVariant *checkpoint)
{
  g_autoptr (GVariant) cookies = NULL;

  *self = (BtsDownloadRecord){ NULL };
  if (checkpoint != NULL)
    cookies = g_variant_lookup_value (checkpoint, "cookies", NULL);
  self->cookies = bts_http_cookies_new (cookies);
  if (checkpoint == NULL)
    return;

  self->destination = bts_download_record_dup_destination (checkpoint);
  self->is_total_known = g_variant_lookup (checkpoint, "total", "t", &self->total);
  g_variant_lookup (checkpoint, "held", "t", &self->held);
  for (gsize i = 0; i < G_N_ELEMENTS (text_members); i++)
    g_variant_lookup (checkpoint, text_members[i].key, "s", get_text (self, i));
}

void
bts_download_record_clear (BtsDownloadRecord *self)
{
  g_clear_pointer (&self->destination, g_variant_unref);
  g_clear_pointer (&self->cookies, bts_http_cookies_free);
  for (gsize i = 0; i < G_N_ELEMENTS (text_members); i++)
    g_clear_pointer (get_text (self, i), g_free);
}

GVariant *
bts_download_record_to_checkpoint (const BtsDownloadRecord *self,
                                   GVariant *destination,
                                   guint64 held)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autoptr (GVariant) cookies =
                 self->cookies != NULL ? bts_http_cookies_store (self->cookies) : NULL;

  if (cookies != NULL)
    g_variant_dict_insert_value (&dict, "cookies", cookies);
  g_variant_dict_insert_value (&dict, "destination", destination);
  g_variant_dict_insert (&dict, "held", "t", held);
  if (self->is_total_known)
    g_variant_dict_insert (&dict, "total", "t", self->total);
  for (gsize i = 0; i < G_N_ELEMENTS (text_members); i++)
    {
      const char *text = *get_text (self, i);

      if (text != NULL)
        g_variant_dict_insert (&dict, text_members[i].key, "s", text);
    }
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

GVariant *
bts_download_record_dup_destination (GVariant *checkpoint)
{
  return g_variant_lookup_value (checkpoint, "destination", G_VARIANT_TYPE_VARDICT);
}

static gboolean
get_total (const BtsTransportHead *head, guint64 *total)
{
  if (head->total_length >= 0)
    {
      *total = (guint64) head->total_length;
      return TRUE;
    }
  if (head->body_length >= 0 && head->status_code != 206)
    {
      *total = head->body_offset + (guint64) head->body_length;
      return TRUE;
    }
  *total = 0;
  return FALSE;
}

/* What only one of them knows does not differ. */
static gboolean
texts_differ (const char *a, const char *b)
{
  return a != NULL && b != NULL && strcmp (a, b) != 0;
}

gboolean
bts_download_record_take_head (BtsDownloadRecord *self, const BtsTransportHead *head)
{
  const char *etag = bts_http_headers_lookup (head->headers, "ETag");
  gboolean is_error = head->status_code >= 300;
  g_autofree char *digest =
      is_error ? NULL : bts_content_digest_find (head->headers, head->status_code != 206);
  guint64 total = 0;
  gboolean is_total_known = get_total (head, &total);
  gboolean is_part = head->body_offset > 0;
  gboolean has_changed = texts_differ (self->etag, etag) ||
                         texts_differ (self->last_modified, head->last_modified) ||
                         (self->is_total_known && is_total_known && self->total != total);

  /* A part may come with fewer headers than the whole (RFC 9110 §15.3.7): what is known stays. */
  if (!is_part || is_total_known)
    {
      self->is_total_known = is_total_known;
      self->total = total;
    }
  if (!is_part || head->validator != NULL)
    set_text (&self->validator, head->validator);
  if (!is_part || head->last_modified != NULL)
    set_text (&self->last_modified, head->last_modified);
  if (!is_part || etag != NULL)
    set_text (&self->etag, etag);
  if (!is_part || digest != NULL)
    set_text (&self->digest, digest);
  set_text (&self->actual_uri, head->actual_uri);
  return has_changed;
}

gboolean
bts_download_record_fits_head (const BtsDownloadRecord *self, const BtsTransportHead *head)
{
  guint64 total = 0;

  if (self->validator != NULL)
    return TRUE;
  return self->is_total_known && get_total (head, &total) && total == self->total &&
         self->last_modified != NULL && g_strcmp0 (self->last_modified, head->last_modified) == 0;
}

gboolean
bts_download_record_may_resume (const BtsDownloadRecord *self)
{
  return self->validator != NULL || (self->is_total_known && self->last_modified != NULL);
}

void
bts_download_record_take_uri (BtsDownloadRecord *self, const char *uri)
{
  g_free (self->uri_digest);
  self->uri_digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, uri, -1);
}

gboolean
bts_download_record_is_from (const BtsDownloadRecord *self, const char *uri)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, uri, -1);

  return g_strcmp0 (digest, self->uri_digest) == 0;
}

GVariant *
bts_download_response_new (const BtsTransportHead *head)
{
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *uri = g_utf8_make_valid (head->actual_uri != NULL ? head->actual_uri : "", -1);
  gboolean is_resumable =
      head->has_ranges && (head->validator != NULL || head->last_modified != NULL);

  g_variant_dict_insert (&dict, "actual-uri", "s", uri);
  g_variant_dict_insert (&dict, "status-code", "u", head->status_code);
  if (head->headers != NULL)
    g_variant_dict_insert_value (&dict, "headers", head->headers);
  else
    g_variant_dict_insert (&dict, "headers", "a(ss)", NULL);
  g_variant_dict_insert (&dict, "is-resumable", "b", is_resumable);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}
